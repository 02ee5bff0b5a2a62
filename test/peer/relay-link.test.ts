import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LinkMux, NO_HANDLER, StreamHead } from '../../src/mux/host/link-mux.js';
import type { Stream } from '../../src/mux/index.js';
import type { OpenRelay, RelayPipe } from '../../src/peer/carrier.js';
import { BYTES, type Frame, HEAD_BYTES, headOf, TEXT, writeFrame } from '../../src/peer/frames.js';
import { incomingWays } from '../../src/peer/incoming-ways.js';
import { type RelayLink, relayLink } from '../../src/peer/relay-link.js';
import * as LIMITS from '../../src/wire/limits.js';
import { DATA, data, FIN, frame, GO_AWAY, PING, RST, readFrames, SYN, WINDOW } from '../mux/support.js';
import { turns } from '../support/wait.js';

/** A link whose socket takes whatever it is given, and what was given. */
class Host {
	bufferedAmount = 0;
	sent: Buffer[] = [];
	broken = (): void => {
		this.isBroken = true;
		this.link?.close();
	};
	isBroken = false;
	link: RelayLink | undefined;

	sendBytes(pieces: Uint8Array[]): void {
		this.sent.push(Buffer.concat(pieces));
	}

	/** What has been sent since the last call. */
	async take(): Promise<Buffer> {
		await turns();
		return Buffer.concat(this.sent.splice(0));
	}

	async frames(): Promise<string[]> {
		return readFrames(await this.take());
	}
}

function client() {
	const host = new Host();
	const link = relayLink(host);
	host.link = link;
	return { host, link };
}

/** A pipe's other end, and what it was told. */
function listener() {
	const frames: (Frame | undefined)[] = [];
	const lost: boolean[] = [];
	return {
		frames,
		lost,
		handlers: {
			frame: (each: Frame | undefined) => void frames.push(each),
			lost: (final: boolean) => void lost.push(final),
		},
	};
}

/** A slave's link, where whoever opens a way is taken at once, later or not at all. */
function slave(takes: 'now' | 'later' | 'never' = 'now') {
	const host = new Host();
	const opened: { session: string; open: OpenRelay }[] = [];
	const heard = listener();
	const pipes: (RelayPipe | undefined)[] = [];
	const link = incomingWays(host, (session, open) => {
		opened.push({ session, open });
		if (takes === 'now') pipes.push(open(heard.handlers));
		return takes !== 'never';
	});
	host.link = link;
	return { host, link, opened, heard, pipes };
}

/** A master's end: a whole yamux session, whose streams are answered with their own bytes. */
function echoing(host: Host, link: RelayLink, cut: number) {
	const streams: Stream[] = [];
	const give = withWholeHeaders((bytes) => link.receive(bytes), cut);
	const mux: LinkMux = new LinkMux(false, {
		bufferedAmount: 0,
		sendBytes: (pieces) => pieces.forEach(give),
		opened: (stream) => {
			streams.push(stream);
			const head = new StreamHead();
			let isRead = false;
			const echo = (bytes: Uint8Array): void => mux.session.write(stream, Uint8Array.from(bytes));
			stream.handler = {
				...NO_HANDLER,
				data: (bytes) => {
					mux.consume(stream, bytes.length);
					if (isRead) return echo(bytes);
					const read = head.push(bytes);
					isRead = read !== undefined;
					if (read !== undefined && read.rest.length > 0) echo(read.rest);
				},
				ended: () => mux.session.end(stream),
			};
		},
		broken: () => assert.fail('the master read something that is not yamux'),
	});
	const carry = async (): Promise<void> => {
		for (let silent = 0; silent < 3; ) {
			const bytes = await host.take();
			silent = bytes.length === 0 ? silent + 1 : 0;
			for (let at = 0; at < bytes.length; at += cut) mux.receive(Uint8Array.from(bytes.subarray(at, at + cut)));
		}
	};
	return { mux, streams, carry };
}

const OPEN = ['data SYN 1 \x01s'];

/** Passes on what a master sends in messages of so many bytes, or a few more: none of its headers is in two. */
function withWholeHeaders(pass: (bytes: Uint8Array) => void, cut: number): (bytes: Uint8Array) => void {
	let left = 0;
	return (bytes) => {
		for (let from = 0, at = 0; at < bytes.length; ) {
			if (left === 0) {
				const header = Buffer.from(bytes.subarray(at, at + 12));
				left = header.readUInt8(1) === DATA ? header.readUInt32BE(8) : 0;
				at += 12;
			} else {
				const size = Math.min(left, Math.max(1, from + cut - at), bytes.length - at);
				left -= size;
				at += size;
			}
			if (at - from < cut && at < bytes.length) continue;
			pass(Uint8Array.from(bytes.subarray(from, at)));
			from = at;
		}
	};
}

