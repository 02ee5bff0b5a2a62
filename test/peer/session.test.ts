import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Session, type SessionOptions } from '../../src/peer/session.js';
import type { EnslavismError } from '../../src/wire/index.js';
import * as LIMITS from '../../src/wire/limits.js';
import * as WAITS from '../../src/wire/waits.js';
import { FakeChannel, fakeHost } from '../support/fake-rtc.js';
import { coded } from '../support/stage.js';
import { turns } from '../support/wait.js';

const SDP = 'v=0\r\na=setup:actpass\r\n';

/** A session on a fake connection, and a clock that stands until the test moves it. */
function stage(t: TestContext, options: Partial<SessionOptions> = {}) {
	t.mock.timers.enable({ apis: ['setTimeout'] });
	let now = 1000;
	t.mock.method(performance, 'now', () => now);
	const host = fakeHost();
	const signals: string[] = [];
	const session = new Session({
		createPeer: host.createPeer,
		rtc: { iceServers: [] },
		makes: 'offer',
		timeout: WAITS.connect,
		signals: {
			description: (type) => signals.push(type),
			candidate: ({ candidate }) => signals.push(candidate),
		},
		...options,
	});
	const closes: EnslavismError[] = [];
	session.on('close', (error) => closes.push(error));
	const peer = host.peer();
	const control = peer.channel('enslavism');
	return {
		session,
		peer,
		control,
		signals,
		closes,
		pass(ms: number): void {
			// In small steps, so that what polls sees every moment.
			for (let step = 0; step < ms; step += 10) {
				now += Math.min(10, ms - step);
				t.mock.timers.tick(Math.min(10, ms - step));
			}
		},
		open(): void {
			session.start();
			peer.handlers.state('connected');
			control.handlers.open();
			assert.equal(session.open, true);
		},
		/** An open channel of this end. */
		async channel(name = 'x', channelOptions = {}) {
			const creating = session.createDataChannel(name, channelOptions);
			await turns(1);
			const fake = peer.channel(name);
			fake.handlers.open();
			control.hear({ t: 'ready', n: fake.id });
			return { channel: await creating, fake };
		},
		/** An open channel of the other end. */
		accept(label = 'theirs', id = 501) {
			const fake = new FakeChannel(label, { id }, id);
			let accepted: unknown;
			session.once('datachannel', (channel) => {
				accepted = channel;
			});
			peer.handlers.channel(fake);
			fake.handlers.open();
			return { fake, accepted };
		},
	};
}

describe('a session that opens', () => {
	it('makes its offer, sends it before its candidates, and applies the answer before theirs', (t) => {
		const { session, peer, signals } = stage(t);
		session.start();
		peer.handlers.candidate('mine 1', '0');
		peer.handlers.description('offer', SDP);
		peer.handlers.candidate('mine 2', '0');
		session.candidate({ candidate: 'yours', mid: '0' });
		session.description('answer', 'the answer');
		assert.deepEqual(signals, ['offer', 'mine 1', 'mine 2']);
		assert.deepEqual(peer.calls, [
			'createChannel enslavism',
			'offer',
			'accept answer the answer',
			'addCandidate yours',
		]);
	});

	it('does not offer when it answers', (t) => {
		const { session, peer } = stage(t, { makes: 'answer' });
		session.start();
		session.description('offer', 'the offer');
		assert.deepEqual(peer.calls, ['createChannel enslavism', 'accept offer the offer']);
	});

	it('gives up when its time is over, and tells everybody who waits', async (t) => {
		const { session, peer, closes, pass } = stage(t);
		session.start();
		const waiting = [session.createDataChannel('a'), session.createDataChannel('b', { negotiated: true, id: 1 })];
		const rejected = Promise.all(waiting.map((each) => assert.rejects(each, coded('connect-timeout'))));
		pass(WAITS.connect - 1);
		assert.deepEqual(closes, []);
		pass(1);
		await rejected;
		await assert.rejects(session.opened, coded('connect-timeout'));
		assert.deepEqual(
			closes.map(({ code }) => code),
			['connect-timeout'],
		);
		assert.ok(peer.calls.includes('close'));
	});

	it('has all the time in the world once it is open', (t) => {
		const { open, pass, closes } = stage(t);
		open();
		pass(2 * WAITS.connect);
		assert.deepEqual(closes, []);
	});

	for (const problem of ['offer', 'accept'] as const) {
		it(`ends with rtc-failed when the host throws at ${problem}`, (t) => {
			const { session, peer, closes } = stage(t);
			const cause = new Error('not today');
			peer.problems[problem] = cause;
			session.start();
			session.description('answer', 'garbage');
			assert.deepEqual(
				closes.map(({ code, message }) => [code, message]),
				[['rtc-failed', 'not today']],
			);
			assert.equal(closes[0]?.cause, cause);
		});
	}

	it('ends with rtc-failed when the connection fails or the host says so', (t) => {
		const { session, peer, closes } = stage(t);
		session.start();
		peer.handlers.state('connecting');
		peer.handlers.state('failed');
		assert.deepEqual(
			closes.map(({ code }) => code),
			['rtc-failed'],
		);
	});

	it('cannot be made where the host makes no connection', () => {
		const createPeer = () => {
			throw new Error('no WebRTC here');
		};
		const signals = { description() {}, candidate() {} };
		const make = () => new Session({ createPeer, rtc: { iceServers: [] }, makes: 'offer', timeout: 1, signals });
		assert.throws(make, coded('rtc-failed'));
	});
});

