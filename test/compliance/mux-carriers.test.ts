import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { afterEach, describe, it } from 'node:test';
import { Mux as BrowserMux, type MuxStream as BrowserStream } from '../../src/mux/browser/index.js';
import { type Carrier, type MuxOptions, type MuxStream, Mux as NodeMux } from '../../src/mux/node/index.js';
import { type Pair, pairs } from '../mux/pairs.js';

type AnyMux = NodeMux | BrowserMux;

const MIB = 1024 * 1024;

/** How each host shows a stream; the tests see a `Duplex` of it. */
const faces = {
	'Node Duplexes': (carrier: Carrier, options: MuxOptions): AnyMux => new NodeMux(carrier, options),
	'WHATWG streams': (carrier: Carrier, options: MuxOptions): AnyMux => new BrowserMux(carrier, options),
};

const fromWeb = (stream: BrowserStream): Duplex =>
	Duplex.fromWeb(stream as Parameters<typeof Duplex.fromWeb>[0], { allowHalfOpen: true });

function duplexOf(stream: MuxStream | BrowserStream): Duplex {
	const duplex = stream instanceof Duplex ? stream : fromWeb(stream);
	return duplex.on('error', () => {});
}

const open = (mux: AnyMux, meta?: unknown): Duplex => duplexOf(mux.openStream(meta));

function nextStream(mux: AnyMux): Promise<Duplex & { meta?: unknown }> {
	return new Promise((resolve) => {
		(mux as NodeMux).once('stream', (stream) => resolve(Object.assign(duplexOf(stream), { seen: stream.meta })));
	});
}

const closeOf = (closing: AnyMux | Duplex): Promise<void> =>
	new Promise((resolve) => (closing as Duplex).once('close', resolve));

/** All that a stream brings. Unlike an iteration it leaves the other direction of a `Duplex` open. */
function collect(stream: Duplex): Promise<Buffer> {
	return new Promise((resolve, reject) => {
		const parts: Buffer[] = [];
		stream.on('data', (part) => parts.push(part));
		stream.once('end', () => resolve(Buffer.concat(parts)));
		stream.once('close', () => reject(new Error('closed before its end')));
	});
}

function echo(mux: AnyMux): void {
	(mux as NodeMux).on('stream', (stream) => {
		const duplex = duplexOf(stream);
		duplex.pipe(duplex);
	});
}

function noise(size: number, seed: number): Buffer {
	const bytes = Buffer.alloc(size);
	let state = seed + 1;
	for (let i = 0; i < size; i++) {
		state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
		bytes[i] = state >> 16;
	}
	return bytes;
}

