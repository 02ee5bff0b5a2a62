import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ACK, BYTES, PING, PONG, TEXT } from '../../src/peer/frames.js';
import type { ErrorCode } from '../../src/wire/index.js';
import * as LIMITS from '../../src/wire/limits.js';
import * as WAITS from '../../src/wire/waits.js';
import type { FakePipe } from '../support/fake-rtc.js';
import { stage } from '../support/session-stage.js';
import { coded } from '../support/stage.js';
import { turns } from '../support/wait.js';

/** From a message until it is acknowledged, if not sooner. */
const ACK_DELAY = 100;

/** The same, where much has arrived. */
const ACK_SOON = 5;

describe('a session that is open', () => {
	it('answers pings, and measures with its own', async (t) => {
		const { openRelay, session, pass } = stage(t);
		const pipe = openRelay();
		pipe.hear(PING, 0, 7);
		assert.deepEqual(pipe.numbers(PONG), [7]);
		const measured = session.rtt();
		const [n] = pipe.numbers(PING) as [number];
		pass(40);
		pipe.hear(PONG, 0, n + 1);
		pipe.hear(PONG, 0, n);
		assert.equal(await measured, 40);
	});

	it('says so when nobody answers its ping', async (t) => {
		const { openRelay, session, pass, closes } = stage(t);
		openRelay();
		const measured = assert.rejects(session.rtt(), coded('session-closed'));
		pass(WAITS.probe);
		await measured;
		assert.deepEqual(closes, []);
	});

	it('is believed to be gone when it was doubted and does not answer', async (t) => {
		const { openRelay, session, pass, codes } = stage(t);
		const pipe = openRelay();
		session.probe();
		pipe.hear(PONG, 0, pipe.numbers(PING)[0] as number);
		await turns();
		pass(WAITS.probe);
		await turns();
		assert.deepEqual(codes(), []);
		session.probe();
		pass(WAITS.probe);
		await turns();
		assert.deepEqual(codes(), ['session-closed']);
	});

	for (const what of ['pings', 'messages'] as const) {
		it(`leaves an end alone that sends ${what} and does not read the answers`, (t) => {
			const { openRelay, closes } = stage(t);
			const pipe = openRelay();
			pipe.say({ t: 'open', n: 2, label: 'x' });
			pipe.queued = 2 * LIMITS.controlBufferedBytes;
			const before = pipe.frames.length;
			for (let count = 0; count < 1000; count++) {
				if (what === 'pings') pipe.hear(PING, 0, count);
				else pipe.hear(TEXT, 2, count, '');
			}
			assert.ok(
				closes.length === 1 || pipe.frames.length === before,
				`${pipe.frames.length - before} more are waiting`,
			);
		});
	}

	it('acknowledges what arrives, the last of it after a moment', async (t) => {
		const { openRelay, pass, announced } = stage(t);
		const pipe = openRelay();
		pipe.say({ t: 'open', n: 2, label: 'x' });
		for (let number = 0; number < 1030; number++) pipe.hear(TEXT, 2, number, 'x');
		assert.deepEqual(pipe.numbers(ACK, 2), [1024]);
		pass(ACK_DELAY);
		assert.deepEqual([pipe.numbers(ACK, 2), pipe.numbers(ACK, 0)], [[1024, 1030], [1]]);
		assert.equal(announced.length, 1);
	});

	it('acknowledges soon what the other end may wait for, though something else has more time', async (t) => {
		const { openRelay, pass } = stage(t);
		const pipe = openRelay();
		pipe.say({ t: 'open', n: 2, label: 'x' });
		pipe.hear(TEXT, 2, 0, 'x');
		pipe.hear(TEXT, 2, 1, 'x'.repeat(64 * 1024));
		pass(ACK_SOON);
		assert.deepEqual(pipe.numbers(ACK, 2), [2]);
		pipe.hear(TEXT, 2, 2, 'x');
		pass(ACK_SOON);
		assert.deepEqual(pipe.numbers(ACK, 2), [2]);
		pass(ACK_DELAY);
		assert.deepEqual(pipe.numbers(ACK, 2), [2, 3]);
	});

	it('acknowledges again what comes again: the first acknowledgement may be lost', (t) => {
		const { openRelay, pass, host } = stage(t);
		const pipe = openRelay();
		pipe.say({ t: 'open', n: 2, label: 'x' });
		pipe.hear(TEXT, 2, 0, 'x');
		pass(ACK_DELAY);
		const trunk = host.peer().open();
		trunk.hear(TEXT, 2, 0, 'x');
		pass(ACK_DELAY);
		assert.deepEqual(trunk.numbers(ACK, 2), [1]);
	});

	it('takes no more channels of the other end than the bound, and goes on', (t) => {
		const { openRelay, session, announced, closes } = stage(t);
		const pipe = openRelay();
		for (let index = 0; index < LIMITS.channelsPerSession + 5; index++) {
			pipe.say({ t: 'open', n: 2 + 2 * index, label: 'x' });
		}
		assert.deepEqual([session.channels.length, announced.length], Array(2).fill(LIMITS.channelsPerSession));
		const refused = pipe.said.filter((each) => each.t === 'close');
		assert.equal(refused.length, 5);
		assert.deepEqual(closes, []);
	});

	it('ends when the other end asks without end and acknowledges nothing', (t) => {
		const { openRelay, codes, announced, pass } = stage(t);
		const pipe = openRelay();
		let asked = 0;
		for (; codes().length === 0 && asked < 200_000; asked++) {
			pipe.say({ t: 'open', n: 2, label: 'x' });
			pipe.say({ t: 'close', n: 2, last: 0 });
		}
		assert.deepEqual([codes(), announced.length], [['limit-reached'], asked]);
		pass(WAITS.pathless);
	});

	it('keeps nothing for negotiated channels of which it knows nothing, however many there are', (t) => {
		const { openRelay, codes, session } = stage(t);
		const pipe = openRelay();
		for (let id = 0; id < 1022; id++) pipe.say({ t: 'open', n: 2 ** 31 + id, label: '', negotiated: true });
		assert.deepEqual([codes(), session.channels.length], [[], 0]);
		pipe.say({ t: 'open', n: 2 ** 31 + 1022, label: '', negotiated: true });
		assert.deepEqual(codes(), ['bad-message']);
	});

	const bad: [name: string, say: (pipe: FakePipe) => void, code?: ErrorCode][] = [
		['less than a frame', (pipe) => pipe.frame(new Uint8Array(3))],
		['nothing', (pipe) => pipe.frame(new Uint8Array())],
		['a frame of no known kind', (pipe) => pipe.hear(9, 0, 0)],
		...['garbage', 'null', '1', '[]', '{}', '{"n":1}', '{"t":"hello","n":1}', '{"t":["bye"]}', '{"t":"__proto__"}'].map(
			(text): [string, (pipe: FakePipe) => void] => [text, (pipe) => pipe.say(text)],
		),
		['bytes about the session', (pipe) => pipe.hear(BYTES, 0, 0, new Uint8Array(2))],
		['more than may be said at once', (pipe) => pipe.say('"'.padEnd(LIMITS.controlLength + 1))],
		['what is further ahead than anybody may be', farAhead],
		['a channel of its own with a number of ours', (pipe) => pipe.say({ t: 'open', n: 1, label: '' })],
		['the same channel twice', (pipe) => [0, 1].map(() => pipe.say({ t: 'open', n: 2, label: '' }))],
		...[
			{ n: 0 },
			{ n: -2 },
			{ n: 2 ** 31 + 1022 },
			{ n: 2 ** 32 },
			{ n: 2 ** 53 - 2 },
			{ protocol: {} },
			{ ordered: 'no' },
			{ negotiated: 'yes' },
			{ maxRetransmits: -1 },
			{ maxRetransmits: 65_536 },
			{ maxRetransmits: '1' },
			{ maxPacketLifeTime: 1.5 },
			{ label: 'x'.repeat(LIMITS.channelNameBytes + 1) },
		].map((each): [string, (pipe: FakePipe) => void] => [
			`a channel with ${JSON.stringify(each).slice(0, 60)}`,
			(pipe) => pipe.say({ t: 'open', n: 2, label: 'x', ...each }),
		]),
	];
	for (const [name, say] of bad) {
		it(`ends when the other end says ${name}`, (t) => {
			const { openRelay, codes, host, relay } = stage(t);
			const pipe = openRelay();
			say(pipe);
			assert.deepEqual(codes(), ['bad-message']);
			assert.ok(relay.pipe().closed && host.peer().closed);
			pipe.hear(PING, 0, 1);
			pipe.say({ t: 'bye', reason: 'late' });
			assert.equal(codes().length, 1);
		});
	}

	it('passes over what is about channels that are closed, or never were', (t) => {
		const { openRelay, closes } = stage(t);
		const pipe = openRelay();
		pipe.hear(TEXT, 999, 0, 'late');
		pipe.hear(ACK, 999, 5);
		pipe.hear(ACK, 0, 2 ** 48 - 1);
		pipe.say({ t: 'lane', n: 999, a: 0 });
		pipe.say({ t: 'close', n: 999, last: 5 });
		pipe.say({ t: 'close', n: -1, last: -1 });
		assert.deepEqual(closes, []);
	});
});

/** Messages about the session of which the first never comes. */
function farAhead(pipe: FakePipe): void {
	for (let number = 1; number <= LIMITS.channelKeptMessages + 1; number++) pipe.say('', number);
}
