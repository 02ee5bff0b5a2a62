import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LinkMux, NO_HANDLER, StreamHead } from '../../src/mux/host/link-mux.js';
import type { Stream } from '../../src/mux/index.js';
import type { OpenRelay, RelayPipe } from '../../src/peer/carrier.js';
import { BYTES, type Frame, TEXT } from '../../src/peer/frames.js';
import { IncomingWays } from '../../src/peer/incoming-ways.js';
import { RelayLink } from '../../src/peer/relay-link.js';
import * as LIMITS from '../../src/wire/limits.js';
import { ACK, DATA, data, FIN, frame, GO_AWAY, PING, RST, readFrames, SYN, WINDOW } from '../mux/support.js';
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
	const link = new RelayLink(host);
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
	const link = new IncomingWays(host, (session, open) => {
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
	const give = (bytes: Uint8Array): void => {
		for (let at = 0; at < bytes.length; at += cut) link.receive(Uint8Array.from(bytes.subarray(at, at + cut)));
	};
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

const OPEN = ['window SYN 1 0', 'data - 1 \x01s'];

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
		assert.deepEqual(await host.frames(), []);
		host.bufferedAmount = 0;
		const { promise, resolve } = withResolvers<void>();
		host.sendBytes = (pieces) => {
			host.sent.push(Buffer.concat(pieces));
			resolve();
		};
		await promise;
		const lines = (await host.frames()).map((line) => line.slice(0, 12));
		assert.deepEqual(lines.slice(0, 4), ['window SYN 1', 'window SYN 3', 'data - 1 \x01s\x00', 'data - 3 \x01t\x00']);
		assert.equal(one?.queued, 2 + 40 * (15 + 8192) - LIMITS.muxWindowBytes);
		link.receive(frame(WINDOW, 0, 1, 1e6));
		await host.take();
		assert.equal(one.queued, 0);
	});

	it('give back what was read once it is half of the window, and a new one more', async () => {
		const { host, link } = client();
		link.open('s', listener().handlers);
		assert.deepEqual(await host.frames(), OPEN);
		const message = Buffer.concat([Buffer.from([0, 0, 0, 11 + 85, BYTES]), Buffer.alloc(10 + 85)]);
		const give = (bytes: number): void => link.receive(data(1, Buffer.concat(Array(bytes / 100).fill(message))));
		give(100);
		assert.deepEqual(await host.frames(), [`window - 1 ${LIMITS.relayWindowBytes - LIMITS.muxWindowBytes + 100}`]);
		give(LIMITS.relayWindowBytes / 2 - ((LIMITS.relayWindowBytes / 2) % 100));
		assert.deepEqual(await host.frames(), []);
		give(100);
		assert.equal((await host.frames()).length, 1);
	});

	it('answer pings, and open no more when the master leaves', async () => {
		const { host, link } = client();
		link.receive(frame(PING, SYN, 0, 7));
		link.receive(frame(PING, ACK, 0, 8));
		assert.deepEqual(await host.frames(), ['ping ACK 0 7']);
		const heard = listener();
		const pipe = link.open('s', heard.handlers);
		link.receive(frame(GO_AWAY, 0, 0, 0));
		assert.equal(link.open('t', listener().handlers), undefined);
		host.bufferedAmount = 1e6;
		pipe?.send(TEXT, 0, 0, 'x');
		assert.deepEqual(await host.frames(), []);
		host.bufferedAmount = 0;
		while (host.sent.length === 0) await turns();
		assert.equal((await host.frames()).length, 2);
		assert.deepEqual(heard.lost, []);
	});

	it('are as many as may be', () => {
		const { link } = client();
		for (let n = 0; n < LIMITS.muxStreams; n++) assert.ok(link.open('s', listener().handlers));
		assert.equal(link.open('s', listener().handlers), undefined);
	});

	it('end when the other end ends, is reset or refuses', async () => {
		for (const [bytes, final, said] of [
			[frame(WINDOW, FIN, 1, 0), false, ['window FIN 1 0']],
			[data(1, Buffer.from([0, 0, 0, 11, ...Array(11).fill(0)]), FIN), false, ['window FIN 1 0']],
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

	it('are reset alone for frames that are too long or too short', async () => {
		for (const size of [10, 0, FRAME + LIMITS.messageBytes + 1, 2 ** 32 - 1]) {
			const { host, link } = client();
			const [bad, good] = [listener(), listener()];
			link.open('s', bad.handlers);
			link.open('t', good.handlers);
			await host.take();
			const head = Buffer.alloc(15);
			head.writeUInt32BE(size);
			link.receive(Buffer.concat([data(1, head), data(1, 'more')]));
			assert.deepEqual([bad.lost, good.lost, host.isBroken], [[false], [], false]);
			assert.ok((await host.frames()).includes('window RST 1 3'));
		}
	});

	it('tell of a frame of no known kind', () => {
		const { link } = client();
		const heard = listener();
		link.open('s', heard.handlers);
		link.receive(data(1, Buffer.from([0, 0, 0, 11, 99, ...Array(10).fill(0)])));
		assert.deepEqual(heard.frames, [undefined]);
	});

	it('break the link where the master says what is no yamux, and are all lost', async () => {
		for (const bytes of [
			Buffer.from('GET / HTTP/1.1\r\n'),
			frame(4, 0, 1, 0),
			frame(DATA, 0, 0, 0),
			frame(WINDOW, 0, 0, 0),
			frame(PING, SYN, 1, 0),
			frame(GO_AWAY, 0, 1, 0),
			frame(GO_AWAY, 0, 0, 1),
			frame(WINDOW, SYN, 5, 0),
			frame(DATA, 0, 1, LIMITS.relayWindowBytes + 1),
		]) {
			const { host, link } = client();
			const heard = listener();
			const pipe = link.open('s', heard.handlers);
			await host.take();
			link.receive(Buffer.concat([bytes, frame(PING, SYN, 0, 7), data(1, 'xyz')]));
			assert.deepEqual([host.isBroken, heard.lost], [true, [false]]);
			pipe?.send(TEXT, 0, 0, 'late');
			pipe?.close();
			assert.deepEqual(await host.frames(), []);
			assert.equal(link.open('t', listener().handlers), undefined);
		}
	});

	it('break the link of a master that asks and does not listen', () => {
		const { host, link } = client();
		host.bufferedAmount = 1e9;
		const ping = frame(PING, SYN, 0, 1);
		link.receive(Buffer.concat(Array(LIMITS.muxControlFrames).fill(ping)));
		assert.equal(host.isBroken, false);
		link.receive(ping);
		assert.equal(host.isBroken, true);
	});

	it('are not opened where that is one word too many for the link', () => {
		const { host, link } = client();
		host.bufferedAmount = 1e9;
		link.receive(Buffer.concat(Array(LIMITS.muxControlFrames).fill(frame(PING, SYN, 0, 1))));
		assert.equal(link.open('s', listener().handlers), undefined);
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

	it('of a client are opened by itself only', async () => {
		const { host, link } = client();
		link.receive(Buffer.concat([frame(WINDOW, SYN, 2, 0), data(2, '\x01s'), frame(WINDOW, FIN, 2, 0)]));
		assert.deepEqual(await host.frames(), ['window RST 2 4']);
		assert.equal(host.isBroken, false);
	});
});

const FRAME = 11;

const HELLO = Buffer.from([0, 0, 0, 16, TEXT, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, ...Buffer.from('hello')]);
const HEARD: Frame = { kind: TEXT, channel: 1, number: 2, data: 'hello' };

describe('the ways of a slave', () => {
	it('are handed to their session, with all that came before, however it is cut', async () => {
		const bytes = Buffer.concat([frame(WINDOW, SYN, 2, 0), data(2, '\x03abc'), data(2, Buffer.concat([HELLO, HELLO]))]);
		for (let cut = 1; cut < bytes.length; cut++) {
			const { link, opened, heard, host, pipes } = slave();
			for (let at = 0; at < bytes.length; at += cut) link.receive(Uint8Array.from(bytes.subarray(at, at + cut)));
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
		assert.deepEqual(await host.frames(), [`window - 2 ${LIMITS.relayWindowBytes - LIMITS.muxWindowBytes + 42}`]);
		pipe?.close();
		assert.deepEqual(await host.frames(), ['window FIN 2 0']);
		const flood = slave('later');
		flood.link.receive(Buffer.concat([frame(WINDOW, SYN, 2, 0), data(2, '\x01s')]));
		flood.link.receive(data(2, Buffer.alloc(LIMITS.muxWindowBytes - 2)));
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

	it('are none any more once the link is broken, also by what this end had to answer', () => {
		const { host, link, opened } = slave();
		host.bufferedAmount = 1e9;
		link.receive(Buffer.concat(Array(LIMITS.muxControlFrames).fill(frame(PING, SYN, 0, 1))));
		const bytes = [frame(WINDOW, SYN, 2, 0), data(2, '\x00'), frame(PING, SYN, 0, 1)];
		link.receive(Buffer.concat([...bytes, frame(WINDOW, SYN, 4, 0), data(4, '\x00')]));
		assert.deepEqual([host.isBroken, opened.length], [true, 1]);
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