for (const [carrierName, makePair] of Object.entries(pairs)) {
	for (const [faceName, makeMux] of Object.entries(faces)) {
		describe(`streams over ${carrierName}, as ${faceName}`, { timeout: 30_000 }, () => {
			let pair: Pair | undefined;

			async function connected(): Promise<{ client: AnyMux; server: AnyMux; errors: string[] }> {
				pair = await makePair();
				const errors: string[] = [];
				const client = makeMux(pair.client, { client: true });
				const server = makeMux(pair.server, { client: false });
				for (const mux of [client, server]) (mux as NodeMux).on('error', ({ code }) => errors.push(code));
				return { client, server, errors };
			}

			afterEach(() => pair?.dispose());

			it('are opened by either end, with what they are for', async () => {
				const { client, server } = await connected();
				for (const [opener, taker] of [
					[client, server],
					[server, client],
				] as const) {
					const taken = nextStream(taker);
					const stream = await opener.createStream({ file: 'x', at: new Date(7) });
					assert.deepEqual(stream.meta, { file: 'x', at: new Date(7) });
					assert.deepEqual(((await taken) as unknown as { seen: unknown }).seen, { file: 'x', at: new Date(7) });
				}
			});

			it('can be written to at once', async () => {
				const { client, server } = await connected();
				const taken = nextStream(server);
				open(client).end('early');
				assert.equal((await collect(await taken)).toString(), 'early');
			});

			it('carry many megabytes both ways at the same time, each its own', async () => {
				const { client, server } = await connected();
				echo(server);
				const sent = Array.from({ length: 8 }, (_, index) => noise(MIB / 2 + index * 1001, index));
				const got = await Promise.all(
					sent.map((bytes) => {
						const stream = open(client);
						stream.end(bytes);
						return collect(stream);
					}),
				);
				for (const [index, bytes] of got.entries()) assert.ok(bytes.equals(sent[index] as Buffer));
			});

			it('end one direction and go on in the other', async () => {
				const { client, server } = await connected();
				const taken = nextStream(server);
				const asking = open(client);
				asking.end('question');
				const answering = await taken;
				assert.equal((await collect(answering)).toString(), 'question');
				answering.end('answer');
				assert.equal((await collect(asking)).toString(), 'answer');
			});

			it('are reset alone', async () => {
				const { client, server, errors } = await connected();
				const first = nextStream(server);
				const doomed = open(client);
				doomed.write('x');
				const theirs = await first;
				const broken = closeOf(theirs);
				theirs.resume();
				doomed.destroy();
				await broken;
				assert.equal(theirs.readableEnded, false);
				echo(server);
				const alive = open(client);
				alive.end('alive');
				assert.equal((await collect(alive)).toString(), 'alive');
				assert.deepEqual(errors, []);
			});

			it('do not wait for one that nobody reads', async () => {
				const { client, server } = await connected();
				const taken = nextStream(server);
				const stalled = open(client);
				stalled.write(noise(4 * MIB, 1));
				const theirs = await taken;
				echo(server);
				const bytes = noise(MIB, 2);
				const other = open(client);
				other.end(bytes);
				assert.ok((await collect(other)).equals(bytes));
				stalled.end();
				assert.equal((await collect(theirs)).length, 4 * MIB);
			});

			it('measure the round trip', async () => {
				const { client } = await connected();
				assert.ok((await client.ping()) >= 0);
			});

			it('finish before the connection is closed in order', async () => {
				const { client, server, errors } = await connected();
				echo(server);
				const closed = Promise.all([closeOf(client), closeOf(server)]);
				const stream = open(client);
				const echoed = collect(stream);
				stream.write('last ');
				await client.ping();
				const closing = client.close();
				assert.throws(() => client.openStream(), { code: 'mux-closed' });
				stream.end('words');
				assert.equal((await echoed).toString(), 'last words');
				await closing;
				await closed;
				assert.deepEqual(errors, []);
				await client.close();
			});

			it('break when the connection is destroyed, at both ends', async () => {
				const { client, server } = await connected();
				const taken = nextStream(server);
				const closed = Promise.all([closeOf(client), closeOf(server)]);
				const mine = open(client);
				const theirs = await taken;
				const broken = Promise.all([closeOf(mine.resume()), closeOf(theirs.resume())]);
				client.destroy();
				await broken;
				await closed;
				assert.equal(client.size + server.size, 0);
				await assert.rejects(client.createStream(), { code: 'mux-closed' });
				await assert.rejects(client.ping(), { code: 'mux-closed' });
			});

			it('break when the connection is lost', async () => {
				const { client, server, errors } = await connected();
				const taken = nextStream(server);
				const mine = open(client);
				const theirs = await taken;
				const closed = Promise.all([closeOf(client), closeOf(server)]);
				const broken = Promise.all([closeOf(mine.resume()), closeOf(theirs.resume())]);
				const unanswered = assert.rejects(client.createStream('never answered'));
				pair?.lose();
				await broken;
				await closed;
				await unanswered;
				assert.ok(errors.length > 0 && errors.every((code) => code === 'mux-lost'), `${errors}`);
			});
		});
	}
}
