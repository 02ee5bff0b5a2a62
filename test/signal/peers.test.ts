import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Master, relay, sharedState } from '../../src/index.js';
import { Mux, type MuxStream } from '../../src/mux/node/index.js';
import type { CreatePeer } from '../../src/peer/index.js';
import { nodePlatform } from '../../src/peer/node/index.js';
import { relay as relayTo, SharedState } from '../../src/signal/node.js';
import { BasePeers } from '../../src/signal/peers.js';
import type { PeerHost } from '../../src/signal/upgrade.js';
import * as LIMITS from '../../src/wire/limits.js';
import * as WAITS from '../../src/wire/waits.js';
import { childFor } from '../support/child.js';
import { CuttingProxy } from '../support/cutting-proxy.js';
import { later } from '../support/later.js';
import { bothEnds, connectionTo, peersFor, textOf } from '../support/peers.js';
import { openMaster } from '../support/raw-socket.js';
import { Inbox, next } from '../support/wait.js';

const services = () => [sharedState(), relay()];

/** Peers on a host of a test's own. */
class HostedPeers extends BasePeers<MuxStream> {
	constructor(url: string, namespace: string, id: string, own: Partial<PeerHost<MuxStream>>) {
		const createMux = (...args: ConstructorParameters<typeof Mux>) => new Mux(...args);
		const createAnswerer = nodePlatform.createPeer;
		super({ ...nodePlatform, onWake: () => () => {}, createAnswerer, createMux, ...own }, url, namespace, { id });
	}
}

