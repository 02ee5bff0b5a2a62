import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { serveWebsite } from '../../examples/demo/website.js';
import { ask } from '../support/http.js';

const PUBLIC = new URL('../../examples/demo/public/', import.meta.url);

async function site(t: TestContext): Promise<number> {
	const server = createServer(serveWebsite(PUBLIC)).listen(0);
	t.after(() => server.close());
	await new Promise((resolve) => server.once('listening', resolve));
	return (server.address() as AddressInfo).port;
}

describe('the website of the demo', () => {
	it('forbids inline script and style, and has none', async (t) => {
		const port = await site(t);
		for (const path of ['/', '/main.js', '/nothing', '/../start.ts', '/%2e%2e/start.ts']) {
			const { headers } = await ask(port, path);
			const policy = String(headers['content-security-policy']);
			assert.match(policy, /default-src 'self'/);
			assert.doesNotMatch(policy, /unsafe|script-src|style-src|\*/);
			assert.equal(headers['x-content-type-options'], 'nosniff');
		}
		const page = readFileSync(new URL('index.html', PUBLIC), 'utf8');
		assert.doesNotMatch(page, /<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:/i);
	});

	it('serves its own files and nothing else', async (t) => {
		const port = await site(t);
		for (const file of readdirSync(PUBLIC)) assert.equal((await ask(port, `/${file}`)).status, 200, file);
		for (const path of ['/../start.ts', '/..%2fstart.ts', '/public/main.js', '/constructor']) {
			assert.equal((await ask(port, path)).status, 404, path);
		}
	});
});
