import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { NO_HANDLER } from '../../src/mux/host/link-mux.js';
import { Engine, Session, type SessionOptions, type Stream } from '../../src/mux/index.js';
import { data, frame, PING, readFrames, SYN, WINDOW } from './support.js';

const KIB = 1024;

/** An end whose streams are answered with what came, in upper case, and with an end for an end. */
class End {
	readonly engine: Engine;
	readonly texts = new Map<Stream, string>();
	readonly ended: Stream[] = [];
	readonly broken: string[] = [];
	bytes = 0;
	stopped = '';

	constructor(kind: typeof Engine | typeof Session, client: boolean, options: Partial<SessionOptions> = {}) {
		this.engine = new kind(
			{ client, ...options },
			{
				opened: (stream) => this.watch(stream, (bytes) => this.engine.write(stream, upper(bytes))),
				ready: () => {},
				stopped: (why) => {
					this.stopped = why;
				},
			},
		);
	}

	watch(stream: Stream, heard: (bytes: Uint8Array) => void = () => {}): Stream {
		this.texts.set(stream, '');
		stream.handler = {
			...NO_HANDLER,
			data: (bytes) => {
				this.bytes += bytes.length;
				this.texts.set(stream, this.texts.get(stream) + Buffer.from(bytes).toString('latin1'));
				heard(bytes);
				this.engine.consume(stream, bytes.length, 0);
			},
			ended: () => {
				this.ended.push(stream);
				this.engine.end(stream);
			},
			broken: (why) => this.broken.push(why),
		};
		return stream;
	}

	pull(limit = 16 * KIB): Buffer {
		const parts: Uint8Array[] = [];
		for (let batch = this.engine.pull(limit); batch !== undefined; batch = this.engine.pull(limit)) {
			assert.ok(batch.bytes <= Math.max(limit, 13));
			parts.push(...batch.pieces.map((piece) => Uint8Array.from(piece)));
			this.engine.sent(batch);
		}
		return Buffer.concat(parts);
	}
}

function upper(bytes: Uint8Array): Uint8Array {
	return Buffer.from(Buffer.from(bytes).toString('latin1').toUpperCase(), 'latin1');
}

/** Lets both ends talk, in pieces of so many bytes, until neither has anything to say. */
function talk(a: End, b: End, cut: number, limit?: number): void {
	for (let silent = 0; silent < 2; [a, b] = [b, a]) {
		const bytes = a.pull(limit);
		silent = bytes.length === 0 ? silent + 1 : 0;
		for (let at = 0; at < bytes.length; at += cut) b.engine.receive(bytes.subarray(at, at + cut), 0);
	}
}

describe('the small engine of links', () => {
	for (const kinds of [
		[Engine, Session],
		[Session, Engine],
		[Engine, Engine],
	] as const) {
		const names = kinds.map(({ name }) => name).join(' to ');
		it(`carries streams both ways, whole and in order, however they are cut: ${names}`, () => {
			const text = fc.string({ unit: 'grapheme-ascii', maxLength: 400 });
			const size = fc.integer({ min: 1, max: 600 });
			fc.assert(
				fc.property(fc.array(fc.array(text, { maxLength: 5 }), { maxLength: 6 }), size, size, (texts, cut, limit) => {
					const [near, far] = [new End(kinds[0], true), new End(kinds[1], false, { frameBytes: limit })];
					const streams = texts.map((parts) => {
						const stream = near.watch(near.engine.open());
						for (const part of parts) near.engine.write(stream, Buffer.from(part));
						return stream;
					});
					talk(near, far, cut, limit + 12);
					for (const [index, parts] of texts.entries()) {
						assert.equal(near.texts.get(streams[index] as Stream), parts.join('').toUpperCase());
						near.engine.end(streams[index] as Stream);
					}
					talk(near, far, cut, limit + 12);
					assert.deepEqual([near.ended.length, far.ended.length], [texts.length, texts.length]);
					assert.equal(near.engine.streams.size + far.engine.streams.size, 0);
				}),
				{ numRuns: 200 },
			);
		});
	}

	it('gives a window all that it may have when half of it is used', () => {
		const server = new End(Engine, false, { maxWindow: 1024 * KIB });
		server.engine.receive(Buffer.concat([frame(WINDOW, SYN, 1, 0), data(1, Buffer.alloc(128 * KIB))]), 0);
		const updates = readFrames(server.pull()).filter((line) => line.startsWith('window'));
		assert.deepEqual(updates, [`window - 1 ${(128 + 1024 - 256) * KIB}`]);
		const [stream] = server.engine.streams.values();
		assert.deepEqual([stream?.window, stream?.fullWindow], [1024 * KIB, 1024 * KIB]);
	});

	it('answers pings, and asks for none', () => {
		const client = new End(Engine, true);
		client.engine.receive(frame(PING, SYN, 0, 7), 0);
		assert.deepEqual(readFrames(client.pull()), ['ping ACK 0 7']);
		client.engine.receive(frame(PING, 2, 0, 9), 0);
		assert.equal(client.pull().length, 0);
	});

	it('ends with a go-away at what is no yamux, and when it is stopped', () => {
		const [broken, stopped] = [new End(Engine, true), new End(Engine, true)];
		broken.watch(broken.engine.open());
		broken.engine.receive(Buffer.from('GET / HTTP/1.1\r\n'), 0);
		assert.deepEqual([broken.stopped, broken.broken], ['mux-protocol', ['mux-protocol']]);
		assert.deepEqual(readFrames(broken.pull()), ['go-away - 0 1']);
		stopped.engine.stop('mux-lost');
		assert.deepEqual(readFrames(stopped.pull()), ['go-away - 0 0']);
		assert.throws(() => stopped.engine.open(), { code: 'mux-closed' });
	});

	it('keeps no part of memory that a header was cut in', () => {
		const server = new End(Engine, false);
		const bytes = Buffer.concat([frame(WINDOW, SYN, 1, 0), data(1, 'abc')]);
		const memory = Buffer.alloc(bytes.length);
		for (const [from, to] of [
			[0, 5],
			[5, 17],
			[17, bytes.length],
		] as const) {
			bytes.copy(memory, 0, from, to);
			server.engine.receive(memory.subarray(0, to - from), 0);
			memory.fill(0xff);
		}
		assert.deepEqual([...server.texts.values()], ['abc']);
	});
});
