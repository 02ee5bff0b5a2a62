import assert from 'node:assert/strict';
import { once } from 'node:events';
import { addAbortSignal, Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterEach, describe, it } from 'node:test';
import { Mux, type MuxStream } from '../../src/mux/node/index.js';
import type { EnslavismError } from '../../src/wire/index.js';
import { type Pair, pairs } from './pairs.js';
import { data, frame, SYN, WINDOW } from './support.js';

const KIB = 1024;

/** Unlike `once` of node:events it does not listen for errors. */
const closeOf = (stream: MuxStream): Promise<void> => new Promise((resolve) => stream.once('close', () => resolve()));

const nextStream = (mux: Mux): Promise<MuxStream> => new Promise((resolve) => mux.once('stream', resolve));

describe('a stream in Node', { timeout: 20_000 }, () => {
	let pair: Pair | undefined;

	async function connected(): Promise<{ client: Mux; server: Mux }> {
		pair = await (pairs['a TCP socket'] as () => Promise<Pair>)();
		return { client: new Mux(pair.client, { client: true }), server: new Mux(pair.server, { client: false }) };
	}

	async function twoEnds(): Promise<{ mine: MuxStream; theirs: MuxStream; client: Mux; server: Mux }> {
		const { client, server } = await connected();
		const taken = nextStream(server);
		const mine = client.openStream();
		const theirs = await taken;
		return { mine, theirs, client, server };
	}

	afterEach(() => pair?.dispose());

	it('goes through a pipeline, both ways', async () => {
		const { mine, theirs } = await twoEnds();
		const upper = new Transform({ transform: (chunk, _, next) => next(null, String(chunk).toUpperCase()) });
		const served = pipeline(theirs, upper, theirs);
		const parts: string[] = [];
		await pipeline(Readable.from(['a', 'b', 'c']), mine);
		for await (const part of mine) parts.push(String(part));
		await served;
		assert.equal(parts.join(''), 'ABC');
	});

	it('is read to its end by an iteration, and can still answer', async () => {
		const { mine, theirs } = await twoEnds();
		mine.end('question');
		let question = '';
		for await (const part of theirs) question += part;
		theirs.end(`${question}?`);
		let answer = '';
		for await (const part of mine) answer += part;
		assert.equal(answer, 'question?');
	});

	it('is reset when an iteration stops early', async () => {
		const { mine, theirs } = await twoEnds();
		const closed = closeOf(mine);
		mine.write('one');
		for await (const _ of theirs) break;
		await closed;
		assert.ok(theirs.destroyed);
	});

	it('is opened with a signal that resets it at both ends, and is forgotten when it ends', async () => {
		const { client, server } = await twoEnds();
		const added = new Set<() => void>();
		let reason: unknown;
		const signal = {
			aborted: false,
			get reason() {
				return reason;
			},
			addEventListener: (_: string, listener: () => void) => void added.add(listener),
			removeEventListener: (_: string, listener: () => void) => void added.delete(listener),
		};
		const taken = nextStream(server);
		const cut = client.openStream('cut', { signal });
		const theirs = await taken;
		const whole = client.openStream('whole', { signal });
		assert.equal(added.size, 2);
		server.once('stream', (stream) => stream.resume().end());
		whole.resume().end();
		await once(whole, 'close');
		assert.equal(added.size, 1);
		const errors = [cut, theirs].map((stream) => once(stream, 'error') as Promise<[EnslavismError]>);
		reason = new Error('enough');
		for (const abort of added) abort();
		const [[ours], [far]] = (await Promise.all(errors)) as [[EnslavismError], [EnslavismError]];
		assert.deepEqual([ours.code, ours.cause, far.code], ['stream-reset', reason, 'stream-reset']);
		assert.equal(added.size, 0);
		const late = client.createStream('late', undefined, { signal: AbortSignal.abort() });
		await assert.rejects(late, { code: 'stream-reset' });
		assert.equal(await client.ping().then((ms) => ms >= 0), true);
	});

	it('is reset by an AbortSignal', async () => {
		const { mine, theirs } = await twoEnds();
		const abort = new AbortController();
		addAbortSignal(abort.signal, mine);
		const failed = once(mine, 'error');
		const broken = once(theirs.resume(), 'error');
		abort.abort();
		assert.equal((await failed)[0].name, 'AbortError');
		assert.equal((await broken)[0].code, 'stream-reset');
	});

	it('settles a pending creation when it is destroyed before it was accepted', async () => {
		const { client, server } = await connected();
		const created = client.createStream('x');
		server.on('stream', () => {});
		for (const stream of client.session.streams.values()) client.session.reset(stream);
		await assert.rejects(created, { code: 'stream-reset' });
	});

	it('does not bring the process down when nobody listens for its error', async () => {
		const { mine, theirs } = await twoEnds();
		const closed = closeOf(theirs);
		theirs.pipe(theirs);
		mine.destroy();
		await closed;
		assert.equal((theirs.errored as { code?: string }).code, 'stream-reset');
	});

	it('keeps at most its window of what nobody reads, and its writer waits', async () => {
		const { mine, theirs, client } = await twoEnds();
		assert.equal(mine.write(Buffer.alloc(1024 * KIB)), false);
		await client.ping();
		await client.ping();
		const [stream] = client.session.streams.values();
		assert.equal(stream?.queued, (1024 - 256) * KIB + 2);
		theirs.resume();
		await once(mine, 'drain');
	});

	it('keeps at most its window when it is paused half way', async () => {
		const { mine, theirs, client } = await twoEnds();
		theirs.once('data', () => theirs.pause());
		mine.write(Buffer.alloc(2048 * KIB));
		await client.ping();
		await client.ping();
		await client.ping();
		const [stream] = client.session.streams.values();
		const received = 2048 * KIB - (stream?.queued ?? 0);
		assert.ok(received <= (256 + 64 + 64) * KIB, `${received}`);
	});

	it('calls back once what was written may be used again', async () => {
		const { mine, theirs } = await twoEnds();
		const bytes = Buffer.alloc(100_000, 'a');
		const parts: Buffer[] = [];
		theirs.on('data', (part) => parts.push(part));
		await new Promise((resolve) => mine.write(bytes, resolve));
		bytes.fill('b');
		mine.end();
		await once(theirs, 'end');
		assert.ok(Buffer.concat(parts).every((byte) => byte === 'a'.charCodeAt(0)));
	});

	it('gives what arrived whole although the connection is lost after it', async () => {
		const { mine, theirs, server } = await twoEnds();
		server.on('error', () => {});
		mine.end('all of it');
		await new Promise((resolve) => setImmediate(resolve));
		while (theirs.readableLength === 0) {
			theirs.read(0);
			await new Promise((resolve) => setImmediate(resolve));
		}
		pair?.lose();
		await new Promise((resolve) => server.once('close', () => resolve(undefined)));
		let text = '';
		for await (const part of theirs) text += part;
		assert.equal(text, 'all of it');
	});

	it('writes nothing for an empty write, and still calls back', async () => {
		const { mine } = await twoEnds();
		await new Promise((resolve) => mine.write('', resolve));
		await new Promise<void>((resolve) => mine.end(resolve));
	});

	it('hands an exception of a listener to Node, and other streams go on', async () => {
		const { mine, theirs, client, server } = await twoEnds();
		const listeners = process.listeners('uncaughtException');
		process.removeAllListeners('uncaughtException');
		const caught = once(process, 'uncaughtException');
		theirs.on('data', () => {
			throw new Error('of the user');
		});
		const taken = nextStream(server);
		const other = client.openStream();
		mine.write('boom');
		other.end('fine');
		const [error] = (await caught) as [Error];
		for (const listener of listeners) process.on('uncaughtException', listener);
		assert.equal(error.message, 'of the user');
		let text = '';
		for await (const part of await taken) text += part;
		assert.equal(text, 'fine');
	});
});

