import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { ACK, PING, PONG, SILENT, TEXT } from '../../src/peer/frames.js';
import type { DataChannelOptions } from '../../src/peer/rtc.js';
import type { SessionOptions } from '../../src/peer/session.js';
import * as WAITS from '../../src/wire/waits.js';
import { stage } from '../support/session-stage.js';

const LOSSY: DataChannelOptions = { ordered: false, maxRetransmits: 0 };

/** Six looks, a quarter of a second each. */
const SILENCE = 1500;

/** A session on WebRTC, with the relay beside it, and two channels with lanes; everything said so far is acknowledged. */
async function talking(t: TestContext, options: Partial<SessionOptions> = {}) {
	const all = stage(t, options);
	const pipe = all.openRelay();
	const [x, lossy] = [await all.channel(), await all.channel('lossy', LOSSY)];
	const trunk = all.host.peer().open();
	trunk.hear(PONG, 0, 0);
	const lanes = [x, lossy].map((channel) => {
		const lane = all.host.peer().channel(channel.label);
		lane.handlers.open();
		pipe.say({ t: 'lane', n: channel.number, a: 0 });
		return lane;
	});
	const said = trunk.frames.filter(({ kind, channel }) => kind === TEXT && channel === 0);
	trunk.hear(ACK, 0, Math.max(...said.map(({ number }) => number)) + 1);
	all.pass(2 * SILENCE);
	pipe.frames.length = 0;
	trunk.sent.length = 0;
	const [lane, lossyLane] = lanes as [(typeof lanes)[0], (typeof lanes)[0]];
	return { ...all, pipe, trunk, x, lossy, lane, lossyLane };
}