describe('peers', () => {
	test('see each other, and have one WebRTC connection that the greater id has opened', async (t) => {
		const { url } = await openMaster(t, services());
		const one = peersFor(t, url, 'a', { data: { name: 'Ada' } });
		const told = new Inbox<string>();
		one.on('connection', ({ id }) => told.put(id));
		const other = peersFor(t, url, 'b');
		const [near, far] = await bothEnds(one, other);
		assert.deepEqual([near.id, near.opened, near.path], ['b', false, 'rtc']);
		assert.deepEqual([far.id, far.opened, far.path], ['a', true, 'rtc']);
		assert.deepEqual(other.get('a')?.data, { name: 'Ada' });
		assert.deepEqual(told.items, ['b']);
		assert.equal(near.state, 'open');
		assert.ok((await near.rtt()) < 5000);
	});

	for (const [path, rtc] of [
		['rtc', true],
		['relay', false],
	] as const) {
		test(`carry streams both ways over ${path}`, async (t) => {
			const { url } = await openMaster(t, services());
			const one = peersFor(t, url, 'a', {
				onconnection: (connection) => {
					connection.on('stream', (stream) => stream.pipe(stream));
				},
			});
			const other = peersFor(t, url, 'b', { rtc });
			const far = await connectionTo(other, 'a');
			assert.equal(far.path, path);
			const stream = await far.createStream({ kind: 'echo' });
			const text = 'x'.repeat(2_000_000);
			stream.end(text);
			assert.equal(await textOf(stream), text);
			const near = await connectionTo(one, 'b');
			await assert.rejects(near.createStream(), { code: 'stream-refused' });
		});

		test(`carry data channels with their options over ${path}`, async (t) => {
			const { url } = await openMaster(t, services());
			const [one, other] = [peersFor(t, url, 'a'), peersFor(t, url, 'b', { rtc })];
			const [near, far] = await bothEnds(one, other);
			const accepted = next(near, 'datachannel');
			const channel = await far.createDataChannel('game', { ordered: false, maxRetransmits: 0, protocol: 'v1' });
			const [there] = await accepted;
			assert.deepEqual([there.label, there.ordered, there.maxRetransmits, there.protocol], ['game', false, 0, 'v1']);
			const inbox = new Inbox<unknown>();
			there.on('message', ({ data }) => {
				inbox.put(data);
				there.send(typeof data === 'string' ? `you said ${data}` : data);
			});
			const answers = new Inbox<unknown>();
			channel.on('message', ({ data }) => answers.put(data));
			channel.send('hällo');
			channel.send(new Uint8Array([1, 2, 3]));
			const [text, bytes] = await answers.count(2);
			assert.equal(text, 'you said hällo');
			assert.deepEqual([...new Uint8Array(bytes as ArrayBuffer)], [1, 2, 3]);
			assert.deepEqual(far.dataChannels, [channel]);
			channel.send('last');
			channel.close();
			await next(there, 'close');
			assert.equal(inbox.items.at(-1), 'last');
		});

		test(`hear the last words of one that leaves, and meet it again when it comes back, over ${path}`, async (t) => {
			const { url } = await openMaster(t, services());
			const one = peersFor(t, url, 'a');
			const other = peersFor(t, url, 'b', { rtc });
			const [near, far] = await bothEnds(one, other);
			const accepted = next(near, 'datachannel');
			const channel = await far.createDataChannel('words');
			const [there] = await accepted;
			const inbox = new Inbox<unknown>();
			there.on('message', ({ data }) => inbox.put(data));
			const closed = next(near, 'close');
			const left = next(one, 'leave');
			for (let n = 0; n < 500; n++) channel.send(`${n}`);
			other.close('enough');
			assert.equal((await closed)[0].reason, 'enough');
			assert.equal(inbox.items.length, 500);
			assert.equal((await left)[0].id, 'b');
			assert.deepEqual(one.peers, []);
			peersFor(t, url, 'b', { rtc });
			const again = await connectionTo(one, 'b');
			assert.equal(again.state, 'open');
		});
	}

	test('make a connection again that was lost, and none that was closed', async (t) => {
		const { url, port } = await openMaster(t, services());
		const proxy = await CuttingProxy.open(t, port);
		const one = peersFor(t, proxy.url, 'a');
		const other = peersFor(t, url, 'b', { rtc: false });
		const [near] = await bothEnds(one, other);
		const lost = next(near, 'close');
		const again = next(one, 'connection');
		proxy.cut();
		assert.equal((await lost)[0].reason, undefined);
		const [second] = await again;
		assert.notEqual(second, near);
		assert.equal(one.peers.length, 1);
		second.close('no more');
		// Another one comes and goes, which takes longer than a connection would.
		const third = peersFor(t, url, 'c');
		await Promise.all([connectionTo(one, 'c'), connectionTo(other, 'c')]);
		const left = next(one, 'leave');
		third.close();
		await left;
		assert.equal(one.get('b')?.connection, undefined);
		assert.deepEqual(one.connections, []);
	});

	test('keep their connections while the master is away, and know who is there when it is back', async (t) => {
		const first = await openMaster(t, services());
		const one = peersFor(t, first.url, 'a');
		const other = peersFor(t, first.url, 'b');
		const [near] = await bothEnds(one, other);
		const lost = Promise.all([next(one, 'lost'), next(other, 'lost')]);
		await first.master.close();
		await lost;
		assert.equal(near.state, 'open');
		const back = new Master(first.port, { services: services() });
		later(t, () => back.close());
		await Promise.all([next(one, 'sync'), next(other, 'sync')]);
		const third = peersFor(t, first.url, 'c');
		await Promise.all([connectionTo(third, 'a'), connectionTo(third, 'b')]);
		assert.equal(near.state, 'open');
		assert.equal(one.get('b')?.connection, near);
	});

	test('end when another one comes with their id, which the others connect to', async (t) => {
		const { url } = await openMaster(t, services());
		const other = peersFor(t, url, 'other');
		const old = peersFor(t, url, 'same');
		const [first] = await bothEnds(other, old);
		const [ended, left] = [next(old, 'close'), next(first, 'close')];
		let leaves = 0;
		other.on('leave', () => leaves++);
		const again = next(other, 'connection');
		const young = peersFor(t, url, 'same');
		assert.equal((await ended)[0].code, 'link-closed');
		await left;
		const [second] = await again;
		assert.equal(second.id, 'same');
		await connectionTo(young, 'other');
		assert.equal(leaves, 0);
	});

	test('tell what others say of themselves', async (t) => {
		const { url } = await openMaster(t, services());
		const one = peersFor(t, url, 'a');
		const other = peersFor(t, url, 'b', { data: 1 });
		await bothEnds(one, other);
		const updated = next(one, 'update');
		other.update({ n: 2 });
		assert.deepEqual((await updated)[0].data, { n: 2 });
		assert.throws(() => other.update(1n), { code: 'bad-option' });
		assert.throws(() => peersFor(t, url, ''), { code: 'bad-option' });
		assert.throws(() => peersFor(t, url, '__proto__'), { code: 'bad-option' });
		assert.throws(() => peersFor(t, url, 'x', { data: 'x'.repeat(70_000) }), { code: 'bad-option' });
	});

	test('tell channels and streams that were opened before the connection was told of', async (t) => {
		const { url } = await openMaster(t, services());
		const heard = new Inbox<string>();
		peersFor(t, url, 'a', {
			onconnection: (connection) => {
				connection.on('datachannel', (channel) => channel.on('message', ({ data }) => heard.put(String(data))));
				connection.on('stream', async (stream) => heard.put(await textOf(stream)));
			},
		});
		peersFor(t, url, 'b', {
			onconnection: async (connection) => {
				connection.openStream().end('by stream');
				(await connection.createDataChannel('early')).send('by channel');
			},
		});
		assert.deepEqual([...(await heard.count(2))].sort(), ['by channel', 'by stream']);
	});

	test('are refused without the right auth, and come in with it, at every service', async (t) => {
		const asked: string[] = [];
		const { url, master } = await openMaster(t, services());
		master.on('clientauth', (_authData, reject, info) => {
			asked.push(`${info.service} ${info.auth.key}`);
			if (info.auth.key !== 'right') reject('wrong key');
		});
		const stranger = peersFor(t, url, 'x');
		assert.deepEqual([(await next(stranger, 'close'))[0].code], ['refused']);
		const auth = { key: 'right' };
		const [one, other] = [peersFor(t, url, 'a', { auth }), peersFor(t, url, 'b', { auth })];
		await bothEnds(one, other);
		assert.deepEqual([...new Set(asked)].sort(), ['relay right', 'shared state right', 'shared state undefined']);
	});
});