describe('a session that is open', () => {
	it('ends when it is disconnected for long, and not when that passes', (t) => {
		const { open, peer, closes, pass } = stage(t);
		open();
		peer.handlers.state('disconnected');
		pass(WAITS.disconnected - 10);
		peer.handlers.state('connected');
		pass(WAITS.disconnected);
		assert.deepEqual(closes, []);
		peer.handlers.state('disconnected');
		pass(WAITS.disconnected);
		assert.deepEqual(
			closes.map(({ code }) => code),
			['session-closed'],
		);
	});

	for (const state of ['failed', 'closed'] as const) {
		it(`ends when the connection is ${state}`, async (t) => {
			const { open, peer, closes, channel } = stage(t);
			open();
			const { channel: x } = await channel();
			peer.handlers.state(state);
			assert.deepEqual(
				closes.map(({ code }) => code),
				['session-closed'],
			);
			assert.equal(x.readyState, 'closed');
			assert.throws(() => x.send('late'), coded('channel-not-open'));
		});
	}

	it('answers pings, and measures with its own', async (t) => {
		const { open, session, control, pass } = stage(t);
		open();
		control.hear({ t: 'ping', n: 7 });
		assert.deepEqual(control.said, [{ t: 'pong', n: 7 }]);
		const measured = session.rtt();
		const { n } = control.said[1] as { n: number };
		pass(40);
		control.hear({ t: 'pong', n: n + 1 });
		control.hear({ t: 'pong', n });
		assert.equal(await measured, 40);
	});

	it('says so when nobody answers its ping', async (t) => {
		const { open, session, pass, closes } = stage(t);
		open();
		const measured = assert.rejects(session.rtt(), coded('session-closed'));
		pass(WAITS.probe);
		await measured;
		assert.deepEqual(closes, []);
	});

	it('is believed to be gone when it was doubted and does not answer', async (t) => {
		const { open, session, control, pass, closes } = stage(t);
		open();
		session.probe();
		control.hear({ t: 'pong', n: (control.said[0] as { n: number }).n });
		await turns();
		pass(WAITS.probe);
		await turns();
		assert.deepEqual(closes, []);
		session.probe();
		pass(WAITS.probe);
		await turns();
		assert.deepEqual(
			closes.map(({ code }) => code),
			['session-closed'],
		);
	});

	it('leaves an end alone that asks and does not listen', (t) => {
		const { open, control, closes } = stage(t);
		open();
		control.bufferedAmount = LIMITS.controlBufferedBytes + 1;
		control.hear({ t: 'ping', n: 1 });
		assert.equal(closes.length, 1);
	});

	it('ends when the other end says what is not in the protocol', (t) => {
		const { open, control, closes } = stage(t);
		open();
		control.handlers.message(new ArrayBuffer(1));
		assert.deepEqual(
			closes.map(({ code }) => code),
			['bad-message'],
		);
	});

	it('is opened by a channel of the other end, too', (t) => {
		const { session, accept } = stage(t);
		session.start();
		assert.ok(accept().accepted);
		assert.equal(session.open, true);
	});

	it('takes no more channels of the other end than the bound', (t) => {
		const { open, accept, session } = stage(t);
		open();
		for (let id = 0; id < LIMITS.channelsPerSession; id++) accept(String(id), id);
		const { fake, accepted } = accept('more', 1000);
		assert.deepEqual([fake.closed, accepted, session.channels.size], [true, undefined, LIMITS.channelsPerSession]);
	});
});

