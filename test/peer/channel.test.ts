import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Channel } from '../../src/peer/channel.js';
import * as LIMITS from '../../src/wire/limits.js';
import * as WAITS from '../../src/wire/waits.js';
import { FakeChannel } from '../support/fake-rtc.js';
import { coded } from '../support/stage.js';
import { turns } from '../support/wait.js';

function stage(open = true) {
	const rtc = new FakeChannel('name', {}, 1);
	const asked: Channel[] = [];
	const channel = new Channel(rtc, (each) => asked.push(each));
	channel.attach();
	if (open) rtc.handlers.open();
	const events: string[] = [];
	for (const event of ['open', 'bufferedamountlow', 'close'] as const) {
		if (event !== 'bufferedamountlow') channel.on(event, ({ type }) => events.push(type));
	}
	return { rtc, channel, asked, events };
}

describe('a channel', () => {
	it('can send once it is open, and not before or after', () => {
		const { rtc, channel, events } = stage(false);
		assert.throws(() => channel.send('early'), coded('channel-not-open'));
		rtc.handlers.open();
		rtc.handlers.open();
		channel.send('now');
		rtc.handlers.closed();
		rtc.handlers.closed();
		assert.throws(() => channel.send('late'), coded('channel-not-open'));
		assert.deepEqual([rtc.sent, events, channel.readyState], [['now'], ['open', 'close'], 'closed']);
	});

	it('hands bytes of a view to the host, and only those', () => {
		const { rtc, channel } = stage();
		channel.send(new Uint16Array(new Uint8Array([9, 9, 1, 2, 9, 9]).buffer, 2, 1));
		assert.deepEqual(rtc.sent, [new Uint8Array([1, 2])]);
	});

	it('says that the host refused, and why', () => {
		const { rtc, channel } = stage();
		rtc.problem = new Error('no');
		assert.throws(
			() => channel.send('x'),
			(error: Error) => {
				assert.equal(error.cause, rtc.problem);
				return coded('rtc-failed')(error);
			},
		);
	});

	it('refuses what the other end cannot take, text counted in bytes', () => {
		const { rtc, channel } = stage();
		rtc.maxMessageSize = 100_000;
		channel.send('é'.repeat(50_000));
		assert.throws(() => channel.send('é'.repeat(50_001)), coded('message-too-large'));
		assert.throws(() => channel.send(new Uint8Array(100_001)), coded('message-too-large'));
		assert.equal(rtc.sent.length, 1);
	});

	it('refuses more than may wait', () => {
		const { rtc, channel } = stage();
		const chunk = new Uint8Array(200_000);
		assert.throws(() => {
			for (;;) {
				channel.send(chunk);
				rtc.bufferedAmount += chunk.length;
				assert.ok(rtc.bufferedAmount <= LIMITS.channelBufferedBytes + 2 * 1024 * 1024, 'a bound, give or take');
			}
		}, coded('buffer-full'));
		rtc.bufferedAmount = 0;
		channel.send(chunk);
	});

	it('watches for low water only where somebody listens', () => {
		const { rtc, channel } = stage(false);
		channel.bufferedAmountLowThreshold = 10;
		rtc.handlers.open();
		assert.equal(rtc.lowThreshold, undefined);
		let low = 0;
		channel.onbufferedamountlow = () => low++;
		assert.equal(rtc.lowThreshold, 10);
		channel.bufferedAmountLowThreshold = 20;
		assert.equal(rtc.lowThreshold, 20);
		rtc.handlers.low();
		assert.equal(low, 1);
	});

	it('keeps what arrives until somebody listens, in order, also what arrives while it is told', async () => {
		const { rtc, channel } = stage();
		rtc.handlers.message('1');
		const heard: unknown[] = [];
		channel.on('message', ({ data }) => {
			heard.push(data);
			if (data === '1') rtc.handlers.message('3');
		});
		rtc.handlers.message('2');
		await turns();
		rtc.handlers.message('4');
		assert.deepEqual(heard.length, 4);
		assert.deepEqual(
			heard.filter((each) => each !== '3'),
			['1', '2', '4'],
		);
	});

	it('keeps what arrived before it was closed for a listener that comes then', async () => {
		const { rtc, channel } = stage();
		rtc.handlers.message('last words');
		rtc.handlers.closed();
		const heard: unknown[] = [];
		channel.on('message', ({ data }) => heard.push(data));
		await turns();
		assert.deepEqual(heard, ['last words']);
	});

	it('bounds what it keeps, small messages counted with what they cost', () => {
		const { rtc, channel } = stage();
		const errors: string[] = [];
		channel.on('error', ({ error }) => errors.push(error.code));
		for (let count = 0; count < 200_000; count++) rtc.handlers.message('');
		assert.deepEqual(errors, ['unread-overflow']);
	});

	it('asks the other end to hang up, and hangs up itself when nothing leaves any more', (t) => {
		t.mock.timers.enable({ apis: ['setTimeout'] });
		const { rtc, channel, asked, events } = stage();
		rtc.bufferedAmount = 100;
		channel.close();
		channel.close();
		assert.deepEqual([asked, channel.readyState, rtc.closed], [[channel], 'closing', false]);
		rtc.bufferedAmount = 50;
		t.mock.timers.tick(WAITS.flush);
		assert.equal(rtc.closed, false);
		t.mock.timers.tick(WAITS.flush);
		assert.deepEqual([rtc.closed, events.at(-1)], [true, 'close']);
	});

	it('is closed at once when it is not open yet', () => {
		const { rtc, channel, asked } = stage(false);
		channel.close();
		assert.deepEqual([asked, rtc.closed, channel.readyState], [[], true, 'closed']);
	});

	it('has listeners as properties, one each', () => {
		const { rtc, channel } = stage();
		const heard: string[] = [];
		assert.equal(channel.onmessage, null);
		channel.onmessage = ({ data }) => heard.push(`first ${String(data)}`);
		const second = ({ data }: { data: unknown }) => heard.push(`second ${String(data)}`);
		channel.onmessage = second;
		assert.equal(channel.onmessage, second);
		rtc.handlers.message('x');
		channel.onmessage = 5 as unknown as null;
		assert.equal(channel.onmessage, null);
		rtc.handlers.message('y');
		assert.deepEqual(heard, ['second x']);
	});
});
