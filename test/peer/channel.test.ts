import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Channel } from '../../src/peer/channel.js';
import type { ChannelHost } from '../../src/peer/channel-host.js';
import { ACK, messageFrame, writeFrame } from '../../src/peer/frames.js';
import type { Message } from '../../src/peer/numbering.js';
import type { DataChannelOptions } from '../../src/peer/rtc.js';
import * as LIMITS from '../../src/wire/limits.js';
import * as WAITS from '../../src/wire/waits.js';
import { FakeChannel } from '../support/fake-rtc.js';
import { coded } from '../support/stage.js';
import { turns } from '../support/wait.js';

const LOSSY: DataChannelOptions = { ordered: false, maxRetransmits: 0 };

function stage(options: DataChannelOptions = {}, open = true) {
	const sent: [number: number, message: Message][] = [];
	const asked: number[] = [];
	const acknowledged: number[] = [];
	let over = 0;
	let broken = 0;
	const limits = {
		maxMessageSize: 256 * 1024,
		keepBytes: LIMITS.channelBufferedBytes,
		accepted: true,
		silent: false,
		watch: { heard: false, start: () => {} },
	};
	const host: ChannelHost = {
		paths: limits,
		closesLanes: true,
		fits: (kept, more) => kept + more <= limits.keepBytes,
		send: (_channel, number, message) =>
			sent.push([number, typeof message === 'string' ? message : new Uint8Array(message)]),
		acknowledge: (_channel, due) => acknowledged.push(due),
		closing: ({ sent: last }) => asked.push(last),
		closed: () => over++,
		broken: () => broken++,
	};
	const channel = new Channel(host, { number: 1, id: 2, label: 'name', options });
	if (open) channel.open();
	const events: string[] = [];
	const heard: unknown[] = [];
	for (const event of ['open', 'close'] as const) channel.on(event, ({ type }) => events.push(type));
	return {
		channel,
		sent,
		asked,
		acknowledged,
		events,
		heard,
		limits,
		listen: () => channel.on('message', ({ data }) => heard.push(data)),
		counts: () => ({ over, broken }),
		/** A stream of the channel's own that both ends listen on. */
		lane(): FakeChannel {
			const lane = new FakeChannel('name', { negotiated: true, id: 2 });
			channel.lane(lane);
			lane.handlers.open();
			channel.laneReady();
			return lane;
		},
	};
}

