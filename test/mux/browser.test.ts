import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { Mux, type MuxStream } from '../../src/mux/browser/index.js';
import { type Pair, pairs } from './pairs.js';

const KIB = 1024;

describe('a stream in a browser', { timeout: 20_000 }, () => {
	let pair: Pair | undefined;

	async function twoEnds(): Promise<{ mine: MuxStream; theirs: MuxStream; client: Mux }> {
		pair = await (pairs['a MessagePort'] as () => Promise<Pair>)();
		const client = new Mux(pair.client, { client: true });
		const server = new Mux(pair.server, { client: false });
		const taken = new Promise<MuxStream>((resolve) => server.once('stream', resolve));
		const mine = client.openStream('meta');
		return { mine, theirs: await taken, client };
	}

	afterEach(() => pair?.dispose());

	it('takes ArrayBuffers and views, and gives bytes', async () => {
		const { mine, theirs } = await twoEnds();
		assert.equal(theirs.meta, 'meta');
		const writer = mine.writable.getWriter();
		void writer.write(new Uint8Array([1, 2]).buffer);
		void writer.write(new DataView(new Uint8Array([0, 3, 4, 0]).buffer, 1, 2));
		void writer.write(new Uint8Array(0));
		await writer.close();
		const bytes: number[] = [];
		for await (const part of theirs.readable as unknown as AsyncIterable<Uint8Array>) bytes.push(...part);
		assert.deepEqual(bytes, [1, 2, 3, 4]);
	});

	it('refuses what is not bytes', async () => {
		const { mine } = await twoEnds();
		await assert.rejects(mine.writable.getWriter().write('text' as unknown as ArrayBuffer), TypeError);
	});

	it('is piped to itself by an echo', async () => {
		const { mine, theirs } = await twoEnds();
		const echoing = theirs.readable.pipeTo(theirs.writable as WritableStream<Uint8Array>);
		const writer = mine.writable.getWriter();
		void writer.write(new TextEncoder().encode('echo'));
		void writer.close();
		let text = '';
		for await (const part of mine.readable as unknown as AsyncIterable<Uint8Array>) text += Buffer.from(part);
		await echoing;
		assert.equal(text, 'echo');
	});

	it('lets its writer wait while nobody reads', async () => {
		const { mine, theirs, client } = await twoEnds();
		const writer = mine.writable.getWriter();
		let isDone = false;
		const writing = writer.write(new Uint8Array(300 * KIB)).then(() => {
			isDone = true;
		});
		await client.ping();
		await client.ping();
		assert.equal(isDone, false);
		const reader = theirs.readable.getReader();
		let got = 0;
		while (got < 300 * KIB) got += (await reader.read()).value?.length ?? 0;
		await writing;
	});

	it('is reset when its reader cancels', async () => {
		const { mine, theirs } = await twoEnds();
		await theirs.readable.cancel();
		await assert.rejects(mine.readable.getReader().read(), { code: 'stream-reset' });
		await assert.rejects(mine.writable.getWriter().write(new Uint8Array(1)), { code: 'stream-reset' });
	});

	it('is reset when its writer aborts', async () => {
		const { mine, theirs } = await twoEnds();
		await mine.writable.abort();
		await assert.rejects(theirs.readable.getReader().read(), { code: 'stream-reset' });
	});

	it('can be read to its end after the connection was lost', async () => {
		const { mine, theirs, client } = await twoEnds();
		const writer = mine.writable.getWriter();
		void writer.write(new TextEncoder().encode('whole'));
		await writer.close();
		await client.ping();
		client.destroy();
		const { value } = await theirs.readable.getReader().read();
		assert.equal(Buffer.from(value ?? []).toString(), 'whole');
	});
});
