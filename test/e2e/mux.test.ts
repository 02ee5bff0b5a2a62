/** Streams as pages have them: WHATWG streams over what a browser can carry them with. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { WebSocketServer } from 'ws';
import type * as Browser from '../../src/mux/browser/index.js';
import { Mux, webSocketCarrier } from '../../src/mux/node/index.js';
import { BOUND, inEachBrowser, type Page, run } from '../support/browsers.js';

const ENTRY = fileURLToPath(new URL('../../src/mux/browser/index.ts', import.meta.url));

/** What the pages of these tests have. */
declare global {
	var mux: typeof Browser;
	/** Both ends of a new stream, over a `MessageChannel`, and the mux of the end that opened it. */
	var twoEnds: (meta?: unknown) => Promise<{ mine: Browser.MuxStream; theirs: Browser.MuxStream; client: Browser.Mux }>;
	var codeOf: (promise: Promise<unknown>) => Promise<string>;
}

/** Gives a page `enslavism/mux`, and what its tests share. */
async function withMux(page: Page): Promise<Page> {
	const { outputFiles } = await build({
		entryPoints: [ENTRY],
		bundle: true,
		write: false,
		format: 'iife',
		globalName: 'mux',
	});
	await page.value(`${outputFiles[0]?.text}; globalThis.mux = mux; 0`);
	await run(page, () => {
		globalThis.codeOf = (promise) =>
			promise.then(
				() => 'nothing',
				(error: { code?: string; name: string }) => error.code ?? error.name,
			);
		globalThis.twoEnds = async (meta) => {
			const { port1, port2 } = new MessageChannel();
			const client = new mux.Mux(mux.portCarrier(port1), { client: true });
			const server = new mux.Mux(mux.portCarrier(port2), { client: false });
			const taken = new Promise<Browser.MuxStream>((resolve) => server.once('stream', resolve));
			const mine = client.openStream(meta);
			return { mine, theirs: await taken, client };
		};
	});
	return page;
}

inEachBrowser('a stream in a page', (suite) => {
	const newPage = async () => withMux(await suite.page('about:blank'));

	it('carries bytes and meta, and each direction ends by itself', BOUND, async () => {
		const result = await run(await newPage(), async () => {
			const { mine, theirs } = await twoEnds(new Map([['when', new Date(7)]]));
			const writer = mine.writable.getWriter();
			void writer.write(new Uint8Array([1, 2]).buffer);
			void writer.write(new DataView(new Uint8Array([0, 3, 4, 0]).buffer, 1, 2));
			await writer.close();
			const there = [
				...new Uint8Array(await new Response(theirs.readable as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer()),
			];
			const back = theirs.writable.getWriter();
			void back.write(new TextEncoder().encode('still open'));
			void back.close();
			const here = await new Response(mine.readable as ReadableStream<Uint8Array<ArrayBuffer>>).text();
			return [there, here, [...(theirs.meta as Map<string, Date>)].map(([key, date]) => [key, date.getTime()])];
		});
		assert.deepEqual(result, [[1, 2, 3, 4], 'still open', [['when', 7]]]);
	});

	it('is piped through transforms, ten megabytes there and back', BOUND, async () => {
		const bytes = await run(await newPage(), async () => {
			const { mine, theirs } = await twoEnds();
			void theirs.readable.pipeTo(theirs.writable as WritableStream<Uint8Array>);
			const source = new Blob([new Uint8Array(10_000_000).map((_, i) => i % 251)]);
			void source.stream().pipeTo(mine.writable as WritableStream<Uint8Array>);
			let bytes = 0;
			let isRight = true;
			await mine.readable.pipeTo(
				new WritableStream({
					write: (part) => {
						for (const byte of part) isRight &&= byte === bytes++ % 251;
					},
				}),
			);
			return isRight && bytes;
		});
		assert.equal(bytes, 10_000_000);
	});

	it('lets its writer wait while nobody reads, and another goes on', BOUND, async () => {
		const result = await run(await newPage(), async () => {
			const { mine, theirs, client } = await twoEnds();
			const writer = mine.writable.getWriter();
			let isDone = false;
			const writing = writer.write(new Uint8Array(300 * 1024)).then(() => {
				isDone = true;
			});
			for (let i = 0; i < 5; i++) await client.ping();
			const whileNobodyReads = [isDone, (writer.desiredSize ?? 0) <= 0];
			const reader = theirs.readable.getReader();
			let got = 0;
			while (got < 300 * 1024) got += (await reader.read()).value?.length ?? 0;
			await writing;
			return [whileNobodyReads, isDone];
		});
		assert.deepEqual(result, [[false, true], true]);
	});

	it('is reset by cancelling, by aborting and by a signal, at both ends', BOUND, async () => {
		const codes = await run(await newPage(), async () => {
			const codes: string[][] = [];
			const endsOf = async (cut: (mine: Browser.MuxStream) => unknown): Promise<void> => {
				const { mine, theirs } = await twoEnds();
				const failing = [codeOf(theirs.readable.getReader().read()), codeOf(theirs.writable.getWriter().closed)];
				void cut(mine);
				codes.push(await Promise.all(failing));
			};
			await endsOf((mine) => mine.readable.cancel());
			await endsOf((mine) => mine.writable.abort());
			const { client } = await twoEnds();
			const abort = new AbortController();
			const stream = client.openStream(undefined, { signal: abort.signal });
			const failing = [codeOf(stream.readable.getReader().read()), codeOf(stream.writable.getWriter().closed)];
			abort.abort();
			codes.push(await Promise.all(failing));
			return codes;
		});
		assert.deepEqual(codes, Array(3).fill(['stream-reset', 'stream-reset']));
	});

	it('refuses what is not bytes, and the page hears of no error that nobody caused', BOUND, async () => {
		const page = await newPage();
		const result = await run(page, async () => {
			const { mine, client } = await twoEnds();
			const refused = await codeOf(mine.writable.getWriter().write('text' as unknown as ArrayBuffer));
			client.destroy();
			await new Promise((resolve) => setTimeout(resolve, 50));
			return refused;
		});
		assert.equal(result, 'TypeError');
		assert.deepEqual(page.problems, []);
	});

	it('runs over a WebSocket to a Node program', BOUND, async (t) => {
		const http = createServer((_, response) => response.end());
		const sockets = new WebSocketServer({ server: http });
		sockets.on('connection', (socket) => {
			new Mux(webSocketCarrier(socket), { client: false }).on('stream', (stream) => stream.pipe(stream));
		});
		http.listen(0);
		await once(http, 'listening');
		t.after(() => {
			for (const socket of sockets.clients) socket.terminate();
			http.close();
			http.closeAllConnections();
		});
		const url = `localhost:${(http.address() as AddressInfo).port}`;
		const page = await withMux(await suite.page(`http://${url}`));
		const lengths = await run(
			page,
			async (url) => {
				const client = new mux.Mux(mux.webSocketCarrier(new WebSocket(`ws://${url}`)), { client: true });
				const lengths = Array.from({ length: 5 }, async (_, i) => {
					const stream = client.openStream(i);
					const writer = stream.writable.getWriter();
					void writer.write(new Uint8Array((i + 1) * 400_000));
					void writer.close();
					return (await new Response(stream.readable as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer())
						.byteLength;
				});
				const all = await Promise.all(lengths);
				await client.close();
				return all;
			},
			url,
		);
		assert.deepEqual(lengths, [400_000, 800_000, 1_200_000, 1_600_000, 2_000_000]);
	});
});