describe('a session that closes', () => {
	it('asks the other end to hang up after what was sent, and waits for it', async (t) => {
		const { open, session, control, closes, channel, pass } = stage(t);
		open();
		const { channel: reliable } = await channel('reliable', { negotiated: true, id: 4 });
		const { channel: lossy } = await channel('lossy', { negotiated: true, id: 6, maxRetransmits: 0 });
		reliable.send('1');
		reliable.send('2');
		lossy.send('3');
		session.close('enough');
		assert.deepEqual(control.said, [{ t: 'close', sent: { 4: 2, 6: 0 }, reason: 'enough' }]);
		assert.deepEqual([session.open, closes.length], [false, 0]);
		await assert.rejects(session.createDataChannel('late'), coded('session-closed'));
		session.close('twice');
		pass(100);
		control.handlers.closed();
		assert.deepEqual(
			closes.map(({ code, reason }) => [code, reason]),
			[['session-closed', 'enough']],
		);
	});

	it('hangs up itself when the other end does not and nothing leaves any more', async (t) => {
		const { open, session, closes, channel, pass } = stage(t);
		open();
		const { fake } = await channel();
		fake.bufferedAmount = 1000;
		session.close();
		for (const left of [500, 100]) {
			fake.bufferedAmount = left;
			pass(WAITS.flush);
			assert.equal(closes.length, 0);
		}
		pass(WAITS.flush);
		assert.equal(closes.length, 1);
	});

	it('hangs up where it was asked to once everything has arrived', (t) => {
		const { open, control, closes, accept, pass } = stage(t);
		open();
		const { fake } = accept('theirs', 501);
		fake.handlers.message('1');
		control.hear({ t: 'close', sent: { 501: 3, 999: 5 }, reason: 'enough' });
		pass(100);
		fake.handlers.message('2');
		pass(100);
		assert.equal(closes.length, 0);
		fake.handlers.message('3');
		pass(20);
		assert.deepEqual(
			closes.map(({ reason }) => reason),
			['enough'],
		);
	});

	it('waits no longer than it must for what does not arrive', (t) => {
		const { open, control, closes, accept, pass } = stage(t);
		open();
		const { fake } = accept('theirs', 501);
		control.hear({ t: 'close', sent: { 501: 3 }, reason: 'enough' });
		pass(WAITS.flush - 100);
		fake.handlers.message('1');
		pass(WAITS.flush - 100);
		assert.equal(closes.length, 0);
		pass(200);
		assert.equal(closes.length, 1);
	});

	it('waits a moment for its last messages when the master says that the other end has closed', (t) => {
		const { open, session, closes, pass } = stage(t);
		open();
		const error = Object.assign(new Error('said') as EnslavismError, { code: 'session-closed', reason: 'said' });
		session.closed(error);
		assert.equal(closes.length, 0);
		pass(WAITS.flush);
		assert.deepEqual(closes, [error]);
	});

	it('is over at once when it was not open yet', (t) => {
		const { session, closes, control } = stage(t);
		session.start();
		session.close('never mind');
		assert.deepEqual([closes.map(({ reason }) => reason), control.sent], [['never mind'], []]);
	});

	it('says nothing after that, whatever happens', async (t) => {
		const { open, session, peer, control, closes, channel, accept } = stage(t);
		open();
		const { channel: x, fake } = await channel();
		const closed = new Promise((resolve) => x.once('close', resolve));
		let events = 0;
		session.fail(Object.assign(new Error('over') as EnslavismError, { code: 'rtc-failed' }));
		await closed;
		x.on('close', () => events++);
		fake.handlers.closed();
		control.handlers.closed();
		control.hear({ t: 'ping', n: 1 });
		peer.handlers.state('failed');
		peer.handlers.description('offer', SDP);
		session.description('answer', 'late');
		session.close();
		assert.equal(accept().accepted, undefined);
		assert.deepEqual([closes.length, events], [1, 0]);
	});

	it('closes one channel the same way: asked for, counted, and then hung up', async (t) => {
		const { open, control, channel, accept, pass, session } = stage(t);
		open();
		const { channel: mine, fake: myFake } = await channel('mine', { negotiated: true, id: 2 });
		mine.send('1');
		mine.close();
		assert.deepEqual([mine.readyState, control.said], ['closing', [{ t: 'close', sent: { 2: 1 } }]]);
		myFake.handlers.closed();
		assert.equal(mine.readyState, 'closed');
		const { fake } = accept('theirs', 501);
		control.hear({ t: 'close', sent: { 501: 1 } });
		pass(50);
		assert.equal(fake.closed, false);
		fake.handlers.message('1');
		pass(20);
		assert.equal(fake.closed, true);
		assert.equal(session.open, true);
	});
});
