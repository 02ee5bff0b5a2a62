import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { Mux, type MuxStream, tcpCarrier } from '../../src/mux/node/index.js';
import { type Foreign, type ForeignStream, libp2pYamux, yamuxJs } from '../mux/foreign.js';

const MIB = 1024 * 1024;

const foreigners = { 'yamux-js': yamuxJs, '@chainsafe/libp2p-yamux': libp2pYamux };

/** Bytes whose order can be checked. */
function counted(size: number): Buffer {
	const bytes = Buffer.alloc(size);
	for (let at = 0; at + 4 <= size; at += 4) bytes.writeUInt32LE(at, at);
	return bytes;
}

function nextStream(mux: Mux): Promise<MuxStream> {
	return new Promise((resolve) => mux.once('stream', resolve));
}

function arrival(stream: ForeignStream, size: number): Promise<Buffer> {
	return new Promise((resolve) => {
		const parts: Buffer[] = [];
		let have = 0;
		stream.onData((bytes) => {
			parts.push(bytes);
			have += bytes.length;
			if (have >= size) resolve(Buffer.concat(parts));
		});
	});
}

async function collect(stream: MuxStream): Promise<Buffer> {
	const parts: Buffer[] = [];
	for await (const part of stream) parts.push(part);
	return Buffer.concat(parts);
}

/** Writes in pieces, each once there is room. */
async function write(stream: MuxStream, bytes: Buffer): Promise<void> {
	for (let at = 0; at < bytes.length; at += 64 * 1024) {
		if (!stream.write(bytes.subarray(at, at + 64 * 1024))) await once(stream, 'drain');
	}
}

for (const [name, makeForeign] of Object.entries(foreigners)) {
	for (const client of [true, false]) {
		describe(`with ${name} as ${client ? 'server' : 'client'}`, { timeout: 60_000 }, () => {
			const sockets: Socket[] = [];

			async function connected(): Promise<{ mux: Mux; foreign: Foreign; errors: string[] }> {
				const server = createServer().listen(0);
				await once(server, 'listening');
				const mine = connect((server.address() as AddressInfo).port);
				const [theirs] = (await once(server, 'connection')) as [Socket];
				server.close();
				sockets.push(mine, theirs);
				theirs.on('error', () => {});
				const mux = new Mux(tcpCarrier(mine), { client, meta: false });
				const errors: string[] = [];
				mux.on('error', ({ code }) => errors.push(code));
				return { mux, foreign: makeForeign(theirs, !client), errors };
			}

			afterEach(() => {
				for (const socket of sockets.splice(0)) socket.destroy();
			});

			it('streams of either end carry bytes both ways', async () => {
				const { mux, foreign } = await connected();
				foreign.onStream((stream) => stream.onData((bytes) => stream.write(Buffer.concat([bytes, Buffer.from('!')]))));
				const mine = mux.openStream();
				mine.write('hello');
				assert.equal(String((await once(mine, 'data'))[0]), 'hello!');

				const taken = nextStream(mux);
				const theirs = await foreign.open();
				theirs.write(Buffer.from('salut'));
				const stream = await taken;
				assert.equal(String((await once(stream, 'data'))[0]), 'salut');
				const answer = arrival(theirs, 6);
				stream.write('salut!');
				assert.equal(String(await answer), 'salut!');
			});

			it('an opened stream is acknowledged', async () => {
				const { mux, foreign } = await connected();
				foreign.onStream((stream) => stream.write(Buffer.from('ack')));
				await mux.createStream();
			});

			it('many streams at once do not mix', async () => {
				const { mux, foreign } = await connected();
				foreign.onStream((stream) => stream.onData((bytes) => stream.write(bytes)));
				const texts = Array.from({ length: 200 }, (_, index) => `stream ${index};`);
				const echoes = await Promise.all(
					texts.map(async (text) => {
						const stream = mux.openStream();
						stream.write(text);
						return String((await once(stream, 'data'))[0]);
					}),
				);
				assert.deepEqual(echoes, texts);
			});

			it('16 MiB arrive whole in each direction', async () => {
				const { mux, foreign } = await connected();
				const bytes = counted(16 * MIB);
				const taken = new Promise<ForeignStream>((resolve) => foreign.onStream(resolve));
				const mine = mux.openStream();
				const writing = write(mine, bytes);
				const theirs = await taken;
				assert.ok((await arrival(theirs, bytes.length)).equals(bytes));
				await writing;

				const collected = collect(mine);
				for (let at = 0; at < bytes.length; at += 64 * 1024) await theirs.poured(bytes.subarray(at, at + 64 * 1024));
				theirs.end();
				assert.ok((await collected).equals(bytes));
			});

			it('one direction ends and the other goes on', async () => {
				const { mux, foreign } = await connected();
				const taken = nextStream(mux);
				const theirs = await foreign.open();
				theirs.write(Buffer.from('question'));
				theirs.end();
				const stream = await taken;
				assert.equal(String(await collect(stream)), 'question');
				const answer = arrival(theirs, 6);
				stream.end('answer');
				assert.equal(String(await answer), 'answer');
			});

			it('a reset of this end arrives, and other streams go on', async () => {
				const { mux, foreign } = await connected();
				const streams: ForeignStream[] = [];
				foreign.onStream((stream) => {
					streams.push(stream);
					stream.onData((bytes) => stream.write(bytes));
				});
				const [doomed, alive] = [mux.openStream(), mux.openStream()];
				doomed.write('x');
				await once(doomed, 'data');
				const isReset = new Promise<void>((resolve) => streams[0]?.onReset(resolve));
				doomed.destroy();
				await isReset;
				alive.write('alive');
				assert.equal(String((await once(alive, 'data'))[0]), 'alive');
			});

			it('pings are answered both ways', async () => {
				const { mux, foreign } = await connected();
				assert.ok((await mux.ping()) >= 0);
				await foreign.ping();
			});

			it('its go-away is understood', async () => {
				const { mux, foreign, errors } = await connected();
				await mux.ping();
				const leaving = new Promise<void>((resolve) => mux.once('leaving', resolve));
				await foreign.close();
				await leaving;
				assert.throws(() => mux.openStream(), { code: 'mux-closed' });
				assert.deepEqual(errors, []);
			});

			it('our go-away is understood', async () => {
				const { mux, foreign, errors } = await connected();
				foreign.onStream((stream) => stream.onData(() => {}));
				await mux.ping();
				await mux.close();
				assert.deepEqual(errors, []);
			});

			if (name !== 'yamux-js') {
				it('an end of this end arrives', async () => {
					const { mux, foreign } = await connected();
					const isEnded = new Promise<void>((resolve) => foreign.onStream((stream) => stream.onEnd(resolve)));
					mux.openStream().end('all');
					await isEnded;
				});

				it('a reset of the other end arrives with a code', async () => {
					const { mux, foreign } = await connected();
					foreign.onStream((stream) => stream.onData(() => stream.reset?.()));
					const stream = mux.openStream();
					stream.write('x');
					const [error] = await once(stream, 'error').catch((thrown) => [thrown]);
					assert.equal(error.code, 'stream-reset');
				});
			}
		});
	}
}
