import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { runInNewContext } from 'node:vm';
import { ask } from '../support/http.js';
import { masterFor } from '../support/stage.js';

const JAVASCRIPT = 'text/javascript; charset=utf-8';

function inProduction(t: TestContext): void {
	const before = process.env.NODE_ENV;
	process.env.NODE_ENV = 'production';
	t.after(() => {
		if (before === undefined) delete process.env.NODE_ENV;
		else process.env.NODE_ENV = before;
	});
}

for (const [mode, set] of [
	['in development', () => {}],
	['in production', inProduction],
] as const) {
	describe(`the scripts for browsers, ${mode},`, () => {
		it('are served with their types', async (t) => {
			set(t);
			const { port } = await masterFor(t);
			for (const name of ['client.js', 'client.mjs', 'slave.js', 'slave.mjs']) {
				const { status, headers } = await ask(port, `/enslavism/${name}?v=1`);
				assert.deepEqual([status, headers['content-type']], [200, JAVASCRIPT], name);
				assert.equal(headers['x-content-type-options'], 'nosniff');
				assert.equal(headers.sourcemap, `${name}.map`);
			}
			const { headers, body } = await ask(port, '/enslavism/client.js.map');
			assert.equal(headers['content-type'], 'application/json');
			assert.equal(JSON.parse(body).version, 3);
		});

		it('are not sent again to whoever has them', async (t) => {
			set(t);
			const { port } = await masterFor(t);
			const { etag } = (await ask(port, '/enslavism/client.js')).headers;
			const again = await ask(port, '/enslavism/client.js', { headers: { 'if-none-match': etag } });
			assert.deepEqual([again.status, again.body, again.headers.etag], [304, '', etag]);
			const other = await ask(port, '/enslavism/client.js', { headers: { 'if-none-match': '"x"' } });
			assert.equal(other.status, 200);
		});

		it('are only read', async (t) => {
			set(t);
			const { port } = await masterFor(t);
			const post = await ask(port, '/enslavism/client.js', { method: 'POST' });
			assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD']);
			const head = await ask(port, '/enslavism/client.js', { method: 'HEAD' });
			assert.deepEqual([head.status, head.body], [200, '']);
			assert.ok(Number(head.headers['content-length']) > 1000);
		});

		it('give a page the names that it uses', async (t) => {
			set(t);
			const { port } = await masterFor(t);
			const { body } = await ask(port, '/enslavism/client.js');
			const page: Record<string, unknown> = { TextEncoder, TextDecoder, URL };
			runInNewContext(body, page);
			assert.deepEqual(
				['MasterConnection', 'SlaveConnection', 'EnslavismError'].map((name) => typeof page[name]),
				['function', 'function', 'function'],
			);
		});
	});
}