describe('a channel', () => {
	it('can send once it is open, and not before or after', () => {
		const { channel, sent, events } = stage({}, false);
		assert.throws(() => channel.send('early'), coded('channel-not-open'));
		channel.open();
		channel.open();
		channel.send('now');
		channel.end();
		channel.end();
		channel.open();
		assert.throws(() => channel.send('late'), coded('channel-not-open'));
		assert.deepEqual([sent, events, channel.readyState], [[[0, 'now']], ['open', 'close'], 'closed']);
	});

	it('sends the bytes of a view, and only those, as they were then', () => {
		for (const options of [{}, LOSSY]) {
			const { channel, sent } = stage(options);
			const memory = new Uint8Array([9, 9, 1, 2, 9, 9]);
			channel.send(new Uint16Array(memory.buffer, 2, 1));
			memory.fill(0);
			assert.deepEqual(sent, [[0, new Uint8Array([1, 2])]]);
			assert.throws(() => channel.send(5 as unknown as string), coded('bad-option'));
		}
	});

	it('says that the host refused an unreliable message, and why', () => {
		const { channel, lane } = stage(LOSSY);
		const rtc = lane();
		rtc.problem = new Error('no');
		assert.throws(
			() => channel.send('x'),
			(error: Error) => {
				assert.equal(error.cause, rtc.problem);
				return coded('rtc-failed')(error);
			},
		);
	});

	it('refuses what the other end cannot take, text counted in bytes, on both paths alike', () => {
		for (const options of [{}, LOSSY]) {
			for (const withLane of [false, true]) {
				const { channel, limits, lane } = stage(options);
				if (withLane) lane();
				limits.maxMessageSize = 100_000;
				channel.send('é'.repeat(50_000));
				assert.throws(() => channel.send('é'.repeat(50_001)), coded('message-too-large'));
				assert.throws(() => channel.send(new Uint8Array(100_001)), coded('message-too-large'));
				assert.equal(channel.maxMessageSize, 100_000);
			}
		}
	});

	it('refuses more than may wait, and takes more afterwards', () => {
		const { channel } = stage();
		const chunk = new Uint8Array(200_000);
		let count = 0;
		assert.throws(() => {
			for (;;) {
				channel.send(chunk);
				count++;
				assert.ok(channel.bufferedAmount <= LIMITS.channelBufferedBytes);
			}
		}, coded('buffer-full'));
		assert.equal(count, Math.floor(LIMITS.channelBufferedBytes / chunk.length));
		assert.equal(channel.bufferedAmount, count * chunk.length);
		channel.acknowledge(1);
		channel.send(chunk);
	});

	it('refuses more messages than may be kept, however small they are', () => {
		const { channel } = stage();
		for (let count = 0; count < LIMITS.channelKeptMessages; count++) channel.send('');
		assert.throws(() => channel.send(''), coded('buffer-full'));
		channel.acknowledge(10);
		channel.send('');
	});

	it('refuses more than may wait in the stream of an unreliable one', () => {
		const { channel, lane } = stage(LOSSY);
		const rtc = lane();
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

	it('has the room that its session gives it', () => {
		const { channel, limits } = stage();
		limits.keepBytes = LIMITS.earlyBytes;
		channel.send(new Uint8Array(LIMITS.earlyBytes));
		assert.throws(() => channel.send(new Uint8Array(1)), coded('buffer-full'));
	});

	it('tells of low water once the other end has what was sent', () => {
		const { channel } = stage();
		let low = 0;
		channel.onbufferedamountlow = () => low++;
		channel.bufferedAmountLowThreshold = 10;
		for (let count = 0; count < 5; count++) channel.send('12345');
		for (const [number, told] of [
			[1, 0],
			[3, 1],
			[4, 1],
			[5, 1],
		] as const) {
			channel.acknowledge(number);
			assert.equal(low, told, `${number}`);
		}
		assert.throws(() => {
			channel.bufferedAmountLowThreshold = -1;
		}, coded('bad-option'));
	});

	it('watches for low water of an unreliable one only where somebody listens', () => {
		const { channel, lane } = stage(LOSSY);
		channel.bufferedAmountLowThreshold = 10;
		const rtc = lane();
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
		const { channel } = stage();
		channel.arrived(0, '1');
		const heard: unknown[] = [];
		channel.on('message', ({ data }) => {
			heard.push(data);
			if (data === '1') channel.arrived(2, '3');
		});
		channel.arrived(1, '2');
		await turns();
		channel.arrived(3, '4');
		assert.deepEqual(heard.length, 4);
		assert.deepEqual(
			heard.filter((each) => each !== '3'),
			['1', '2', '4'],
		);
	});

	it('keeps what arrived before it was closed for a listener that comes then', async () => {
		const { channel, heard, listen } = stage();
		channel.arrived(0, 'last words');
		channel.end();
		listen();
		await turns();
		assert.deepEqual(heard, ['last words']);
	});

	it('bounds what it keeps, small messages counted with what they cost', () => {
		const { channel } = stage(LOSSY);
		const errors: string[] = [];
		channel.on('error', ({ error }) => errors.push(error.code));
		for (let count = 0; count < 200_000; count++) channel.arrived(0, '');
		assert.deepEqual(errors, ['unread-overflow']);
	});

	it('asks the other end to close, and ends when it does', () => {
		const { channel, asked, events, counts } = stage();
		channel.send('a');
		channel.send('b');
		channel.close();
		channel.close();
		assert.deepEqual([asked, channel.readyState, counts().over], [[2], 'closing', 0]);
		channel.ends(0);
		assert.deepEqual([channel.readyState, events, counts().over], ['closed', ['close'], 1]);
	});

	it('waits for the messages that the other end has sent before it closed', () => {
		const { channel, heard, listen } = stage();
		listen();
		channel.ends(2);
		channel.arrived(1, 'b');
		assert.equal(channel.readyState, 'open');
		channel.arrived(0, 'a');
		assert.deepEqual([heard, channel.readyState], [['a', 'b'], 'closed']);
	});

	it('ends by itself when nobody answers and nothing leaves any more', (t) => {
		t.mock.timers.enable({ apis: ['setTimeout'] });
		const { channel, events } = stage();
		for (let count = 0; count < 3; count++) channel.send('x');
		channel.close();
		for (const number of [1, 2]) {
			channel.acknowledge(number);
			t.mock.timers.tick(WAITS.flush);
			assert.equal(channel.readyState, 'closing');
		}
		t.mock.timers.tick(WAITS.flush);
		assert.deepEqual([channel.readyState, events.at(-1)], ['closed', 'close']);
	});

	it('has listeners as properties, one each', () => {
		const { channel } = stage();
		const heard: string[] = [];
		assert.equal(channel.onmessage, null);
		channel.onmessage = ({ data }) => heard.push(`first ${String(data)}`);
		const second = ({ data }: { data: unknown }) => heard.push(`second ${String(data)}`);
		channel.onmessage = second;
		assert.equal(channel.onmessage, second);
		channel.arrived(0, 'x');
		channel.onmessage = 5 as unknown as null;
		assert.equal(channel.onmessage, null);
		channel.arrived(1, 'y');
		assert.deepEqual(heard, ['second x']);
	});
});

describe('what arrives on a reliable channel', () => {
	it('is acknowledged: at once where much has arrived, soon where the other end may wait, otherwise when convenient', () => {
		const { channel, acknowledged } = stage();
		for (let number = 0; number < 1024; number++) channel.arrived(number, '');
		assert.deepEqual([acknowledged.at(0), acknowledged.at(-2), acknowledged.at(-1)], [100, 100, 0]);
		assert.equal(channel.acknowledgement(), 1024);
		channel.arrived(1024, 'x'.repeat(128 * 1024));
		assert.equal(acknowledged.at(-1), 0);
		channel.acknowledgement();
		channel.arrived(1025, 'x'.repeat(1023));
		channel.arrived(1026, 'x');
		assert.deepEqual(acknowledged.slice(-2), [100, 5]);
	});

	it('is acknowledged again when it comes again: the first acknowledgement may be lost', () => {
		const { channel, acknowledged, heard, listen } = stage();
		listen();
		channel.arrived(0, 'x');
		assert.equal(channel.acknowledgement(), 1);
		acknowledged.length = 0;
		channel.arrived(0, 'x');
		assert.deepEqual([acknowledged.length > 0, channel.acknowledgement(), heard], [true, 1, ['x']]);
	});

	it('costs the session when it can never be told', () => {
		const { channel, counts } = stage();
		for (let number = 1; number < LIMITS.channelKeptMessages + 3; number++) channel.arrived(number, '');
		assert.ok(counts().broken > 0);
	});
});

describe('a channel without a lane', () => {
	it('keeps small messages in little memory', () => {
		setFlagsFromString('--expose-gc');
		const collect = runInNewContext('gc') as () => void;
		const memory = (): number => {
			for (let count = 0; count < 2; count++) collect();
			const { heapUsed, arrayBuffers } = process.memoryUsage();
			return heapUsed + arrayBuffers;
		};
		const { channel, sent } = stage();
		const [before, message, messages] = [memory(), new Uint8Array(8), 100_000];
		for (let count = 0; count < messages; count++) {
			channel.send(message);
			sent.length = 0;
		}
		const each = (memory() - before) / messages;
		assert.ok(each < 60, `${each} bytes a message`);
		assert.equal(channel.bufferedAmount, 8 * messages);
	});
});

describe('the lane of a channel', () => {
	it('tells that nothing waits any more when it is lost with what waited in it', async () => {
		for (const lose of ['closed', 'taken away']) {
			const { channel, lane } = stage(LOSSY);
			const rtc = lane();
			let low = 0;
			channel.on('bufferedamountlow', () => low++);
			rtc.bufferedAmount = 100_000;
			assert.equal(channel.bufferedAmount, 100_000);
			if (lose === 'closed') rtc.handlers.closed();
			else channel.unlane();
			assert.equal(channel.bufferedAmount, 0);
			await turns();
			assert.equal(low, 1);
		}
	});

	it('is used once it is open and the other end listens, in either order', () => {
		for (const readyFirst of [true, false]) {
			const { channel, sent } = stage({ ordered: false });
			const lane = new FakeChannel('name', { negotiated: true, id: 2 });
			channel.lane(lane);
			channel.send('a');
			if (readyFirst) channel.laneReady();
			else lane.handlers.open();
			channel.send('b');
			if (readyFirst) lane.handlers.open();
			else channel.laneReady();
			channel.send('c');
			assert.deepEqual(sent, [
				[0, 'a'],
				[1, 'b'],
			]);
			assert.deepEqual(lane.messages(1), [[2, 'c']]);
		}
	});

	it('begins with the number of its first message where it is ordered, and has nothing more to say', () => {
		const { channel, lane } = stage();
		channel.send('a');
		const rtc = lane();
		channel.send('b');
		channel.send(new Uint8Array([1]));
		assert.deepEqual(rtc.sent, ['1', 'b', new Uint8Array([1])]);
	});

	it('adds nothing to an unreliable message', () => {
		const { channel, lane } = stage(LOSSY);
		const rtc = lane();
		channel.send('a');
		channel.send(new Uint8Array([1]));
		assert.deepEqual(rtc.sent, ['a', new Uint8Array([1])]);
	});

	it('is read beside the trunk, each message once and in order', () => {
		const { channel, lane, heard, listen } = stage();
		listen();
		const rtc = lane();
		channel.arrived(0, '0');
		rtc.handlers.message('2');
		rtc.handlers.message('two');
		channel.arrived(2, 'two');
		channel.arrived(1, 'one');
		rtc.handlers.message('three');
		assert.deepEqual(heard, ['0', 'one', 'two', 'three']);
	});

	it('that dies alone takes nothing with it', () => {
		const { channel, lane, sent } = stage();
		const rtc = lane();
		channel.send('a');
		channel.send('b');
		channel.acknowledge(1);
		assert.deepEqual(sent, []);
		rtc.handlers.closed();
		assert.deepEqual(sent, [[1, 'b']]);
		channel.send('c');
		assert.deepEqual(sent.at(-1), [2, 'c']);
		assert.equal(channel.readyState, 'open');
	});

	it('that takes no more is left, and what was handed to it goes another way', () => {
		const { channel, lane, sent } = stage();
		const rtc = lane();
		channel.send('a');
		rtc.problem = new Error('closing');
		channel.send('b');
		channel.send('c');
		assert.deepEqual(sent, [
			[0, 'a'],
			[1, 'b'],
			[2, 'c'],
		]);
	});

	it('of an earlier connection has no say any more', () => {
		const { channel, lane, sent } = stage();
		const old = lane();
		channel.unlane();
		const rtc = lane();
		channel.send('a');
		old.handlers.closed();
		old.handlers.open();
		channel.send('b');
		assert.deepEqual([rtc.sent, sent], [['0', 'a', 'b'], []]);
	});

	for (const first of ['x', 'NaN', '-1', '1.5', '1e300', 'Infinity', new ArrayBuffer(3)]) {
		it(`that begins with ${typeof first === 'string' ? first : 'bytes'} costs the session`, () => {
			const { lane, counts } = stage();
			const rtc = lane();
			rtc.handlers.message(first);
			assert.equal(counts().broken, 1);
		});
	}

	for (const [what, data] of [
		['text', 'text'],
		['a short frame', new ArrayBuffer(3)],
		['an acknowledgement', writeFrame(ACK, 1, 0).buffer as ArrayBuffer],
	] as const) {
		it(`of an unordered channel costs the session when it brings ${what}`, () => {
			const { lane, heard, listen, counts } = stage({ ordered: false });
			listen();
			const rtc = lane();
			rtc.handlers.message(messageFrame(1, 0, 'good').slice().buffer as ArrayBuffer);
			assert.deepEqual([heard, counts().broken], [['good'], 0]);
			rtc.handlers.message(data);
			assert.deepEqual([heard, counts().broken], [['good'], 1]);
		});
	}

	it('is closed with the channel, and asked for nothing afterwards', async () => {
		const { channel, lane, sent, heard, listen } = stage();
		listen();
		const rtc = lane();
		channel.send('x');
		channel.end();
		await turns();
		rtc.handlers.message('0');
		rtc.handlers.message('late');
		assert.deepEqual([rtc.closed, sent, heard], [true, [], []]);
	});
});