describe('strangers in the namespace of peers', () => {
	test('disturb nobody by what they write there', async (t) => {
		const { url } = await openMaster(t, services());
		const one = peersFor(t, url, 'a');
		await one.ready;
		const stranger = new SharedState(url, 'peers:room');
		later(t, () => stranger.close());
		for (const [index, value] of [
			5,
			'x',
			[],
			{},
			{ i: 5 },
			{ i: '' },
			{ i: 'x'.repeat(65) },
			{ i: '\ud800' },
		].entries()) {
			stranger.set(`garbage ${index}`, value);
		}
		stranger.set('a', 'nothing');
		stranger.set('b', { i: 'there', d: 1 });
		const joined = await next(one, 'join');
		assert.equal(joined[0].id, 'b');
		const other = peersFor(t, url, 'c');
		await bothEnds(one, other);
		assert.deepEqual(one.peers.map(({ id }) => id).sort(), ['b', 'c']);
	});

	test('that speak nonsense at a meeting, or nothing, are tried again later, and cost nobody else', async (t) => {
		const { url } = await openMaster(t, services());
		const one = peersFor(t, url, 'a');
		const state = new SharedState<{ i: string }>(url, 'peers:room');
		later(t, () => state.close());
		const watching = new Promise<string>((resolve) => {
			state.on('change', (key, value) => {
				if (key === 'a' && value !== undefined) resolve(value.i);
			});
		});
		const instance = await watching;
		state.set('z', { i: 'mine' });
		for (const nonsense of ['not JSON', '{"t":"offer","n":1}']) {
			const socket = relayTo(url, { namespace: 'peers:room', local: 'mine', remote: instance });
			await next(socket, 'open');
			socket.send(nonsense);
			assert.equal((await next(socket, 'close'))[0].code, 1000, nonsense);
		}
		const silent = relayTo(url, { namespace: 'peers:room', local: 'mine', remote: instance });
		later(t, () => silent.close());
		await next(silent, 'open');
		const offer = JSON.stringify({ t: 'offer', n: 1, sdp: 'v=0 garbage' });
		silent.send(offer);
		const [{ data }] = await next(silent, 'message');
		assert.deepEqual(JSON.parse(String(data)), { t: 'failed', n: 1 });
		silent.send('{"t":"relay","n":2}');
		const closed = next(silent, 'close');
		silent.send(new Uint8Array([0, 0, 99]));
		await closed;
		const other = peersFor(t, url, 'c');
		await bothEnds(one, other);
	});

	test('take no more than the room that there is', async (t) => {
		const { url } = await openMaster(t, services());
		const meetings: string[] = [];
		const one = new HostedPeers(url, 'room', 'm', {
			openSocket: (to, ...rest) => {
				if (to.includes('/relay/')) meetings.push(to);
				return nodePlatform.openSocket(to, ...rest);
			},
		});
		later(t, () => one.close());
		await one.ready;
		const stranger = new SharedState(url, 'peers:room');
		later(t, () => stranger.close());
		const crowd = Array.from({ length: LIMITS.peerConnections + 20 }, (_, n) => `fake ${n}`);
		const joined = new Inbox<string>();
		one.on('join', ({ id }) => joined.put(id));
		for (const id of crowd) stranger.set(id, { i: id });
		await joined.count(crowd.length);
		const real = peersFor(t, url, 'n');
		await joined.find((id) => id === 'n');
		assert.equal(meetings.length, LIMITS.peerConnections);
		assert.equal(one.get('n')?.connection, undefined);
		for (const id of crowd) stranger.delete(id);
		assert.equal((await connectionTo(real, 'm')).state, 'open');
	});
});

