import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Channel } from '../../src/peer/channel.js';
import { ACK, BYTES, PING, PONG, TEXT } from '../../src/peer/frames.js';
import type { PathKind } from '../../src/peer/paths.js';
import type { DataChannelOptions } from '../../src/peer/rtc.js';
import { Session, type SessionOptions } from '../../src/peer/session.js';
import { EnslavismError, type ErrorCode } from '../../src/wire/index.js';
import * as LIMITS from '../../src/wire/limits.js';
import * as WAITS from '../../src/wire/waits.js';
import { type FakePipe, fakeHost, fakeRelay } from '../support/fake-rtc.js';
import { coded } from '../support/stage.js';
import { turns } from '../support/wait.js';

/** From a message until it is acknowledged, if not sooner. */
const ACK_DELAY = 100;

/** A session on fake paths, and a clock that stands until the test moves it. */
function stage(t: TestContext, options: Partial<SessionOptions> = {}) {
	t.mock.timers.enable({ apis: ['setTimeout'] });
	t.mock.method(Math, 'random', () => 0.5);
	let now = 1000;
	t.mock.method(performance, 'now', () => now);
	const host = fakeHost();
	const relay = fakeRelay();
	const signals: string[] = [];
	const session = new Session({
		createPeer: host.createPeer,
		rtc: () => ({ iceServers: [] }),
		makes: 'offer',
		timeout: WAITS.connect,
		openRelay: relay.open,
		signals: {
			description: (type, sdp, attempt) => signals.push(`${type} ${attempt}${sdp === undefined ? ' bare' : ''}`),
			candidate: ({ candidate }, attempt) => signals.push(`${candidate} ${attempt}`),
		},
		...options,
	});
	const closes: EnslavismError[] = [];
	const paths: unknown[] = [];
	const announced: Channel[] = [];
	session.on('close', (error) => closes.push(error));
	session.on('path', (path) => paths.push(path));
	session.on('datachannel', (channel) => announced.push(channel));
	return {
		session,
		host,
		relay,
		signals,
		closes,
		paths,
		announced,
		codes: () => closes.map(({ code }) => code),
		pass(ms: number): void {
			for (let step = 0; step < ms; step += 10) {
				now += Math.min(10, ms - step);
				t.mock.timers.tick(Math.min(10, ms - step));
			}
		},
		/** Begins; the host describes itself, and the way through the master is open. */
		begin(): void {
			session.start();
			host.peer().describe('offer');
		},
		/** Opens it over the relay. */
		openRelay(): FakePipe {
			session.start();
			host.peer().describe('offer');
			session.accepted();
			assert.equal(session.path, 'relay');
			return relay.pipe();
		},
		/** Opens it over WebRTC alone. */
		openRtc() {
			relay.up = false;
			session.start();
			host.peer().describe('offer');
			session.accepted();
			const trunk = host.peer().open();
			assert.equal(session.path, 'rtc');
			return trunk;
		},
		/** A channel of this end, and its number. */
		async channel(name = 'x', channelOptions: DataChannelOptions = {}) {
			const channel = await session.createDataChannel(name, channelOptions);
			const heard: unknown[] = [];
			channel.on('message', ({ data }) => heard.push(data));
			return Object.assign(channel, { heard });
		},
	};
}

