import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { relay, sharedState } from '../../src/index.js';
import { bothEnds, connectionTo, peersFor, textOf } from '../support/peers.js';
import { openMaster } from '../support/raw-socket.js';
import { Inbox, next } from '../support/wait.js';

const services = () => [sharedState(), relay()];

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
});