describe('the ways of a link', () => {
	it('carry frames both ways, whole and in order, however they are cut', async () => {
		const payload = fc.oneof(
			fc.string({ unit: 'grapheme', maxLength: 300 }),
			fc.integer({ min: 0, max: 90_000 }).map((size) => new Uint8Array(size).fill(size)),
		);
		const ways = fc.array(fc.array(payload, { maxLength: 6 }), { maxLength: 5 });
		await fc.assert(
			fc.asyncProperty(ways, fc.integer({ min: 1, max: 70_000 }), async (sent, cut) => {
				const { host, link } = client();
				const master = echoing(host, link, sent.flat().some((each) => each.length > 1000) ? cut + 1000 : cut);
				const ends = sent.map((messages, index) => {
					const heard = listener();
					const pipe = link.open(`session ${index}`, heard.handlers);
					messages.forEach((each, number) => {
						pipe?.send(typeof each === 'string' ? TEXT : BYTES, index, number, each);
					});
					return { heard, pipe };
				});
				await master.carry();
				for (const [index, { heard, pipe }] of ends.entries()) {
					const expected = (sent[index] ?? []).map((each, number) => ({
						kind: typeof each === 'string' ? TEXT : BYTES,
						channel: index,
						number,
						data: typeof each === 'string' ? each : each.buffer,
					}));
					assert.deepEqual(heard.frames, expected);
					assert.equal(pipe?.queued, 0);
					pipe.close();
				}
				await master.carry();
				assert.equal(master.mux.session.streams.size, 0);
				assert.ok(ends.every(({ heard }) => heard.lost.length === 0));
				assert.equal(host.isBroken, false);
			}),
			{ numRuns: 60 },
		);
	});

	it('are held back by the window and by the socket, in turns', async () => {
		const { host, link } = client();
		const [one, two] = [link.open('s', listener().handlers), link.open('t', listener().handlers)];
		host.bufferedAmount = 1e6;
		for (let number = 0; number < 40; number++) one?.send(BYTES, 1, number, new Uint8Array(8192));
		two?.send(TEXT, 1, 0, 'hello');
		assert.deepEqual(await host.frames(), [...OPEN, 'data SYN 3 \x01t']);
		host.bufferedAmount = 0;
		const { promise, resolve } = withResolvers<void>();
		host.sendBytes = (pieces) => {
			host.sent.push(Buffer.concat(pieces));
			resolve();
		};
		await promise;
		const lines = (await host.frames()).map((line) => line.slice(0, 12));
		assert.deepEqual(lines.slice(0, 3), ['data - 1 \x01\x00\x00', 'data - 3 \x00\x00\x00', 'data - 1 \x00\x00\x00']);
		assert.equal(one?.queued, 2 + 40 * (HEAD_BYTES + 8192) - LIMITS.muxWindowBytes);
		link.receive(frame(WINDOW, 0, 1, 1e6));
		await host.take();
		assert.equal(one.queued, 0);
	});

	it('cost little while small frames wait in them', async () => {
		const { host, link } = client();
		const pipe = link.open('s', listener().handlers);
		pipe?.send(BYTES, 1, 0, new Uint8Array(LIMITS.muxWindowBytes));
		await host.take();
		let pieces = 0;
		host.sendBytes = (each) => {
			pieces += each.length;
			host.sent.push(Buffer.concat(each));
		};
		for (let number = 0; number < 10_000; number++) pipe?.send(number % 2 === 0 ? 3 : TEXT, 0, number, '');
		const waiting = Number(pipe?.queued);
		link.receive(frame(WINDOW, 0, 1, 1e6));
		assert.ok((await host.take()).length > waiting);
		assert.ok(pieces < waiting / 2048, `${pieces} pieces for ${waiting} bytes`);
	});

	it('give back what was read once it is half of the window, and a new one more', async () => {
		const { host, link } = client();
		link.open('s', listener().handlers);
		assert.deepEqual(await host.frames(), OPEN);
		const half = LIMITS.relayWindowBytes / 2;
		link.receive(data(1, writeFrame(BYTES, 1, 0, new Uint8Array(100))));
		const more = LIMITS.relayWindowBytes - LIMITS.muxWindowBytes;
		assert.deepEqual(await host.frames(), [`window - 1 ${more + HEAD_BYTES + 100}`]);
		link.receive(data(1, writeFrame(BYTES, 1, 1, new Uint8Array(half / 2 - HEAD_BYTES))));
		link.receive(data(1, writeFrame(BYTES, 1, 2, new Uint8Array(half / 2 - HEAD_BYTES - 1))));
		assert.deepEqual(await host.frames(), []);
		link.receive(data(1, 'x'));
		assert.deepEqual(await host.frames(), [`window - 1 ${half}`]);
	});

	it('end when the other end ends, is reset or refuses', async () => {
		for (const [bytes, final, said] of [
			[frame(WINDOW, FIN, 1, 0), false, ['window FIN 1 0']],
			[frame(WINDOW, RST, 1, 0), false, []],
			[frame(WINDOW, RST, 1, 4), true, []],
		] as const) {
			const { host, link } = client();
			const heard = listener();
			const pipe = link.open('s', heard.handlers);
			await host.take();
			link.receive(bytes);
			assert.deepEqual(heard.lost, [final]);
			pipe?.send(TEXT, 0, 0, 'late');
			pipe?.close();
			const frames = await host.frames();
			assert.deepEqual(
				frames.filter((line) => !line.startsWith('window - ')),
				said,
			);
			// What was still under way is nobody's.
			link.receive(Buffer.concat([data(1, 'xyz'), frame(WINDOW, 0, 1, 5), frame(WINDOW, RST, 1, 4)]));
			assert.deepEqual([heard.lost.length, host.isBroken], [1, false]);
		}
	});

	it('are reset alone for frames that are too long', async () => {
		for (const size of [LIMITS.messageBytes + 1, 2 ** 32 - 1]) {
			const { host, link } = client();
			const [bad, good] = [listener(), listener()];
			link.open('s', bad.handlers);
			link.open('t', good.handlers);
			await host.take();
			link.receive(Buffer.concat([data(1, headOf(BYTES, 1, 0, size)), data(1, 'more')]));
			assert.deepEqual([bad.lost, good.lost, host.isBroken], [[false], [], false]);
			assert.deepEqual(await host.frames(), ['window RST 1 3']);
		}
	});

	it('tell of a frame of no known kind', () => {
		const { link } = client();
		const heard = listener();
		link.open('s', heard.handlers);
		link.receive(data(1, headOf(99, 0, 0, 0)));
		assert.deepEqual(heard.frames, [undefined]);
	});

	it('break the link where the master says what is no yamux, and are all lost', async () => {
		for (const bytes of [
			Buffer.from('GET / HTTP/1.1\r\n'),
			frame(4, 0, 1, 0),
			frame(PING, SYN, 0, 7),
			frame(GO_AWAY, 0, 0, 0),
			frame(WINDOW, SYN, 2, 0),
		]) {
			const { host, link } = client();
			const heard = listener();
			const pipe = link.open('s', heard.handlers);
			await host.take();
			link.receive(Buffer.concat([bytes, frame(WINDOW, RST, 1, 4), data(1, 'xyz')]));
			assert.deepEqual([host.isBroken, heard.lost], [true, [false]]);
			pipe?.send(TEXT, 0, 0, 'late');
			pipe?.close();
			assert.deepEqual(await host.frames(), []);
			assert.equal(link.open('t', listener().handlers), undefined);
		}
	});

	it('break the link where a header ends in the next message', () => {
		const { host, link } = client();
		link.open('s', listener().handlers);
		link.receive(frame(WINDOW, 0, 1, 1).subarray(0, 11));
		assert.equal(host.isBroken, true);
	});

	it('leave nothing that waits when the link is lost', async (t) => {
		const { host, link } = client();
		const heard = listener();
		const pipe = link.open('s', heard.handlers);
		host.bufferedAmount = 1e9;
		await host.take();
		t.mock.timers.enable({ apis: ['setTimeout'] });
		pipe?.send(TEXT, 0, 0, 'x');
		link.close();
		host.bufferedAmount = 0;
		t.mock.timers.tick(1000);
		link.receive(frame(WINDOW, SYN, 2, 0));
		assert.deepEqual([heard.lost, pipe?.queued, host.sent.length], [[false], 0, 0]);
	});
});