describe('a session that opens', () => {
	it('makes its offer, sends it before its candidates, and applies the answer before theirs', (t) => {
		const { session, host, signals } = stage(t);
		session.start();
		const peer = host.peer();
		peer.handlers.candidate('mine 1', '0');
		peer.describe('offer');
		peer.handlers.candidate('mine 2', '0');
		session.candidate({ candidate: 'yours', mid: '0' });
		session.description('answer', 'the answer');
		assert.deepEqual(signals, ['offer 0', 'mine 1 0', 'mine 2 0']);
		assert.deepEqual(peer.calls, [
			'createChannel enslavism',
			'offer',
			'accept answer the answer',
			'addCandidate yours',
		]);
	});

	it('does not offer when it answers', (t) => {
		const { session, host } = stage(t, { makes: 'answer' });
		session.start();
		session.description('offer', 'the offer');
		assert.deepEqual(host.peer().calls, ['createChannel enslavism', 'accept offer the offer']);
	});

	it('is open over the relay when the other end has accepted, and not before', async (t) => {
		const { session, begin, relay } = stage(t);
		begin();
		assert.deepEqual([relay.pipes.length, session.open, session.path], [1, false, undefined]);
		session.accepted();
		assert.deepEqual([session.open, session.path], [true, 'relay']);
		await session.opened;
	});

	it('is open over WebRTC where there is no relay', async (t) => {
		const { session, openRtc, relay } = stage(t);
		openRtc();
		await session.opened;
		assert.equal(relay.pipes.length, 0);
	});

	it('makes no WebRTC connection where it does not want one', (t) => {
		const { session, host, relay, signals } = stage(t, { paths: ['relay'] });
		session.start();
		assert.deepEqual([signals, host.peers.length], [['offer 0 bare'], 0]);
		session.accepted();
		assert.equal(session.path, 'relay');
		relay.pipe().handlers.lost(false);
		assert.equal(host.peers.length, 0);
	});

	it('opens no way through the master where either end does not want one', (t) => {
		for (const mine of [true, false]) {
			const { session, host, relay } = stage(t, mine ? { paths: ['rtc'] } : {});
			session.start();
			host.peer().describe('offer');
			session.accepted(mine);
			assert.deepEqual([session.open, relay.pipes.every(({ closed }) => closed)], [false, true]);
			host.peer().open();
			assert.equal(session.path, 'rtc');
			session.wake();
			assert.ok(relay.pipes.every(({ closed }) => closed));
			session.fail(new EnslavismError('session-closed'));
			t.mock.restoreAll();
			t.mock.timers.reset();
		}
	});

	it('is over at once where the other end wants none of the paths that it wants itself', async (t) => {
		const wishes: [paths: PathKind[], relay: boolean, rtc: boolean][] = [
			[['relay'], false, true],
			[['rtc'], true, false],
			[['rtc', 'relay'], false, false],
		];
		for (const [paths, relay, rtc] of wishes) {
			const { session, host, codes } = stage(t, { paths });
			session.start();
			session.accepted(relay, rtc);
			await assert.rejects(session.opened, coded('no-common-path'));
			assert.deepEqual(codes(), ['no-common-path']);
			assert.ok(host.peers.every(({ closed }) => closed));
			t.mock.restoreAll();
			t.mock.timers.reset();
		}
	});

	it('makes no further WebRTC connection where the other end wants none', async (t) => {
		const { session, begin, host, pass } = stage(t);
		begin();
		const late = assert.rejects(session.createDataChannel('x', { early: false }), coded('no-common-path'));
		session.accepted(true, false);
		assert.equal(session.path, 'relay');
		await late;
		session.wake();
		pass(WAITS.rtc + WAITS.backoffCap);
		assert.deepEqual([host.peers.length, host.peer().closed, session.path], [1, true, 'relay']);
	});

	it('is over at once where the other end turns out not to take the only way that there is', (t) => {
		for (const open of [false, true]) {
			const { session, relay, codes } = stage(t, { paths: ['relay'] });
			session.start();
			if (open) session.accepted();
			relay.pipe().handlers.lost(true);
			session.accepted();
			assert.deepEqual(codes(), [open ? 'session-closed' : 'no-common-path']);
			t.mock.restoreAll();
			t.mock.timers.reset();
		}
	});

	it('takes the way that the other end has opened, if it wants one', (t) => {
		const { session, relay } = stage(t, { makes: 'answer', openRelay: undefined });
		session.start();
		session.relay(relay.open);
		assert.deepEqual([session.open, session.path], [true, 'relay']);
	});

	it('gives up when its time is over, and tells everybody who waits', async (t) => {
		const { session, host, codes, pass } = stage(t);
		session.start();
		const waiting = [session.createDataChannel('a'), session.createDataChannel('b', { negotiated: true, id: 1 })];
		const rejected = Promise.all(waiting.map((each) => assert.rejects(each, coded('connect-timeout'))));
		host.peer().describe('offer');
		pass(WAITS.connect - 10);
		assert.deepEqual(codes(), []);
		pass(10);
		await rejected;
		await assert.rejects(session.opened, coded('connect-timeout'));
		assert.deepEqual(codes(), ['connect-timeout']);
		assert.ok(host.peers.every(({ closed }) => closed));
	});

	it('has all the time in the world once it is open', (t) => {
		const { openRtc, pass, closes } = stage(t);
		openRtc();
		pass(2 * WAITS.connect);
		assert.deepEqual(closes, []);
	});

	for (const problem of ['offer', 'accept'] as const) {
		it(`is opened over the relay also when the host throws at ${problem}`, (t) => {
			const { session, host, relay } = stage(t);
			session.start();
			host.peer().describe('offer');
			host.problems[problem] = new Error('not today');
			session.description('answer', 'garbage');
			session.accepted();
			assert.equal(session.path, 'relay');
			assert.equal(relay.pipes.length, 1);
		});

		it(`ends with rtc-failed when the host throws at ${problem} again and again, and there is no relay`, (t) => {
			const { session, host, relay, codes, pass, closes } = stage(t);
			relay.up = false;
			host.problems[problem] = new Error('not today');
			session.start();
			for (let round = 0; round < 2 * LIMITS.retries; round++) {
				host.peer().describe('offer');
				session.description('answer', 'garbage', host.peers.length - 1);
				pass(20);
			}
			assert.deepEqual([codes(), closes[0]?.message], [['rtc-failed'], 'not today']);
			assert.equal(host.peers.length, 1 + LIMITS.retries);
			assert.ok(host.peers.every(({ closed }) => closed));
		});
	}

	it('begins WebRTC anew where it failed at once, as the same session', (t) => {
		const { session, host, signals, relay, pass, closes } = stage(t);
		relay.up = false;
		session.start();
		host.peer().describe('offer');
		host.peer().handlers.state('failed');
		assert.ok(host.peers[0]?.closed);
		pass(10);
		host.peer().describe('offer');
		session.description('answer', 'late', 0);
		session.description('answer', 'good', 1);
		assert.deepEqual(signals, ['offer 0', 'offer 1']);
		assert.deepEqual(
			host.peer().calls.filter((call) => call.startsWith('accept')),
			['accept answer good'],
		);
		session.accepted();
		host.peer().open();
		assert.deepEqual([session.path, closes], ['rtc', []]);
	});
});

