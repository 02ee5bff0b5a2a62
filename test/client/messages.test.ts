import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EnslavismError } from '../../src/index.js';
import * as LIMITS from '../../src/wire/limits.js';
import { channelFor, coded, messagesOf, sessionFor } from '../support/stage.js';
import { Inbox, next, turns } from '../support/wait.js';

const bytesOf = (data: string | ArrayBuffer | undefined) => {
	assert.ok(data instanceof ArrayBuffer, 'bytes arrive as an ArrayBuffer');
	return [...new Uint8Array(data)];
};

describe('messages', () => {
	it('arrive as they were sent, in order, both ways', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t);
		const { near, far } = await channelFor(slaveCo, clientCo);
		for (const [from, to] of [
			[near, far],
			[far, near],
		] as const) {
			const arrived = messagesOf(to);
			for (let count = 0; count < 200; count++) from.send(String(count));
			await arrived.count(200);
			assert.deepEqual(
				arrived.items,
				Array.from({ length: 200 }, (_, count) => String(count)),
			);
		}
	});

	it('are text or bytes', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t);
		const { near, far } = await channelFor(slaveCo, clientCo);
		const arrived = messagesOf(far);
		const texts = ['', 'x', 'é😀\u0000', 'x'.repeat(70_000), '{"t":"close","reason":"not a control message"}'];
		for (const text of texts) near.send(text);
		assert.deepEqual(await arrived.count(texts.length), texts);
		const buffer = new Uint8Array([0, 1, 2, 3, 4, 5, 6, 7]).buffer;
		const views = [
			buffer,
			new Uint8Array(buffer, 2, 3),
			new DataView(buffer, 6),
			new Uint16Array([0x0201]),
			Buffer.from('a'),
		];
		for (const view of [...views, new ArrayBuffer(0)]) near.send(view);
		const all = await arrived.count(texts.length + 6);
		assert.deepEqual(all.slice(texts.length).map(bytesOf), [
			[0, 1, 2, 3, 4, 5, 6, 7],
			[2, 3, 4],
			[6, 7],
			[1, 2],
			[97],
			[],
		]);
	});

	it('are the content of one message each: what arrives can be kept', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t);
		const { near, far } = await channelFor(slaveCo, clientCo);
		const arrived = messagesOf(far);
		const bytes = new Uint8Array([1, 1, 1]);
		near.send(bytes);
		bytes.fill(2);
		near.send(bytes);
		const [first, second] = await arrived.count(2);
		assert.deepEqual(
			[bytesOf(first), bytesOf(second)],
			[
				[1, 1, 1],
				[2, 2, 2],
			],
		);
		assert.equal((first as ArrayBuffer).byteLength, 3);
	});

	it('are events with type, data and target, for on, addEventListener and onmessage alike', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t);
		const { near, far } = await channelFor(slaveCo, clientCo);
		const heard = new Inbox<[string, string, unknown, boolean]>();
		const put = (how: string) => (event: { type: string; data: unknown; target: unknown }) =>
			heard.put([how, event.type, event.data, event.target === far]);
		far.on('message', put('on'));
		far.once('message', put('once'));
		far.addEventListener('message', put('addEventListener'));
		far.addEventListener('message', { handleEvent: put('handleEvent') });
		far.onmessage = put('replaced');
		far.onmessage = put('onmessage');
		near.send('x');
		await heard.count(5);
		far.onmessage = null;
		near.send('y');
		await heard.count(8);
		const line = (how: string, data: string) => [how, 'message', data, true];
		assert.deepEqual(heard.items, [
			...['on', 'once', 'addEventListener', 'handleEvent', 'onmessage'].map((how) => line(how, 'x')),
			...['on', 'addEventListener', 'handleEvent'].map((how) => line(how, 'y')),
		]);
		assert.equal(far.onmessage, null);
	});

	it('wait for somebody who listens, in order', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t);
		const { near, far } = await channelFor(slaveCo, clientCo);
		for (const text of ['1', '2', '3']) near.send(text);
		await slaveCo.rtt();
		await turns(20);
		const arrived = messagesOf(far);
		near.send('4');
		assert.deepEqual(await arrived.count(4), ['1', '2', '3', '4']);
	});

	it('that nobody listens for are lost past a bound, which is an error of the channel', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t);
		const { near, far } = await channelFor(slaveCo, clientCo);
		const failed = next(far, 'error');
		const text = 'x'.repeat(50_000);
		for (let count = 0; count < 30; count++) near.send(text);
		const [{ type, error, target }] = await failed;
		coded('unread-overflow')(error);
		assert.deepEqual([type, target], ['error', far]);
		while (near.bufferedAmount > 0) await turns();
		await slaveCo.rtt();
		const arrived = messagesOf(far);
		await arrived.find((each) => each === text);
		assert.ok(arrived.items.length >= 10 && arrived.items.length <= LIMITS.channelUnreadBytes / text.length);
	});

	it('of a type that cannot be sent are refused', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t);
		const { near } = await channelFor(slaveCo, clientCo);
		for (const data of [null, undefined, 1, {}, [1], new Blob(['x']), Symbol('x')]) {
			assert.throws(() => near.send(data as string), coded('bad-option'));
		}
		assert.equal(near.readyState, 'open');
	});

	it('larger than the other end takes are refused, and the largest arrives', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t);
		const { near, far } = await channelFor(slaveCo, clientCo);
		assert.equal(near.maxMessageSize, LIMITS.messageBytes);
		assert.equal(far.maxMessageSize, LIMITS.messageBytes);
		const arrived = messagesOf(far);
		assert.throws(() => near.send(new Uint8Array(near.maxMessageSize + 1)), coded('message-too-large'));
		assert.throws(() => near.send('x'.repeat(near.maxMessageSize + 1)), coded('message-too-large'));
		assert.throws(() => near.send('é'.repeat(near.maxMessageSize / 2 + 1)), coded('message-too-large'));
		near.send(new Uint8Array(near.maxMessageSize));
		near.send('é'.repeat(near.maxMessageSize / 2));
		const [bytes, text] = await arrived.count(2);
		assert.equal((bytes as ArrayBuffer).byteLength, near.maxMessageSize);
		assert.equal(text, 'é'.repeat(near.maxMessageSize / 2));
	});
});