describe('peers without a path for WebRTC', () => {
	test('are relayed when it cannot be made, at either side', async (t) => {
		const { url } = await openMaster(t, services());
		for (const [left, right] of [
			['a', 'z'],
			['z', 'a'],
		] as const) {
			const createPeer: CreatePeer = () => {
				throw new Error('no WebRTC here');
			};
			const own = { createPeer, createAnswerer: createPeer };
			const blind = new HostedPeers(url, `room of ${left}`, left, own);
			later(t, () => blind.close());
			const other = peersFor(t, url, right, {}, `room of ${left}`);
			const near = await connectionTo(other, left);
			assert.equal(near.path, 'relay');
			assert.ok((await near.rtt()) >= 0);
		}
	});

	test('are relayed when it does not open in time', async (t) => {
		const { url } = await openMaster(t, services());
		const offered = new Inbox<void>();
		const deaf: CreatePeer = (config) => {
			// The timers of this turn only: the master needs its own.
			const { setTimeout: start } = globalThis;
			const { mock } = t.mock.method(globalThis, 'setTimeout', (call: () => void, ms: number) =>
				start(call, ms === WAITS.peerDirect ? 10 : ms),
			);
			queueMicrotask(() => mock.restore());
			const peer = nodePlatform.createPeer(config);
			peer.setLocalDescription = () => {
				offered.put();
				return new Promise(() => {});
			};
			return peer;
		};
		const blind = new HostedPeers(url, 'room', 'z', { createPeer: deaf });
		later(t, () => blind.close());
		const other = peersFor(t, url, 'a');
		await offered.count(1);
		const connected = connectionTo(other, 'z');
		assert.equal((await connected).path, 'relay');
	});
});

test('a process whose peers were closed ends by itself', async (t) => {
	const child = childFor(t, 'peers');
	await child.lines.find((line) => line === 'closed');
	const closed = performance.now();
	assert.deepEqual(await child.ended, { code: 0, signal: null, stderr: '' });
	assert.ok(performance.now() - closed < 6000, `it took ${performance.now() - closed} ms`);
});