describe('the paths of a session', () => {
	it('are exchanged under its channels: to WebRTC when it opens, and back when it dies', async (t) => {
		const { openRelay, session, host, paths, channel } = stage(t);
		const pipe = openRelay();
		const x = await channel();
		x.send('0');
		const trunk = host.peer().open();
		x.send('1');
		assert.deepEqual(pipe.messages(x.number), [[0, '0']]);
		assert.deepEqual(trunk.messages(x.number), [[1, '1']]);
		host.peers[0]?.handlers.state('failed');
		assert.deepEqual(pipe.messages(x.number), [
			[0, '0'],
			[0, '0'],
			[1, '1'],
		]);
		assert.deepEqual([paths, session.path, x.readyState], [['rtc', 'relay'], 'relay', 'open']);
	});

	it('take nothing with them that was acknowledged, nor what is unreliable', async (t) => {
		const { openRelay, host, channel } = stage(t);
		const pipe = openRelay();
		const x = await channel();
		const lossy = await channel('lossy', { ordered: false, maxRetransmits: 0 });
		const trunk = host.peer().open();
		for (const each of ['0', '1', '2']) x.send(each);
		lossy.send('gone');
		trunk.hear(ACK, x.number, 2);
		assert.equal(x.bufferedAmount, 1);
		host.peers[0]?.handlers.state('closed');
		assert.deepEqual(pipe.messages(x.number), [[2, '2']]);
		assert.deepEqual(pipe.messages(lossy.number), []);
		lossy.send('new');
		assert.deepEqual(pipe.messages(lossy.number), [[0, 'new']]);
	});

	it('carry the messages of a channel in order, each once, whatever comes over which', async (t) => {
		const { openRelay, host, announced } = stage(t);
		const pipe = openRelay();
		pipe.say({ t: 'open', n: 2, id: 1, label: 'theirs' }, 0);
		const heard: unknown[] = [];
		announced[0]?.on('message', ({ data }) => heard.push(data));
		const trunk = host.peer().open();
		trunk.hear(TEXT, 2, 2, 'c');
		trunk.hear(TEXT, 2, 1, 'b');
		pipe.hear(TEXT, 2, 1, 'b');
		pipe.hear(TEXT, 2, 0, 'a');
		trunk.hear(BYTES, 2, 3, new Uint8Array([1]));
		trunk.say({ t: 'open', n: 2, id: 1, label: 'theirs' }, 0);
		assert.deepEqual(heard, ['a', 'b', 'c', new Uint8Array([1]).buffer]);
		assert.equal(announced.length, 1);
	});

	it('are waited for when both are gone, for a while, and then it is over', async (t) => {
		const { openRelay, session, host, relay, paths, codes, pass, channel } = stage(t);
		const pipe = openRelay();
		const x = await channel();
		host.peer().open();
		relay.up = false;
		pipe.handlers.lost(false);
		assert.equal(session.path, 'rtc');
		host.peer().handlers.state('failed');
		assert.deepEqual([session.path, session.open, x.readyState], [undefined, true, 'open']);
		x.send('kept');
		assert.equal(x.bufferedAmount, 4);
		pass(WAITS.pathless - 100);
		assert.deepEqual(codes(), []);
		pass(200);
		assert.deepEqual([codes(), x.readyState], [['session-closed'], 'closed']);
		assert.deepEqual(paths, ['rtc', undefined]);
	});

	it('come back: what was sent meanwhile arrives', async (t) => {
		const { openRelay, session, host, relay, paths, closes, pass, channel } = stage(t);
		openRelay();
		const x = await channel();
		relay.up = false;
		relay.pipe().handlers.lost(false);
		x.send('0');
		relay.up = true;
		session.wake();
		assert.deepEqual(relay.pipe().messages(x.number), [[0, '0']]);
		relay.up = false;
		relay.pipe().handlers.lost(false);
		host.peer().open();
		assert.deepEqual(host.peer().trunk.messages(x.number), [[0, '0']]);
		pass(2 * WAITS.pathless);
		assert.deepEqual([closes, paths], [[], [undefined, 'relay', undefined, 'rtc']]);
	});

	it('send again what was on its way in a relay that the other end has exchanged', async (t) => {
		const { session, relay, announced } = stage(t, { makes: 'answer', openRelay: undefined });
		session.start();
		session.relay(relay.open);
		relay.pipe().say({ t: 'open', n: 1, id: 2, label: 'theirs' });
		announced[0]?.send('0');
		const old = relay.pipe();
		session.relay(relay.open);
		assert.ok(old.closed);
		assert.deepEqual(relay.pipe().messages(1), [[0, '0']]);
		old.handlers.lost(false);
		assert.equal(session.path, 'relay');
	});

	it('are left when the other end, which saw them fail first, tries again', async (t) => {
		const { session, host, relay, announced, paths } = stage(t, { makes: 'answer', openRelay: undefined });
		session.start();
		session.relay(relay.open);
		session.description('offer', 'first', 0);
		host.peer().open();
		const old = host.peer();
		old.trunk.say({ t: 'open', n: 1, id: 2, label: 'theirs' });
		announced[0]?.send('0');
		session.description('offer', 'second', 1);
		assert.ok(old.closed);
		assert.deepEqual([session.path, relay.pipe().messages(1)], ['relay', [[0, '0']]]);
		announced[0]?.send('1');
		assert.deepEqual(relay.pipe().messages(1).at(-1), [1, '1']);
		host.peer().open();
		session.description('offer', 'first again', 0);
		assert.deepEqual([session.path, paths, host.peers.length], ['rtc', ['rtc', 'relay', 'rtc'], 2]);
	});

	it('are waited for when the only one is left for a new attempt', async (t) => {
		const { session, host, announced, paths } = stage(t, { makes: 'answer', openRelay: undefined });
		session.start();
		session.description('offer', 'first', 0);
		host.peer().open();
		host.peer().trunk.say({ t: 'open', n: 1, id: 2, label: 'theirs' });
		announced[0]?.send('0');
		session.description('offer', 'second', 1);
		assert.deepEqual([session.path, session.open], [undefined, true]);
		const trunk = host.peer().open();
		assert.deepEqual([session.path, trunk.messages(1), paths], ['rtc', [[0, '0']], [undefined, 'rtc']]);
	});

	it('are tried again with waits that grow, and at once when the host wakes', (t) => {
		const { openRelay, session, host, signals, pass } = stage(t);
		openRelay();
		const waits: number[] = [];
		let waited = 0;
		let last = host.peers.length;
		pass(WAITS.retry);
		for (; waits.length < 6; waited += 10) {
			pass(10);
			if (host.peers.length === last) continue;
			last = host.peers.length;
			host.peer().describe('offer');
			waits.push(waited);
			waited = 0;
			pass(WAITS.retry);
			host.peer().handlers.state('failed');
		}
		assert.ok((waits[5] as number) > (waits[2] as number), waits.join());
		assert.deepEqual(signals.length, host.peers.length);
		session.wake();
		assert.equal(host.peers.length, last + 1);
		assert.equal(session.path, 'relay');
	});

	it('are not begun anew by a host that wakes while one is on its way, but are by another link', (t) => {
		const { session, begin, host } = stage(t);
		begin();
		session.wake(false);
		assert.equal(host.peers.length, 1);
		session.wake();
		assert.deepEqual([host.peers.length, host.peers[0]?.closed], [2, true]);
		session.accepted();
		session.wake();
		assert.equal(host.peers.length, 3, 'accepted or not: what was said about it is lost');
		host.peer().open();
		session.wake();
		assert.deepEqual([host.peers.length, session.path], [3, 'rtc']);
	});

	it('are offered again over another link by an end that wants the relay alone, until it is accepted', (t) => {
		const { session, signals } = stage(t, { paths: ['relay'] });
		session.start();
		session.wake();
		assert.deepEqual(signals, ['offer 0 bare', 'offer 1 bare']);
		session.accepted();
		session.wake();
		assert.deepEqual(signals, ['offer 0 bare', 'offer 1 bare']);
	});

	it('through the master are opened again when they are lost while WebRTC carries, with waits that grow', (t) => {
		const { openRelay, host, session, relay, pass } = stage(t);
		openRelay();
		host.peer().open();
		relay.pipe().handlers.lost(false);
		pass(WAITS.backoffBase);
		assert.deepEqual([relay.pipes.length, session.path], [2, 'rtc']);
		const lasted: number[] = [];
		for (let time = 0, round = 0; round < 8; time += 10) {
			if (time === 0) relay.pipe().handlers.lost(false);
			const before: number = relay.pipes.length;
			pass(10);
			if (relay.pipes.length === before) continue;
			lasted.push(time);
			time = -10;
			round++;
		}
		assert.ok((lasted[6] as number) > 3 * (lasted[1] as number), lasted.join());
		assert.ok(lasted.every((time) => time <= WAITS.backoffCap));
		pass(WAITS.backoffReset + 10);
		relay.pipe().handlers.lost(false);
		const before = relay.pipes.length;
		pass(WAITS.backoffBase);
		assert.equal(relay.pipes.length, before + 1, 'one that lasted begins with short waits again');
	});

	it('through the master are opened later where they cannot be at first', (t) => {
		const { openRtc, session, relay, pass } = stage(t);
		relay.up = false;
		openRtc();
		session.accepted();
		pass(5000);
		assert.equal(relay.pipes.length, 0);
		relay.up = true;
		pass(WAITS.backoffCap);
		assert.deepEqual([relay.pipes.length, session.path], [1, 'rtc']);
		pass(60_000);
		assert.equal(relay.pipes.length, 1);
		relay.pipe().handlers.lost(true);
		pass(60_000);
		assert.equal(relay.pipes.length, 1, 'the other end does not want it');
	});

	it('are left when they are in doubt, where there is another one', async (t) => {
		const { openRelay, session, host, pass, channel } = stage(t);
		const pipe = openRelay();
		host.peer().open();
		const x = await channel();
		host.peer().handlers.state('disconnected');
		pass(10);
		assert.equal(session.path, 'relay');
		x.send('0');
		assert.deepEqual(pipe.messages(x.number), [[0, '0']]);
	});

	it('are given time when they are in doubt and the only ones', (t) => {
		const { openRtc, host, session, pass } = stage(t);
		openRtc();
		host.peer().handlers.state('disconnected');
		pass(WAITS.disconnected - 10);
		host.peer().handlers.state('connected');
		pass(WAITS.disconnected);
		assert.equal(session.path, 'rtc');
		host.peer().handlers.state('disconnected');
		pass(WAITS.disconnected);
		assert.equal(session.path, undefined);
	});

	it('end the session where the other end hung up and there is no other', (t) => {
		const { openRtc, codes } = stage(t);
		openRtc().handlers.closed();
		assert.deepEqual(codes(), ['session-closed']);
	});

	it('take no part in the session any more once they are lost', async (t) => {
		const { openRelay, session, host, channel } = stage(t);
		const pipe = openRelay();
		const x = await channel();
		const trunk = host.peer().open();
		const [first] = host.peers;
		first?.handlers.state('failed');
		trunk.hear(TEXT, x.number, 0, 'late');
		first?.describe('offer');
		first?.handlers.state('connected');
		trunk.handlers.closed();
		assert.deepEqual([x.heard, session.path], [[], 'relay']);
		pipe.hear(TEXT, x.number, 0, 'in time');
		assert.deepEqual(x.heard, ['in time']);
	});
});