describe('WebRTC over which nothing is heard', () => {
	it('is left for the relay, with all that was not acknowledged, and the other end is told', async (t) => {
		const { session, pipe, x, lossy, lane, lossyLane, pass, paths } = await talking(t);
		for (const each of ['0', '1']) x.send(each);
		lossy.send('gone');
		pass(SILENCE - 10);
		assert.deepEqual([session.path, pipe.frames], ['rtc', []]);
		pass(10);
		assert.deepEqual([session.path, paths], ['relay', ['rtc', 'relay']]);
		assert.deepEqual(pipe.numbers(SILENT), [0]);
		assert.deepEqual(pipe.messages(x.number), [
			[0, '0'],
			[1, '1'],
		]);
		x.send('2');
		lossy.send('new');
		assert.deepEqual(pipe.messages(x.number).at(-1), [2, '2']);
		assert.deepEqual(pipe.messages(lossy.number), [[0, 'new']]);
		assert.deepEqual(lane.sent, ['0', '0', '1', '2'], 'a lane that counts goes on counting');
		assert.deepEqual(lossyLane.sent, ['gone']);
	});

	it('is taken again when it answers', async (t) => {
		const { session, host, pipe, trunk, x, lossy, lane, lossyLane, pass, paths } = await talking(t);
		x.send('0');
		pass(SILENCE);
		assert.deepEqual(trunk.numbers(PING), [0]);
		x.send('1');
		pipe.hear(PONG, 0, 0);
		assert.equal(session.path, 'relay', 'the answer is one of WebRTC');
		trunk.hear(PONG, 0, 0);
		assert.deepEqual([session.path, paths], ['rtc', ['rtc', 'relay', 'rtc']]);
		const before = pipe.frames.length;
		x.send('2');
		lossy.send('new');
		assert.deepEqual([lane.sent.slice(-3), lossyLane.sent, pipe.frames.length], [['0', '1', '2'], ['new'], before]);
		pipe.hear(ACK, x.number, 3);
		pass(2 * WAITS.disconnected);
		assert.deepEqual([session.path, host.peers.length], ['rtc', 1]);
	});

	it('is given up when it does not answer, and tried anew', async (t) => {
		const { session, host, x, pass } = await talking(t);
		x.send('0');
		pass(SILENCE + WAITS.disconnected - 10);
		assert.equal(host.peers[0]?.closed, false);
		pass(10);
		assert.ok(host.peers[0]?.closed);
		pass(WAITS.backoffBase);
		assert.deepEqual([session.path, host.peers.length], ['relay', 2]);
	});

	it('is given up soon when it does not answer and ICE does not, either', async (t) => {
		const { host, x, pass } = await talking(t);
		x.send('0');
		pass(SILENCE);
		host.peer().handlers.state('disconnected');
		pass(WAITS.weak);
		assert.ok(host.peers[0]?.closed);
	});

	it('is asked when it opens, so that it is known how long a round trip takes', async (t) => {
		const { host, openRelay, pass } = stage(t);
		openRelay();
		const trunk = host.peer().open();
		assert.deepEqual(trunk.numbers(PING), [0]);
		pass(SILENCE);
		assert.deepEqual(trunk.numbers(PING), [0]);
	});

	for (const [what, relinked] of [
		['the link to the master is another', true],
		['the host is online, or somebody looks at the page', false],
	] as const) {
		it(`is tried anew at once when ${what}`, async (t) => {
			const { session, host, x, pass } = await talking(t);
			x.send('0');
			pass(SILENCE);
			session.paths.wake(relinked);
			assert.equal(host.peers.length, 2);
		});
	}

	it('is left also where the other end says that it hears nothing, and only in that attempt', async (t) => {
		const { session, pipe, trunk, x } = await talking(t);
		x.send('0');
		pipe.hear(SILENT, 0, 7);
		assert.equal(session.path, 'rtc');
		pipe.hear(SILENT, 0, 0);
		assert.deepEqual([session.path, pipe.messages(x.number), trunk.numbers(PING)], ['relay', [[0, '0']], [0]]);
		assert.deepEqual(pipe.numbers(SILENT), [], 'it knows already');
		trunk.hear(PONG, 0, 0);
		assert.equal(session.path, 'rtc');
	});

	it('is not left while anything is heard, on the trunk or on a lane', async (t) => {
		const { session, trunk, lossyLane, x, pass } = await talking(t);
		x.send('0');
		for (let round = 0; round < 20; round++) {
			pass(SILENCE - 260);
			if (round % 2 === 0) lossyLane.handlers.message('state');
			else trunk.hear(ACK, 0, 0);
		}
		assert.equal(session.path, 'rtc');
	});

	it('is not left where nothing waits for an acknowledgement, and nothing is asked', async (t) => {
		const { session, trunk, x, lossy, pass } = await talking(t);
		x.send('0');
		trunk.hear(ACK, x.number, 1);
		for (let round = 0; round < 100; round++) {
			lossy.send('state');
			pass(100);
		}
		assert.deepEqual([session.path, trunk.frames], ['rtc', []]);
	});

	it('is not left where there is no relay, and left when there is one', async (t) => {
		const { session, relay, pipe, x, pass } = await talking(t);
		relay.up = false;
		pipe.handlers.lost(false);
		x.send('0');
		pass(2 * SILENCE);
		assert.equal(session.path, 'rtc');
		relay.up = true;
		session.paths.wake();
		x.send('1');
		pass(SILENCE);
		assert.deepEqual([session.path, relay.pipe().messages(x.number).length], ['relay', 2]);
	});

	it('is not left for a relay that has much to send already', async (t) => {
		const { session, pipe, x, pass } = await talking(t);
		pipe.queued = 100_000;
		x.send('0');
		pass(2 * SILENCE);
		assert.deepEqual([session.path, pipe.frames], ['rtc', []]);
		pipe.queued = 0;
		pass(250);
		assert.equal(session.path, 'relay');
	});

	it('is relied on again when the relay is lost', async (t) => {
		const { session, host, relay, pipe, trunk, x, pass } = await talking(t);
		x.send('0');
		pass(SILENCE);
		relay.up = false;
		pipe.handlers.lost(false);
		assert.equal(session.path, 'rtc');
		assert.deepEqual(trunk.messages(x.number), [[0, '0']], 'the relay may have lost it');
		pass(WAITS.disconnected - 10);
		assert.equal(host.peers[0]?.closed, false);
		pass(10);
		assert.ok(host.peers[0]?.closed);
	});

	it('is waited for longer where a round trip takes longer', async (t) => {
		const { session, trunk, x, pass } = await talking(t);
		x.send('0');
		pass(250);
		assert.deepEqual(trunk.numbers(PING), [0], 'asked, because an acknowledgement is late');
		pass(600);
		trunk.hear(PONG, 0, 0);
		trunk.hear(ACK, x.number, 1);
		pass(SILENCE);
		x.send('1');
		pass(6 * 600 - 20);
		assert.equal(session.path, 'rtc');
		pass(20);
		assert.equal(session.path, 'relay');
	});

	it('has a bound of what its lanes are handed', async (t) => {
		const { pipe, trunk, x, lane, pass } = await talking(t);
		x.send('0');
		pass(SILENCE);
		lane.bufferedAmount = 2 * 1024 * 1024;
		const before = lane.sent.length;
		for (let count = 0; count < 5; count++) x.send('more');
		assert.ok(lane.sent.length <= before + 1);
		assert.equal(pipe.messages(x.number).length, 6);
		trunk.hear(PONG, 0, 0);
		x.send('over the trunk');
		assert.deepEqual(trunk.messages(x.number), [[6, 'over the trunk']]);
	});

	it('answers over the path that it was asked on', async (t) => {
		const { pipe, trunk } = await talking(t);
		pipe.hear(PING, 0, 3);
		trunk.hear(PING, 0, 4);
		assert.deepEqual([pipe.numbers(PONG), trunk.numbers(PONG)], [[3], [4]]);
	});

	it('is no reason to send anything twice where the other end has it', async (t) => {
		const { pipe, trunk, x, pass } = await talking(t);
		for (const each of ['0', '1', '2']) x.send(each);
		trunk.hear(ACK, x.number, 2);
		pass(SILENCE + 250);
		assert.deepEqual(pipe.messages(x.number), [[2, '2']]);
		trunk.hear(TEXT, x.number, 0, 'late');
		assert.deepEqual(x.heard, ['late']);
	});
});
