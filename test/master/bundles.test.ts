import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { runInNewContext } from 'node:vm';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { Bundles } from '../../src/master/bundles.js';
import { ask } from '../support/http.js';
import { masterFor } from '../support/stage.js';

const JAVASCRIPT = 'text/javascript; charset=utf-8';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));

/** Asks for the client's script in these codings. */
function askIn(port: number, codings: string, headers: Record<string, string> = {}, path = 'client.js') {
	return ask(port, `/enslavism/${path}`, { headers: { 'accept-encoding': codings, ...headers } });
}

/** A package that was built to these files, and a server that serves them. */
async function packageWith(t: TestContext, files: Record<string, string | Buffer>) {
	const root = mkdtempSync(join(tmpdir(), 'enslavism-package-'));
	t.after(() => rmSync(root, { recursive: true }));
	writeFileSync(join(root, 'package.json'), '{"type":"module"}');
	for (const file of ['bundles.ts', 'content-coding.ts']) {
		cpSync(join(SRC, 'master', file), join(root, 'src/master', file));
	}
	mkdirSync(join(root, 'dist/browser'), { recursive: true });
	for (const [name, content] of Object.entries(files)) writeFileSync(join(root, 'dist/browser', name), content);
	const module = (await import(pathToFileURL(join(root, 'src/master/bundles.ts')).href)) as { Bundles: typeof Bundles };
	const lines: string[] = [];
	const bundles = new module.Bundles((line) => lines.push(line));
	const server = createServer((request, response) => bundles.serve(request, response)).listen(0);
	t.after(() => {
		server.close();
		server.closeAllConnections();
	});
	return { root, bundles, lines, port: (server.address() as AddressInfo).port };
}

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

		it('may be used by pages of every origin, and so may what is said in their place', async (t) => {
			set(t);
			const { port } = await masterFor(t);
			const { etag } = (await ask(port, '/enslavism/client.js')).headers;
			for (const [status, options] of [
				[200, {}],
				[304, { headers: { 'if-none-match': etag } }],
				[405, { method: 'POST' }],
				[406, { headers: { 'accept-encoding': '*;q=0' } }],
			] as const) {
				const { headers, ...answer } = await ask(port, '/enslavism/client.js', options);
				assert.equal(answer.status, status);
				assert.equal(headers['access-control-allow-origin'], '*');
				assert.equal(headers['cross-origin-resource-policy'], 'cross-origin');
			}
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

describe('the scripts for browsers, compressed,', () => {
	it('are what they are when they are not', async (t) => {
		inProduction(t);
		const { port } = await masterFor(t);
		for (const name of ['client.js', 'client.mjs', 'streams.js', 'client.js.map']) {
			const plain = await askIn(port, 'identity', {}, name);
			assert.equal(plain.headers['content-encoding'], undefined);
			for (const [coding, decompress] of [
				['br', brotliDecompressSync],
				['gzip', gunzipSync],
			] as const) {
				const { status, headers, bytes } = await askIn(port, coding, {}, name);
				assert.deepEqual([status, headers['content-encoding']], [200, coding], name);
				assert.deepEqual(decompress(bytes), plain.bytes);
				assert.equal(headers['content-length'], String(bytes.length));
				assert.ok(bytes.length < plain.bytes.length / 2.5, `${name} in ${coding}: ${bytes.length}`);
				for (const header of ['content-type', 'sourcemap', 'cache-control', 'x-content-type-options', 'vary']) {
					assert.equal(headers[header], plain.headers[header], header);
				}
			}
		}
	});

	it('say that they depend on what is accepted, also to whoever has them', async (t) => {
		inProduction(t);
		const { port } = await masterFor(t);
		for (const coding of ['br', 'gzip', 'identity']) {
			const { headers } = await askIn(port, coding);
			const again = await askIn(port, coding, { 'if-none-match': String(headers.etag) });
			assert.deepEqual([headers.vary, again.status, again.headers.vary], ['accept-encoding', 304, 'accept-encoding']);
		}
	});

	it('are sent as the request prefers', async (t) => {
		inProduction(t);
		const { port } = await masterFor(t);
		for (const [accepted, coding] of [
			['gzip, deflate', 'gzip'],
			['gzip, deflate, br, zstd', 'br'],
			['br;q=0, gzip', 'gzip'],
			['br;q=0.5, gzip;q=0.8', 'gzip'],
			['identity, gzip;q=0.5', undefined],
			['br;q=0, gzip;q=0', undefined],
			['*', 'br'],
			['*;q=0.1, br;q=0', 'gzip'],
			['deflate', undefined],
			['', undefined],
		] as const) {
			const { status, headers } = await askIn(port, accepted);
			assert.deepEqual([status, headers['content-encoding']], [200, coding], accepted);
		}
		const unsaid = await ask(port, '/enslavism/client.js');
		assert.deepEqual([unsaid.status, unsaid.headers['content-encoding']], [200, undefined]);
	});

	it('are not sent to whoever takes no form of them', async (t) => {
		inProduction(t);
		const { port } = await masterFor(t);
		for (const accepted of ['identity;q=0', '*;q=0', 'deflate, identity;q=0']) {
			const { status, headers } = await askIn(port, accepted);
			assert.deepEqual([status, headers.vary], [406, 'accept-encoding'], accepted);
		}
	});

	it('have a tag of their own in each coding, by which alone they are known', async (t) => {
		inProduction(t);
		const { port } = await masterFor(t);
		const tags = new Map<string, string>();
		for (const coding of ['br', 'gzip', 'identity']) {
			tags.set(coding, String((await askIn(port, coding)).headers.etag));
		}
		assert.equal(new Set(tags.values()).size, 3);
		for (const [coding, etag] of tags) {
			const others = [...tags.values()].filter((tag) => tag !== etag).join(', ');
			for (const [ifNoneMatch, status] of [
				[etag, 304],
				[`"x", ${etag}`, 304],
				[`W/${etag}`, 304],
				['*', 304],
				[others, 200],
				[etag.replaceAll('"', ''), 200],
			] as const) {
				const answer = await askIn(port, coding, { 'if-none-match': ifNoneMatch });
				assert.deepEqual([answer.status, answer.headers.etag], [status, etag], `${coding} ${ifNoneMatch}`);
				assert.equal(answer.bytes.length > 0, status === 200);
			}
		}
	});

	it('have the same head without a body', async (t) => {
		inProduction(t);
		const { port } = await masterFor(t);
		for (const coding of ['br', 'gzip', 'identity']) {
			const { date: _, ...wanted } = (await askIn(port, coding)).headers;
			const path = '/enslavism/client.js';
			const head = await ask(port, path, { method: 'HEAD', headers: { 'accept-encoding': coding } });
			const { date: __, ...got } = head.headers;
			assert.deepEqual([head.status, head.bytes.length, got], [200, 0, wanted]);
		}
	});

	it('are not compressed in development', async (t) => {
		const { port } = await masterFor(t);
		const { status, headers, body } = await askIn(port, 'br, gzip');
		assert.deepEqual([status, headers['content-encoding'], headers.vary], [200, undefined, 'accept-encoding']);
		assert.match(body, /sourceMappingURL=client\.js\.map/);
	});
});

describe('an installed package', () => {
	const SCRIPT = `console.log('one');\n`.repeat(100);

	it('compresses what it holds', async (t) => {
		const { port } = await packageWith(t, { 'client.js': SCRIPT });
		for (const [coding, decompress] of [
			['gzip', gunzipSync],
			['br', brotliDecompressSync],
			['identity', (bytes: Buffer) => bytes],
		] as const) {
			const { status, bytes } = await askIn(port, coding);
			assert.deepEqual([status, String(decompress(bytes))], [200, SCRIPT], coding);
		}
	});

	it('says so if a script cannot be read', async (t) => {
		const { port } = await packageWith(t, {});
		assert.equal((await askIn(port, 'gzip')).status, 500);
	});

	it('reads each script once for each coding', async (t) => {
		const { port, root } = await packageWith(t, { 'client.js': SCRIPT });
		const ask = async () => [(await askIn(port, 'br')).bytes, (await askIn(port, 'identity')).bytes];
		const first = await ask();
		rmSync(join(root, 'dist/browser/client.js'));
		assert.deepEqual(await ask(), first);
	});
});

describe('a checkout without the tools to build', () => {
	it('serves the scripts as they were built, says so once, and closes', async (t) => {
		const { root, bundles, lines, port } = await packageWith(t, {
			'client.js': 'the client',
			'slave.mjs': 'the slave',
		});
		// It finds no esbuild there.
		cpSync(join(SRC, '../bundler.ts'), join(root, 'bundler.ts'));
		assert.equal((await askIn(port, 'br')).body, 'the client');
		assert.equal((await askIn(port, 'br', {}, 'slave.mjs')).body, 'the slave');
		assert.match(lines.join('\n'), /^enslavism: .* as they were last built: .*esbuild.*$/);
		await bundles.close();
	});
});
