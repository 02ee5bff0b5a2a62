import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ACK, BYTES, HEAD_BYTES, PONG, TEXT } from '../../src/peer/frames.js';
import { EnslavismError } from '../../src/wire/index.js';
import * as WAITS from '../../src/wire/waits.js';
import { stage } from '../support/session-stage.js';
import { coded } from '../support/stage.js';
import { turns } from '../support/wait.js';

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
		pipe.say({ t: 'open', n: 2, label: 'theirs' }, 0);
		const heard: unknown[] = [];
		announced[0]?.on('message', ({ data }) => heard.push(data));
		const trunk = host.peer().open();
		trunk.hear(TEXT, 2, 2, 'c');
		trunk.hear(TEXT, 2, 1, 'b');
		pipe.hear(TEXT, 2, 1, 'b');
		pipe.hear(TEXT, 2, 0, 'a');
		trunk.hear(BYTES, 2, 3, new Uint8Array([1]));
		trunk.say({ t: 'open', n: 2, label: 'theirs' }, 0);
		assert.deepEqual(heard, ['a', 'b', 'c', new Uint8Array([1]).buffer]);
		assert.equal(announced.length, 1);
	});

	it('take the same messages: none that the other end could not take over WebRTC', async (t) => {
		const { openRelay, session, host, channel } = stage(t);
		openRelay();
		const x = await channel();
		session.paths.description('answer', 'v=0\r\na=max-message-size:100000\r\n');
		assert.equal(x.maxMessageSize, 100_000 - HEAD_BYTES);
		assert.throws(() => x.send(new Uint8Array(100_000)), coded('message-too-large'));
		host.peer().open();
		assert.throws(() => x.send(new Uint8Array(100_000)), coded('message-too-large'));
		assert.equal(session.path, 'rtc');
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

	it('may come and go while the session ends: its end is waited for no longer', async (t) => {
		const { openRelay, session, host, codes, pass } = stage(t);
		openRelay();
		session.closed(new EnslavismError('session-closed'));
		host.peer().open();
		pass(WAITS.flush + 100);
		assert.deepEqual(codes(), ['session-closed']);
	});

	it('come back: what was sent meanwhile arrives', async (t) => {
		const { openRelay, session, host, relay, paths, closes, pass, channel } = stage(t);
		openRelay();
		const x = await channel();
		relay.up = false;
		relay.pipe().handlers.lost(false);
		x.send('0');
		relay.up = true;
		session.paths.wake();
		assert.deepEqual(relay.pipe().messages(x.number), [[0, '0']]);
		relay.up = false;
		relay.pipe().handlers.lost(false);
		host.peer().open().hear(PONG, 0, 0);
		assert.deepEqual(host.peer().trunk.messages(x.number), [[0, '0']]);
		pass(2 * WAITS.pathless);
		assert.deepEqual([closes, paths], [[], [undefined, 'rtc']]);
	});

	it('come back: a way through the master is told of when something is heard over it', (t) => {
		const { openRelay, session, relay, paths } = stage(t);
		openRelay().handlers.lost(false);
		assert.deepEqual([session.path, paths], [undefined, [undefined]]);
		session.paths.wake();
		assert.equal(session.path, undefined);
		relay.pipe().hear(PONG, 0, 1);
		assert.deepEqual([session.path, paths], ['relay', [undefined, 'relay']]);
	});

	it('that come and lead nowhere do not keep it from ending', async (t) => {
		const { openRelay, session, relay, codes, paths, pass } = stage(t);
		openRelay();
		relay.pipe().handlers.lost(false);
		for (let second = 0; second < WAITS.pathless / 1000 - 1; second++) {
			pass(1000);
			if (session.paths.carrier) relay.pipe().handlers.lost(false);
		}
		assert.deepEqual(paths, [undefined]);
		assert.deepEqual(codes(), []);
		assert.ok(relay.pipes.length > 3);
		pass(2000);
		assert.deepEqual(codes(), ['session-closed']);
	});

	it('send again what was on its way in a relay that the other end has exchanged', async (t) => {
		const { session, relay, announced } = stage(t, { makes: 'answer', openRelay: undefined });
		session.start();
		session.paths.openRelay(relay.open);
		relay.pipe().say({ t: 'open', n: 1, label: 'theirs' });
		announced[0]?.send('0');
		const old = relay.pipe();
		session.paths.openRelay(relay.open);
		assert.ok(old.closed);
		assert.deepEqual(relay.pipe().messages(1), [[0, '0']]);
		old.handlers.lost(false);
		assert.equal(session.path, 'relay');
	});

	it('are left when the other end, which saw them fail first, tries again', async (t) => {
		const { session, host, relay, announced, paths } = stage(t, { makes: 'answer', openRelay: undefined });
		session.start();
		session.paths.openRelay(relay.open);
		session.paths.description('offer', 'first', 0);
		host.peer().open();
		const old = host.peer();
		old.trunk.say({ t: 'open', n: 1, label: 'theirs' });
		announced[0]?.send('0');
		session.paths.description('offer', 'second', 1);
		assert.ok(old.closed);
		assert.deepEqual([session.path, relay.pipe().messages(1)], ['relay', [[0, '0']]]);
		announced[0]?.send('1');
		assert.deepEqual(relay.pipe().messages(1).at(-1), [1, '1']);
		host.peer().open();
		session.paths.description('offer', 'first again', 0);
		assert.deepEqual([session.path, paths, host.peers.length], ['rtc', ['rtc', 'relay', 'rtc'], 2]);
	});

	it('are not begun anew where leaving the last one was the end of a session that closes', (t) => {
		const { session, host, codes, signals } = stage(t, { makes: 'answer', openRelay: undefined });
		session.start();
		session.paths.description('offer', 'first', 0);
		const trunk = host.peer().open();
		trunk.say({ t: 'open', n: 1, label: 'theirs' });
		trunk.say({ t: 'bye', reason: '' });
		assert.deepEqual(codes(), []);
		session.paths.description('offer', 'second', 1);
		assert.deepEqual(codes(), ['session-closed']);
		assert.ok(host.peers.every(({ closed }) => closed));
		assert.deepEqual(signals, []);
	});

	it('are waited for when the only one is left for a new attempt', async (t) => {
		const { session, host, announced, paths } = stage(t, { makes: 'answer', openRelay: undefined });
		session.start();
		session.paths.description('offer', 'first', 0);
		host.peer().open();
		host.peer().trunk.say({ t: 'open', n: 1, label: 'theirs' });
		announced[0]?.send('0');
		session.paths.description('offer', 'second', 1);
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
		session.paths.wake();
		assert.equal(host.peers.length, last + 1);
		assert.equal(session.path, 'relay');
	});

	it('are not begun anew by a host that wakes while one is on its way, but are by another link', (t) => {
		const { session, begin, host } = stage(t);
		begin();
		session.paths.wake(false);
		assert.equal(host.peers.length, 1);
		session.paths.wake();
		assert.deepEqual([host.peers.length, host.peers[0]?.closed], [2, true]);
		session.paths.accept();
		session.paths.wake();
		assert.equal(host.peers.length, 3, 'accepted or not: what was said about it is lost');
		host.peer().open();
		session.paths.wake();
		assert.deepEqual([host.peers.length, session.path], [3, 'rtc']);
	});

	it('are offered again over another link by an end that wants the relay alone: the other end may know nothing of it', (t) => {
		const { session, signals } = stage(t, { paths: ['relay'] });
		session.start();
		session.paths.wake();
		assert.deepEqual(signals, ['offer 0 bare', 'offer 1 bare']);
		session.paths.accept();
		session.paths.wake();
		assert.deepEqual(signals, ['offer 0 bare', 'offer 1 bare', 'offer 2 bare']);
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
		session.paths.accept();
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

	it('are left soon when they are in doubt, where there is another one', async (t) => {
		const { openRelay, session, host, pass, channel } = stage(t);
		const pipe = openRelay();
		const trunk = host.peer().open();
		const x = await channel();
		pipe.hear(ACK, 0, trunk.said.length);
		host.peer().handlers.state('disconnected');
		pass(WAITS.weak - 10);
		assert.equal(session.path, 'rtc');
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

	for (const next of ['another attempt', 'the relay', 'nothing']) {
		it(`are waited for a moment where the end that makes the offers hung up: it may leave one for the next; ${next} comes`, (t) => {
			const { session, host, relay, codes, pass } = stage(t, { makes: 'answer', openRelay: undefined });
			session.start();
			session.paths.description('offer', 'first', 0);
			host.peer().open().handlers.closed();
			pass(WAITS.flush - 10);
			assert.deepEqual([codes(), session.open, session.path], [[], true, undefined]);
			if (next === 'another attempt') session.paths.description('offer', 'second', 1);
			if (next === 'the relay') session.paths.openRelay(relay.open);
			pass(10);
			assert.deepEqual(codes(), next === 'nothing' ? ['session-closed'] : []);
		});
	}

	for (const back of [false, true]) {
		const title = back ? 'tries again is waited for, also without' : 'stays away ends the session with';
		it(`are over for a client that hung up: one that ${title} the relay`, (t) => {
			const { session, host, relay, codes, pass } = stage(t, { makes: 'answer', openRelay: undefined });
			session.start();
			session.paths.openRelay(relay.open);
			session.paths.description('offer', 'first', 0);
			host.peer().open().handlers.closed();
			pass(WAITS.flush);
			assert.deepEqual([codes(), session.path], [[], 'relay']);
			if (back) session.paths.description('offer', 'second', 1);
			relay.pipe().handlers.lost(false);
			pass(WAITS.flush - 10);
			assert.deepEqual([codes(), session.open, session.path], [[], true, undefined]);
			pass(10);
			assert.deepEqual(codes(), back ? [] : ['session-closed']);
		});
	}

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
		pipe.say({ t: 'open', n: 2, label: 'theirs' });
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