describe('a mux in Node with a bad neighbour', { timeout: 20_000 }, () => {
	let pair: Pair | undefined;

	/** A mux, and the bare bytes of its other end. */
	async function bare(): Promise<{ mux: Mux; send(...parts: Buffer[]): void; streams: MuxStream[]; errors: string[] }> {
		pair = await (pairs['a TCP socket'] as () => Promise<Pair>)();
		const mux = new Mux(pair.server, { client: false });
		const streams: MuxStream[] = [];
		const errors: string[] = [];
		mux.on('stream', (stream) => streams.push(stream));
		mux.on('error', ({ code }) => errors.push(code));
		const { client } = pair;
		client.attach({ data: () => {}, closed: () => {} });
		return { mux, streams, errors, send: (...parts) => client.send(parts, () => {}) };
	}

	const meta = (text: string) => Buffer.concat([Buffer.from([text.length >> 8, text.length]), Buffer.from(text)]);

	afterEach(() => pair?.dispose());

	it('resets a stream whose meta cannot be decoded or is too long, and goes on', async () => {
		const { mux, send, streams, errors } = await bare();
		send(
			...[1, 3, 5, 7].map((id) => frame(WINDOW, SYN, id, 0)),
			data(1, meta('nonsense')),
			data(3, Buffer.from([0xff, 0xff])),
			frame(WINDOW, 4, 5, 0),
			data(7, meta('["good"]')),
		);
		await new Promise<void>((resolve) => mux.once('stream', () => resolve()));
		assert.deepEqual(
			streams.map((stream) => stream.meta),
			['good'],
		);
		assert.equal(mux.size, 1);
		assert.deepEqual(errors, []);
	});

	it('ends with an error, and no exception, when the other end does not speak yamux', async () => {
		const { mux, send, errors } = await bare();
		send(Buffer.from('GET / HTTP/1.1\r\nHost: example.org\r\n\r\n'));
		await new Promise<void>((resolve) => mux.once('close', () => resolve()));
		assert.deepEqual(errors, ['mux-protocol']);
	});

	it('is lost when the other end is silent for two heartbeats', async () => {
		pair = await (pairs['a TCP socket'] as () => Promise<Pair>)();
		const mux = new Mux(pair.server, { client: false, heartbeat: 20 });
		const failed = new Promise<string>((resolve) => mux.once('error', ({ code }) => resolve(code)));
		assert.equal(await failed, 'mux-lost');
	});

	it('is not lost when it is merely idle', async () => {
		pair = await (pairs['a TCP socket'] as () => Promise<Pair>)();
		const client = new Mux(pair.client, { client: true });
		const mux = new Mux(pair.server, { client: false, heartbeat: 10 });
		let beats = 0;
		await new Promise<void>((resolve, reject) => {
			mux.on('error', reject);
			const { session } = mux;
			const ping = session.ping.bind(session);
			session.ping = (now) => {
				ping(now);
				if (++beats === 5) resolve();
			};
		});
		await client.close();
	});

	it('refuses options that make no sense', () => {
		assert.throws(() => new Mux({} as never, {} as never), { code: 'bad-option' });
	});
});