describe('a lane', () => {
	it('is announced by both ends for the attempt that it belongs to, and used when both have it', async (t) => {
		const { openRelay, host, channel } = stage(t);
		const pipe = openRelay();
		const x = await channel('x', { ordered: false, maxRetransmits: 0 });
		const trunk = host.peer().open();
		const lane = host.peer().channel('x');
		assert.deepEqual(trunk.said.at(-1), { t: 'lane', n: x.number, a: 0 });
		lane.handlers.open();
		x.send('still over the trunk');
		pipe.say({ t: 'lane', n: x.number, a: 7 });
		x.send('an attempt that is none');
		pipe.say({ t: 'lane', n: x.number, a: 0 });
		x.send('over the lane');
		assert.deepEqual([trunk.messages(x.number).length, lane.sent], [2, ['over the lane']]);
	});

	it('is given to one channel alone, where the numbers of both ends meet', async (t) => {
		const { openRelay, session, host, announced } = stage(t);
		const pipe = openRelay();
		host.peer().open();
		session.createDataChannel('mine', { negotiated: true, id: 3 }).catch(() => {});
		await turns();
		pipe.say({ t: 'open', n: 2, id: 3, label: 'theirs' });
		assert.equal(announced.length, 1);
		assert.equal(host.peer().channels.filter(({ id }) => id === 3).length, 1);
	});

	it('that cannot be made leaves the channel on the trunk', async (t) => {
		const { openRelay, host, channel } = stage(t);
		const pipe = openRelay();
		const x = await channel();
		host.problems.createChannel = new Error('in use');
		const trunk = host.peer().open();
		pipe.say({ t: 'lane', n: x.number, a: 0 });
		x.send('0');
		assert.deepEqual(trunk.messages(x.number), [[0, '0']]);
		assert.equal(
			trunk.said.some((each) => each.t === 'lane'),
			false,
		);
	});
});