const HELLO = Buffer.from(writeFrame(TEXT, 1, 2, 'hello'));
const HEARD: Frame = { kind: TEXT, channel: 1, number: 2, data: 'hello' };

describe('the ways of a slave', () => {
	it('are handed to their session, with all that came before, however it is cut', async () => {
		const bytes = Buffer.concat([frame(WINDOW, SYN, 2, 0), data(2, '\x03abc'), data(2, Buffer.concat([HELLO, HELLO]))]);
		for (let cut = 1; cut < bytes.length; cut++) {
			const { link, opened, heard, host, pipes } = slave();
			withWholeHeaders((part) => link.receive(part), cut)(bytes);
			assert.deepEqual(
				opened.map(({ session }) => session),
				['abc'],
			);
			assert.deepEqual(heard.frames, [], 'the caller has the pipe first');
			await turns();
			assert.deepEqual(heard.frames, [HEARD, HEARD]);
			pipes[0]?.send(TEXT, 1, 2, 'hello');
			link.receive(data(2, HELLO));
			assert.equal(heard.frames.length, 3);
			assert.ok((await host.frames()).includes(`data - 2 ${HELLO.toString('latin1')}`));
		}
	});

	it('wait for whoever takes them later, below a window', async () => {
		const { link, opened, heard, host } = slave('later');
		link.receive(Buffer.concat([frame(WINDOW, SYN, 2, 0), data(2, '\x01s'), data(2, HELLO)]));
		assert.deepEqual(await host.frames(), []);
		const pipe = opened[0]?.open(heard.handlers);
		link.receive(data(2, HELLO));
		await turns();
		assert.deepEqual(heard.frames, [HEARD, HEARD]);
		pipe?.close();
		const more = LIMITS.relayWindowBytes - LIMITS.muxWindowBytes;
		assert.deepEqual(await host.frames(), [`window - 2 ${more + 2 * HELLO.length}`, 'window FIN 2 0']);
		const flood = slave('later');
		flood.link.receive(Buffer.concat([frame(WINDOW, SYN, 2, 0), data(2, '\x01s')]));
		flood.link.receive(data(2, Buffer.alloc(LIMITS.muxWindowBytes)));
		assert.equal(flood.host.isBroken, false);
		flood.link.receive(data(2, 'x'));
		assert.equal(flood.host.isBroken, true);
	});

	it('are refused where nobody takes them, and gone where they end before', async () => {
		const refused = slave('never');
		refused.link.receive(Buffer.concat([frame(WINDOW, SYN, 2, 0), data(2, '\x01s')]));
		assert.deepEqual(await refused.host.frames(), ['window RST 2 4']);
		for (const end of [frame(WINDOW, RST, 2, 0), frame(WINDOW, FIN, 2, 0)]) {
			const { link, opened, heard } = slave('later');
			link.receive(Buffer.concat([frame(WINDOW, SYN, 2, 0), data(2, '\x01s'), end]));
			await turns();
			assert.equal(opened[0]?.open(heard.handlers), undefined);
		}
	});

	it('break the link of a master that opens them and does not listen', () => {
		const { host, link, opened } = slave('never');
		host.bufferedAmount = 1e9;
		const refused = (count: number) => [frame(WINDOW, SYN, 2 * count, 0), data(2 * count, '\x00')];
		const all = Array.from({ length: LIMITS.muxControlFrames }, (_, index) => refused(index + 1)).flat();
		link.receive(Buffer.concat(all));
		assert.equal(host.isBroken, false);
		link.receive(Buffer.concat([...refused(LIMITS.muxControlFrames + 1), ...refused(1)]));
		assert.deepEqual([host.isBroken, opened.length], [true, LIMITS.muxControlFrames]);
	});

	it('break the link of a master that opens one twice, or one with a number of this end', () => {
		for (const id of [2, 3]) {
			const { host, link } = slave();
			link.receive(Buffer.concat([frame(WINDOW, SYN, 2, 0), frame(WINDOW, SYN, id, 0)]));
			assert.equal(host.isBroken, true);
		}
	});

	it('are as many as may be', async () => {
		const { host, link } = slave();
		const open = (id: number) => frame(WINDOW, SYN, id, 0);
		link.receive(Buffer.concat(Array.from({ length: LIMITS.muxStreams }, (_, index) => open(2 * index + 2))));
		assert.deepEqual(await host.frames(), []);
		link.receive(open(2 * LIMITS.muxStreams + 2));
		assert.deepEqual(await host.frames(), [`window RST ${2 * LIMITS.muxStreams + 2} 1`]);
	});
});

function withResolvers<Value>() {
	let resolve!: (value: Value) => void;
	const promise = new Promise<Value>((give) => {
		resolve = give;
	});
	return { promise, resolve };
}
