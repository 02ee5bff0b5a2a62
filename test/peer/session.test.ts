import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PathKind } from '../../src/peer/carrier.js';
import { ACK, PING, TEXT } from '../../src/peer/frames.js';
import { CONGESTED_BYTES } from '../../src/peer/paths.js';
import { EnslavismError } from '../../src/wire/index.js';
import * as LIMITS from '../../src/wire/limits.js';
import * as WAITS from '../../src/wire/waits.js';
import { stage } from '../support/session-stage.js';
import { coded } from '../support/stage.js';
import { turns } from '../support/wait.js';

/** From a message until it is acknowledged, if not sooner. */
const ACK_DELAY = 100;

describe('a session that opens', () => {
	it('makes its offer, sends it before its candidates, and applies the answer before theirs', (t) => {
		const { session, host, signals } = stage(t);
		session.start();
		const peer = host.peer();
		peer.handlers.candidate('mine 1', '0');
		peer.describe('offer');
		peer.handlers.candidate('mine 2', '0');
		session.paths.candidate({ candidate: 'yours', mid: '0' });
		session.paths.description('answer', 'the answer');
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
		session.paths.description('offer', 'the offer');
		assert.deepEqual(host.peer().calls, ['createChannel enslavism', 'accept offer the offer']);
	});

	it('is open over the relay when the other end has accepted, and not before', async (t) => {
		const { session, begin, relay } = stage(t);
		begin();
		assert.deepEqual([relay.pipes.length, session.open, session.path], [1, false, undefined]);
		session.paths.accept();
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
		session.paths.accept();
		assert.equal(session.path, 'relay');
		relay.pipe().handlers.lost(false);
		assert.equal(host.peers.length, 0);
	});

	it('opens no way through the master where either end does not want one', (t) => {
		for (const mine of [true, false]) {
			const { session, host, relay } = stage(t, mine ? { paths: ['rtc'] } : {});
			session.start();
			host.peer().describe('offer');
			session.paths.accept(mine);
			assert.deepEqual([session.open, relay.pipes.every(({ closed }) => closed)], [false, true]);
			host.peer().open();
			assert.equal(session.path, 'rtc');
			session.paths.wake();
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
			session.paths.accept(relay, rtc);
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
		session.paths.accept(true, false);
		assert.equal(session.path, 'relay');
		await late;
		session.paths.wake();
		pass(WAITS.rtc + WAITS.backoffCap);
		assert.deepEqual([host.peers.length, host.peer().closed, session.path], [1, true, 'relay']);
	});

	it('is over the relay where a host has no WebRTC', async (t) => {
		for (const makes of ['offer', 'answer'] as const) {
			const createPeer = () => {
				throw new ReferenceError('RTCPeerConnection is not defined');
			};
			const { session, relay, signals, codes, pass } = stage(t, { createPeer, makes });
			session.start();
			if (makes === 'offer') session.paths.accept();
			else session.paths.description('offer', 'sdp', 0);
			if (makes === 'answer') session.paths.openRelay(relay.open);
			assert.equal(session.path, 'relay');
			pass(60_000);
			assert.deepEqual([signals, codes()], [makes === 'offer' ? ['offer 1 bare'] : [], []]);
			t.mock.restoreAll();
			t.mock.timers.reset();
		}
		const { session, codes } = stage(t, {
			createPeer: () => {
				throw new ReferenceError('RTCPeerConnection is not defined');
			},
			paths: ['rtc'],
		});
		session.start();
		assert.deepEqual(codes(), ['rtc-failed']);
	});

	it('is over at once where the other end turns out not to take the only way that there is', (t) => {
		for (const open of [false, true]) {
			const { session, relay, codes } = stage(t, { paths: ['relay'] });
			session.start();
			if (open) session.paths.accept();
			relay.pipe().handlers.lost(true);
			session.paths.accept();
			assert.deepEqual(codes(), [open ? 'session-closed' : 'no-common-path']);
			t.mock.restoreAll();
			t.mock.timers.reset();
		}
	});

	it('takes the way that the other end has opened, if it wants one', (t) => {
		const { session, relay } = stage(t, { makes: 'answer', openRelay: undefined });
		session.start();
		session.paths.openRelay(relay.open);
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
			session.paths.description('answer', 'garbage');
			session.paths.accept();
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
				session.paths.description('answer', 'garbage', host.peers.length - 1);
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
		session.paths.description('answer', 'late', 0);
		session.paths.description('answer', 'good', 1);
		assert.deepEqual(signals, ['offer 0', 'offer 1']);
		assert.deepEqual(
			host.peer().calls.filter((call) => call.startsWith('accept')),
			['accept answer good'],
		);
		session.paths.accept();
		host.peer().open();
		assert.deepEqual([session.path, closes], ['rtc', []]);
	});
});

describe('a session over the relay', () => {
	it('keeps no more for all of its channels together than for one', async (t) => {
		const { session, begin, relay } = stage(t);
		begin();
		session.paths.accept();
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

describe('unreliable messages over the relay', () => {
	it('are dropped while much waits there, and only they', async (t) => {
		const { openRelay, channel } = stage(t);
		const pipe = openRelay();
		const [lossy, sure] = [await channel('lossy', { ordered: false, maxRetransmits: 0 }), await channel('sure')];
		for (const [queued, text] of [
			[CONGESTED_BYTES, 'a'],
			[CONGESTED_BYTES + 1, 'b'],
			[0, 'c'],
		] as const) {
			pipe.queued = queued;
			lossy.send(text);
			sure.send(text);
		}
		assert.deepEqual(
			pipe.messages(lossy.number).map(([, text]) => text),
			['a', 'c'],
		);
		assert.deepEqual(
			pipe.messages(sure.number).map(([, text]) => text),
			['a', 'b', 'c'],
		);
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
		session.paths.accept();
		x.send(new Uint8Array(LIMITS.earlyBytes));
		assert.equal(session.path, 'relay');
	});

	it('count text in bytes', async (t) => {
		const { session, begin } = stage(t);
		begin();
		const x = await session.createDataChannel('x', { eager: true });
		x.send('€'.repeat(15_000));
		x.send('😀ü'.repeat(2000));
		assert.equal(x.bufferedAmount, 45_000 + 12_000);
		assert.throws(() => x.send('€'.repeat(3000)), coded('buffer-full'));
		x.send('a'.repeat(8000));
		assert.equal(x.bufferedAmount, 65_000);
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
			session.paths.accept();
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
		session.paths.accept();
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
		session.paths.accept();
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
		session.paths.accept();
		await assert.rejects(session.createDataChannel('x', { early: false }), coded('bad-option'));
	});
});

describe('a negotiated channel', () => {
	it('that the other end does not make as well is given up in time, and its id is free again', async (t) => {
		const { openRelay, session, relay, pass } = stage(t);
		openRelay();
		const create = () => session.createDataChannel('n', { negotiated: true, id: 7 });
		const waiting = assert.rejects(create(), coded('connect-timeout'));
		pass(WAITS.connect + WAITS.flush + 10);
		await waiting;
		assert.deepEqual(session.channels, []);
		assert.equal(relay.pipe().said.at(-1)?.t, 'close');
		const again = create();
		relay.pipe().say({ t: 'open', n: 2 ** 31 + 7, label: 'n', negotiated: true });
		assert.equal((await again).readyState, 'open');
	});
});

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
		pipe.say({ t: 'open', n: 2, label: 'x' });
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
		pipe.say({ t: 'open', n: 2, label: 'x' });
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
		pipe.say({ t: 'open', n: 2, label: 'x' });
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
			each.say({ t: 'open', n: 2, label: 'late' });
			each.hear(TEXT, x.number, 0, 'late');
		}
		pipe.handlers.lost(false);
		trunk.handlers.closed();
		host.peer().handlers.state('failed');
		host.peer().describe('offer');
		session.paths.description('answer', 'late');
		session.paths.accept();
		session.paths.openRelay(relay.open);
		session.paths.wake();
		session.close();
		session.closed(new EnslavismError('session-closed'));
		pass(2 * WAITS.pathless);
		assert.deepEqual([closes.length, events, paths.length - before, announced, x.heard], [1, 0, 0, [], []]);
		assert.deepEqual([host.peers.length, relay.pipes.length], [1, 1]);
		assert.equal(pipe.frames.length + trunk.frames.length, said);
	});
});