describe('a session over the relay', () => {
	it('keeps no more for all of its channels together than for one', async (t) => {
		const { session, begin, relay } = stage(t);
		begin();
		session.accepted();
		const [one, other] = await Promise.all([session.createDataChannel('one'), session.createDataChannel('other')]);
		relay.pipe().queued = LIMITS.channelBufferedBytes + 1;
		for (const channel of [one, other]) {
			assert.throws(() => channel.send('x'), coded('buffer-full'));
			assert.equal(channel.bufferedAmount, 0, 'nothing is kept of what was refused');
		}
		relay.pipe().queued = 0;
		one.send('first');
		assert.deepEqual(relay.pipe().messages(one.number), [[0, 'first']]);
	});
});

describe('channels before the other end has accepted', () => {
	it('are sent with the offer when they are eager, within a bound', async (t) => {
		const { session, begin, relay } = stage(t);
		begin();
		const x = await session.createDataChannel('x', { eager: true });
		x.send('early');
		const pipe = relay.pipe();
		assert.deepEqual(
			pipe.said.map(({ t: name, label }) => [name, label]),
			[['open', 'x']],
		);
		assert.deepEqual(pipe.messages(x.number), [[0, 'early']]);
		assert.throws(() => x.send(new Uint8Array(LIMITS.earlyBytes)), coded('buffer-full'));
		const y = await session.createDataChannel('y', { eager: true });
		let room = 0;
		assert.throws(() => {
			for (;;) {
				y.send(new Uint8Array(1024));
				room += 1024;
			}
		}, coded('buffer-full'));
		assert.ok(room < LIMITS.earlyBytes, 'the bound is that of the session');
		session.accepted();
		x.send(new Uint8Array(LIMITS.earlyBytes));
		assert.equal(session.path, 'relay');
	});

	it('share the early bound among reliable ones, which throw, and unreliable ones, which drop', async (t) => {
		for (const size of [1, 1024]) {
			const { session, begin, relay } = stage(t);
			begin();
			const loose = await session.createDataChannel('loose', { eager: true, ordered: false, maxRetransmits: 0 });
			const sure = await session.createDataChannel('sure', { eager: true });
			const pipe = relay.pipe();
			const left = () => pipe.frames.reduce((sum, { data }) => sum + 15 + new Blob([data]).size, 0);
			for (let sent = 0; sent < 50 * 1024; sent += size) loose.send(new Uint8Array(size));
			assert.throws(() => {
				for (;;) sure.send('ü'.repeat(size));
			}, coded('buffer-full'));
			const before = pipe.messages(loose.number).length;
			for (let sent = 0; sent < 1024 * 1024; sent += 1024) loose.send('ü'.repeat(1024));
			assert.equal(pipe.messages(loose.number).length, before, 'later ones drop');
			// What the master passes on is twice as much, and has room for what is said about the channels.
			assert.ok(left() <= 2 * LIMITS.earlyBytes, `${left()} bytes left`);
			session.accepted();
			loose.send('again');
			assert.deepEqual(pipe.messages(loose.number).at(-1), [0, 'again']);
			session.fail(new EnslavismError('session-closed'));
			t.mock.restoreAll();
			t.mock.timers.reset();
		}
	});

	it('are closed with an error when it refuses', async (t) => {
		const { session, begin } = stage(t);
		begin();
		const x = await session.createDataChannel('x', { eager: true });
		const waiting = assert.rejects(session.createDataChannel('y'), coded('rejected', 'full'));
		const errors: string[] = [];
		x.on('error', ({ error }) => errors.push(error.code));
		x.send('early');
		session.fail(new EnslavismError('rejected', 'full', { reason: 'full' }));
		await waiting;
		assert.deepEqual([errors, x.readyState], [['rejected'], 'closed']);
	});

	it('carry what was sent before there was any path', async (t) => {
		const { session, relay, host } = stage(t);
		relay.up = false;
		session.start();
		const x = await session.createDataChannel('x', { eager: true });
		x.send('early');
		host.peer().describe('offer');
		session.accepted();
		const trunk = host.peer().open();
		assert.deepEqual(trunk.messages(x.number), [[0, 'early']]);
	});

	it('tell the other end no lies when they are closed again', async (t) => {
		const { session, relay, host, closes } = stage(t);
		relay.up = false;
		session.start();
		const x = await session.createDataChannel('x', { eager: true });
		x.send('early');
		x.close();
		await turns();
		host.peer().describe('offer');
		session.accepted();
		const trunk = host.peer().open();
		const last = trunk.said.find((each) => each.t === 'close')?.last ?? 0;
		assert.equal(trunk.messages(x.number).length, last, 'no more are promised than are sent');
		assert.deepEqual(closes, []);
	});

	it('wait for WebRTC where they were told to', async (t) => {
		const { openRelay, session, host } = stage(t);
		openRelay();
		let resolved = false;
		const waiting = session.createDataChannel('x', { early: false }).then(() => {
			resolved = true;
		});
		await turns();
		assert.equal(resolved, false);
		host.peer().open();
		await waiting;
	});

	it('do not wait for ever for a path that this end does not want', async (t) => {
		const { session } = stage(t, { paths: ['relay'] });
		session.start();
		session.accepted();
		await assert.rejects(session.createDataChannel('x', { early: false }), coded('bad-option'));
	});
});

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
			pipe.say({ t: 'open', n: 2, id: 1, label: 'x' });
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
		pipe.say({ t: 'open', n: 2, id: 1, label: 'x' });
		for (let number = 0; number < 70; number++) pipe.hear(TEXT, 2, number, 'x');
		assert.deepEqual(pipe.numbers(ACK, 2), [64]);
		pass(ACK_DELAY);
		assert.deepEqual([pipe.numbers(ACK, 2), pipe.numbers(ACK, 0)], [[64, 70], [1]]);
		assert.equal(announced.length, 1);
	});

	it('acknowledges again what comes again: the first acknowledgement may be lost', (t) => {
		const { openRelay, pass, host } = stage(t);
		const pipe = openRelay();
		pipe.say({ t: 'open', n: 2, id: 1, label: 'x' });
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
			pipe.say({ t: 'open', n: 2 + 2 * index, id: (1 + 2 * index) % 1022, label: 'x' });
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
			pipe.say({ t: 'open', n: 2, id: 1, label: 'x' });
			pipe.say({ t: 'close', n: 2, last: 0 });
		}
		assert.deepEqual([codes(), announced.length], [['limit-reached'], asked]);
		pass(WAITS.pathless);
	});

	it('keeps nothing for negotiated channels of which it knows nothing, however many there are', (t) => {
		const { openRelay, codes, session } = stage(t);
		const pipe = openRelay();
		for (let id = 0; id < 1022; id++) pipe.say({ t: 'open', n: 2 ** 31 + id, id, label: '', negotiated: true });
		assert.deepEqual([codes(), session.channels.length], [[], 0]);
		pipe.say({ t: 'open', n: 2 ** 31 + 1022, id: 1022, label: '', negotiated: true });
		assert.deepEqual(codes(), ['bad-message']);
	});

	const bad: [name: string, say: (pipe: FakePipe) => void, code?: ErrorCode][] = [
		['less than a frame', (pipe) => pipe.frame(new Uint8Array(3))],
		['nothing', (pipe) => pipe.frame(new Uint8Array())],
		['a frame of no known kind', (pipe) => pipe.hear(9, 0, 0)],
		['garbage', (pipe) => pipe.say('garbage')],
		['bytes about the session', (pipe) => pipe.hear(BYTES, 0, 0, new Uint8Array(2))],
		['more than may be said at once', (pipe) => pipe.say('"'.padEnd(LIMITS.controlLength + 1))],
		['what is further ahead than anybody may be', farAhead],
		['a channel of its own with a number of ours', (pipe) => pipe.say({ t: 'open', n: 1, id: 2, label: '' })],
		['the same channel twice', (pipe) => [0, 1].map(() => pipe.say({ t: 'open', n: 2, id: 1, label: '' }))],
		...[
			{ n: 0 },
			{ n: -2 },
			{ n: 2 ** 31 },
			{ n: 2 ** 31, negotiated: true },
			{ n: 2 ** 32 },
			{ n: 2 ** 53 - 2 },
			{ id: -1 },
			{ id: 1022 },
			{ id: 1e15 },
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
			(pipe) => pipe.say({ t: 'open', n: 2, id: 1, label: 'x', ...each }),
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

describe('a channel that closes', () => {
	it('is closed by both ends, each telling where its messages end', async (t) => {
		const { openRelay, channel, session } = stage(t);
		const pipe = openRelay();
		const x = await channel();
		x.send('0');
		x.send('1');
		x.close();
		assert.deepEqual(pipe.said.at(-1), { t: 'close', n: x.number, last: 2 });
		pipe.say({ t: 'close', n: x.number, last: 1 });
		assert.equal(x.readyState, 'closing');
		pipe.hear(TEXT, x.number, 0, 'their last');
		assert.deepEqual([x.heard, x.readyState, session.channels, session.open], [['their last'], 'closed', [], true]);
		assert.equal(pipe.said.filter((each) => each.t === 'close').length, 1);
	});

	it('from the other end is answered once all of it has arrived', (t) => {
		const { openRelay, announced } = stage(t);
		const pipe = openRelay();
		pipe.say({ t: 'open', n: 2, id: 1, label: 'x' });
		pipe.say({ t: 'close', n: 2, last: 2 });
		pipe.hear(TEXT, 2, 1, 'b');
		assert.equal(announced[0]?.readyState, 'open');
		pipe.hear(TEXT, 2, 0, 'a');
		assert.equal(announced[0]?.readyState, 'closed');
		assert.deepEqual(pipe.said.at(-1), { t: 'close', n: 2, last: 0 });
	});

	it('closes also when the path dies in the middle of it', async (t) => {
		const { openRelay, host, channel } = stage(t);
		const pipe = openRelay();
		const trunk = host.peer().open();
		const x = await channel();
		x.send('0');
		x.close();
		assert.equal(trunk.said.at(-1)?.t, 'close');
		host.peer().handlers.state('failed');
		assert.deepEqual([pipe.said.at(-1), pipe.messages(x.number)], [{ t: 'close', n: x.number, last: 1 }, [[0, '0']]]);
		pipe.say({ t: 'close', n: x.number, last: 0 });
		assert.equal(x.readyState, 'closed');
	});
});

describe('a session that closes', () => {
	it('says goodbye after what was sent, and hangs up once the other end has all of it', async (t) => {
		const { openRelay, session, codes, closes, channel } = stage(t);
		const pipe = openRelay();
		const x = await channel();
		x.send('1');
		session.close('enough');
		assert.deepEqual(pipe.said.slice(-2), [
			{ t: 'close', n: x.number, last: 1 },
			{ t: 'bye', reason: 'enough' },
		]);
		assert.deepEqual([session.open, codes()], [false, []]);
		await assert.rejects(session.createDataChannel('late'), coded('session-closed'));
		session.close('twice');
		pipe.say({ t: 'close', n: x.number, last: 0 });
		assert.deepEqual(codes(), []);
		pipe.hear(ACK, 0, pipe.said.length);
		assert.deepEqual([codes(), closes[0]?.reason, pipe.closed], [['session-closed'], 'enough', true]);
	});

	it('hangs up itself when the other end does not and nothing leaves any more', async (t) => {
		const { openRelay, session, closes, channel, pass } = stage(t);
		const pipe = openRelay();
		const x = await channel();
		for (let count = 0; count < 3; count++) x.send('x'.repeat(1000));
		session.close();
		for (const number of [1, 2]) {
			pass(WAITS.flush - 10);
			pipe.hear(ACK, x.number, number);
			pass(10);
			assert.equal(closes.length, 0, `${number}`);
		}
		pass(2 * WAITS.flush);
		assert.equal(closes.length, 1);
	});

	it('reads all that the other end has sent before its goodbye', (t) => {
		const { openRelay, session, closes, announced } = stage(t);
		const pipe = openRelay();
		pipe.say({ t: 'open', n: 2, id: 1, label: 'x' });
		const heard: unknown[] = [];
		announced[0]?.on('message', ({ data }) => heard.push(data));
		pipe.say({ t: 'close', n: 2, last: 2 });
		pipe.say({ t: 'bye', reason: 'enough' });
		pipe.hear(TEXT, 2, 0, 'a');
		assert.equal(session.open, true);
		pipe.hear(TEXT, 2, 1, 'b');
		assert.deepEqual(heard, ['a', 'b']);
		assert.deepEqual(pipe.numbers(ACK).at(-1), 3, 'so that the other end hangs up');
		pipe.handlers.lost(false);
		assert.deepEqual(
			closes.map(({ code, reason }) => [code, reason]),
			[['session-closed', 'enough']],
		);
	});

	it('waits no longer than it must for what does not arrive', (t) => {
		const { openRelay, closes, pass } = stage(t);
		const pipe = openRelay();
		pipe.say({ t: 'open', n: 2, id: 1, label: 'x' });
		pipe.say({ t: 'close', n: 2, last: 3 });
		pipe.say({ t: 'bye', reason: 'enough' });
		pass(2 * WAITS.flush);
		assert.deepEqual(
			closes.map(({ reason }) => reason),
			['enough'],
		);
	});

	it('is over on both ends when both say goodbye at once', (t) => {
		const { openRelay, session, closes, pass } = stage(t);
		const pipe = openRelay();
		session.close('mine');
		pipe.say({ t: 'bye', reason: 'theirs' });
		pass(ACK_DELAY);
		assert.equal(pipe.numbers(ACK).at(-1), 1);
		pipe.hear(ACK, 0, pipe.said.length);
		assert.equal(closes.length, 1);
	});

	it('waits for its last messages when the master says that the other end has closed', (t) => {
		const { openRtc, session, closes, pass, host } = stage(t);
		openRtc();
		const error = new EnslavismError('session-closed', 'said', { reason: 'said' });
		session.closed(error);
		assert.equal(closes.length, 0);
		host.peer().trunk.handlers.closed();
		assert.deepEqual(closes, [error]);
		pass(2 * WAITS.flush);
		assert.equal(closes.length, 1);
	});

	it('is over at once when it was not open yet', (t) => {
		const { session, closes, begin, relay } = stage(t);
		begin();
		session.close('never mind');
		assert.deepEqual(
			closes.map(({ reason }) => reason),
			['never mind'],
		);
		assert.ok(relay.pipe().closed);
	});

	it('goes on over the other path where its own dies, and is over where there is none', (t) => {
		for (const hasRelay of [true, false]) {
			const { openRelay, openRtc, session, host, relay, closes } = stage(t);
			if (hasRelay) {
				openRelay();
				host.peer().open();
			} else openRtc();
			session.close('bye');
			host.peer().handlers.state('failed');
			if (hasRelay) assert.deepEqual(relay.pipe().said.at(-1), { t: 'bye', reason: 'bye' });
			assert.equal(closes.length, hasRelay ? 0 : 1);
			session.fail(new EnslavismError('session-closed'));
			t.mock.restoreAll();
			t.mock.timers.reset();
		}
	});

	it('says nothing after that, whatever happens', async (t) => {
		const { openRelay, session, host, relay, closes, paths, announced, channel, pass } = stage(t);
		const pipe = openRelay();
		const trunk = host.peer().open();
		const x = await channel();
		let events = 0;
		session.fail(new EnslavismError('rtc-failed'));
		x.on('close', () => events++);
		const [before, said] = [paths.length, pipe.frames.length + trunk.frames.length];
		for (const each of [pipe, trunk]) {
			each.hear(PING, 0, 1);
			each.say({ t: 'open', n: 2, id: 1, label: 'late' });
			each.hear(TEXT, x.number, 0, 'late');
		}
		pipe.handlers.lost(false);
		trunk.handlers.closed();
		host.peer().handlers.state('failed');
		host.peer().describe('offer');
		session.description('answer', 'late');
		session.accepted();
		session.relay(relay.open);
		session.wake();
		session.close();
		session.closed(new EnslavismError('session-closed'));
		pass(2 * WAITS.pathless);
		assert.deepEqual([closes.length, events, paths.length - before, announced, x.heard], [1, 0, 0, [], []]);
		assert.deepEqual([host.peers.length, relay.pipes.length], [1, 1]);
		assert.equal(pipe.frames.length + trunk.frames.length, said);
	});
});