describe('back-pressure', () => {
	it('is shown by bufferedAmount, and its end by an event', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t);
		const { near, far } = await channelFor(slaveCo, clientCo);
		assert.equal(near.bufferedAmount, 0);
		assert.equal(near.bufferedAmountLowThreshold, 0);
		near.bufferedAmountLowThreshold = 100_000;
		assert.equal(near.bufferedAmountLowThreshold, 100_000);
		const arrived = messagesOf(far);
		const low = next(near, 'bufferedamountlow');
		let sent = 0;
		let most = 0;
		for (; sent < 250 && most <= 200_000; sent++) {
			near.send(new Uint8Array(64_000));
			most = Math.max(most, near.bufferedAmount);
		}
		assert.ok(most > 100_000);
		const [{ type, target }] = await low;
		assert.deepEqual([type, target], ['bufferedamountlow', near]);
		assert.ok(near.bufferedAmount <= 100_000);
		await arrived.count(sent);
		while (near.bufferedAmount > 0) await turns();
	});

	it('is over also for a listener that comes when all has left already', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t);
		const { near } = await channelFor(slaveCo, clientCo);
		near.send(new Uint8Array(64_000));
		// Nothing but native threads runs meanwhile; if they take longer, the event comes the ordinary way.
		Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
		await next(near, 'bufferedamountlow');
	});

	it('refuses more when 16 MiB are waiting, and takes more afterwards', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t);
		const { near, far } = await channelFor(slaveCo, clientCo);
		const arrived = messagesOf(far);
		const chunk = new Uint8Array(250_000);
		let sent = 0;
		assert.throws(() => {
			for (; sent < 200; sent++) near.send(chunk);
		}, coded('buffer-full'));
		assert.ok(sent * chunk.length >= LIMITS.channelBufferedBytes * 0.9, `${sent} were taken`);
		assert.equal(near.readyState, 'open');
		await arrived.count(sent);
		near.send('more');
		await arrived.find((each) => each === 'more');
		assert.equal(arrived.items.length, sent + 1);
	});

	it('has a threshold that is a number of bytes', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t);
		const { near } = await channelFor(slaveCo, clientCo);
		for (const bytes of [-1, 0.5, Number.NaN, 2 ** 32, '1' as unknown as number]) {
			assert.throws(() => {
				near.bufferedAmountLowThreshold = bytes;
			}, EnslavismError);
		}
	});
});
