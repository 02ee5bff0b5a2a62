import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { relay as relayService } from '../../src/index.js';
import type { RtcChannel, RtcPeerHandlers } from '../../src/peer/index.js';
import { type PipedSocket, relay } from '../../src/signal/node.js';
import { RelayedPeer } from '../../src/signal/relayed-peer.js';
import { later } from '../support/later.js';
import { openMaster } from '../support/raw-socket.js';
import { Inbox, next } from '../support/wait.js';

/** One end, the socket of the other, and what the end told. */
async function end(t: TestContext): Promise<{ peer: RelayedPeer; other: PipedSocket; told: Inbox<string> }> {
	const { url } = await openMaster(t, [relayService()]);
	const socket = relay(url, { namespace: 'x', local: 'a', remote: 'b' });
	const other = relay(url, { namespace: 'x', local: 'b', remote: 'a' });
	for (const each of [socket, other]) later(t, () => each.close());
	await Promise.all([next(socket, 'open'), next(other, 'open')]);
	const told = new Inbox<string>();
	const handlers: RtcPeerHandlers = {
		description: () => told.put('description'),
		candidate: () => told.put('candidate'),
		state: (state) => told.put(`state ${state}`),
		channel: (channel) => {
			told.put(`channel ${channel.id} ${channel.label} ${channel.protocol}`);
			listen(channel, told);
		},
		failed: (problem) => told.put(problem),
	};
	return { peer: new RelayedPeer(socket, true, handlers), other, told };
}

function listen(channel: RtcChannel, told: Inbox<string>): void {
	channel.attach({
		open: () => told.put(`open ${channel.id}`),
		message: (data) => told.put(typeof data === 'string' ? data : `bytes ${new Uint8Array(data)}`),
		low: () => told.put('low'),
		error: (problem) => told.put(problem),
		closed: () => told.put(`closed ${channel.id}`),
	});
}

function frame(id: number, kind: number, content = ''): Uint8Array {
	return Buffer.concat([Buffer.from([id >> 8, id & 255, kind]), Buffer.from(content)]);
}

describe('a relayed connection', () => {
	test('takes channels of the other end and their messages, and answers when they are closed', async (t) => {
		const { other, told } = await end(t);
		const answered = next(other, 'message');
		other.send(frame(1, 0, '{"label":"ü","protocol":"p"}'));
		other.send(frame(1, 1, 'text'));
		other.send(frame(1, 2, 'AB'));
		other.send(frame(1, 3));
		assert.deepEqual(await told.count(5), ['channel 1 ü p', 'open 1', 'text', 'bytes 65,66', 'closed 1']);
		assert.deepEqual([...new Uint8Array((await answered)[0].data as ArrayBuffer)], [0, 1, 3]);
	});

	test('uses the id of a closed channel again only when the other end knows', async (t) => {
		const { peer, other } = await end(t);
		const first = peer.createChannel('one', {});
		assert.equal(first.id, 0);
		first.close();
		assert.equal(peer.createChannel('two', {}).id, 2);
		other.send(frame(0, 3));
		// Behind that in order.
		const told = new Inbox<string>();
		const probe = peer.createChannel('probe', { negotiated: true, id: 900 });
		listen(probe, told);
		other.send(frame(900, 1, 'now'));
		await told.find((each) => each === 'now');
		assert.equal(peer.createChannel('three', {}).id, 0);
	});

	test('passes over texts, and frames of channels that are not there', async (t) => {
		const { other, told } = await end(t);
		other.send('{"t":"candidate"}');
		other.send(frame(7, 1, 'nobody'));
		other.send(frame(7, 3));
		other.send(frame(3, 0, '{"label":"","protocol":""}'));
		assert.deepEqual(await told.count(2), ['channel 3  ', 'open 3']);
	});

	for (const [what, bytes] of [
		['an empty frame', new Uint8Array(0)],
		['an unknown kind', frame(1, 4)],
		['an id of this end', frame(2, 0, '{"label":"","protocol":""}')],
		['an id out of range', frame(5001, 0, '{"label":"","protocol":""}')],
		['an opening that is no JSON', frame(1, 0, '{')],
		['an opening without a name', frame(1, 0, '{"label":5}')],
		['an opening of null', frame(1, 0, 'null')],
	] as const) {
		test(`fails for ${what}`, async (t) => {
			const { other, told } = await end(t);
			other.send(bytes);
			assert.match((await told.count(1))[0] ?? '', /does not speak/);
		});
	}

	test('refuses what WebRTC refuses', async (t) => {
		const { peer } = await end(t);
		for (const options of [
			{ negotiated: true },
			{ negotiated: true, id: 1022 },
			{ maxRetransmits: 1, maxPacketLifeTime: 1 },
			{ maxRetransmits: -1 },
			{ protocol: 'x'.repeat(2000) },
		]) {
			assert.throws(() => peer.createChannel('x', options), TypeError, JSON.stringify(options));
		}
		peer.createChannel('x', { negotiated: true, id: 4 });
		assert.throws(() => peer.createChannel('x', { negotiated: true, id: 4 }), TypeError);
	});

	test('tells when enough has left, and that the other end is gone', async (t) => {
		const { peer, other, told } = await end(t);
		const channel = peer.createChannel('x', {});
		listen(channel, told);
		channel.setLowThreshold(1000);
		for (let n = 0; n < 50; n++) channel.sendBytes(new Uint8Array(100_000));
		assert.ok(channel.bufferedAmount > 1000);
		await told.find((each) => each === 'low');
		assert.ok(channel.bufferedAmount <= 1000);
		other.close();
		await told.find((each) => each === 'state closed');
		channel.sendText('into nothing');
		peer.close();
	});

	test('says nothing more once it is closed', async (t) => {
		const { peer, other, told } = await end(t);
		listen(peer.createChannel('x', { negotiated: true, id: 9 }), told);
		await told.count(1);
		peer.close();
		await next(other, 'close');
		assert.deepEqual(told.items, ['open 9']);
	});
});
