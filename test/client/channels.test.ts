import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DataChannelOptions } from '../../src/client/node.js';
import type { Channel } from '../../src/index.js';
import * as LIMITS from '../../src/wire/limits.js';
import { channelFor, coded, echo, messagesOf, sessionFor, trioFor } from '../support/stage.js';
import { Inbox, next, within } from '../support/wait.js';

const bytesOf = (data: string | ArrayBuffer | undefined) => {
	assert.ok(data instanceof ArrayBuffer, 'bytes arrive as an ArrayBuffer');
	return [...new Uint8Array(data)];
};

describe('opening channels', () => {
	it('works for three at once before the session is open, over one session', async (t) => {
		const { slave, slaveCo } = await trioFor(t);
		echo(slave);
		const channels = await Promise.all(['a', 'b', 'c'].map((name) => slaveCo.createDataChannel(name)));
		assert.equal(slave.connections.length, 1);
		assert.deepEqual(
			channels.map(({ label, readyState }) => [label, readyState]),
			[
				['a', 'open'],
				['b', 'open'],
				['c', 'open'],
			],
		);
		assert.equal(new Set(channels.map(({ id }) => id)).size, 3);
		for (const channel of channels) {
			const answers = messagesOf(channel);
			channel.send(channel.label);
			assert.deepEqual(await answers.count(1), [channel.label]);
		}
		assert.deepEqual([...slaveCo.dataChannels.keys()].sort(), ['a', 'b', 'c']);
		assert.equal(slaveCo.dataChannels.get('b'), channels[1]);
	});

	it('tells the slave of the connection, then of the channel, then that it is open', async (t) => {
		const { slave, slaveCo } = await trioFor(t);
		const order = new Inbox<string>();
		slave.on('offer', () => order.put('offer'));
		slave.on('connection', (client) => {
			order.put('connection');
			client.on('datachannel', (channel) => {
				order.put(`datachannel ${channel.readyState}`);
				channel.on('open', ({ type, target }) => order.put(`${type} ${target.readyState}`));
				channel.on('message', ({ type, data }) => order.put(`${type} ${String(data)}`));
			});
		});
		const channel = await slaveCo.createDataChannel('x');
		channel.send('first');
		await order.find((each) => each.startsWith('message'));
		assert.deepEqual(order.items, ['offer', 'connection', 'datachannel connecting', 'open open', 'message first']);
	});

	it('hands over a channel on which send is legal', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t);
		const arrived = new Inbox<unknown>();
		clientCo.on('datachannel', (channel) => channel.on('message', ({ data }) => arrived.put(data)));
		const channel = await slaveCo.createDataChannel('x');
		channel.send('at once');
		assert.deepEqual(await arrived.count(1), ['at once']);
	});

	it('works from the slave', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t);
		const [[near], far] = await Promise.all([
			next(slaveCo, 'datachannel'),
			clientCo.createDataChannel('from the slave', { ordered: false, protocol: 'chat' }),
		]);
		assert.deepEqual([near.label, near.ordered, near.protocol], ['from the slave', false, 'chat']);
		const [toNear, toFar] = [messagesOf(near), messagesOf(far)];
		far.send('hello');
		assert.deepEqual(await toNear.count(1), ['hello']);
		near.send('hi');
		assert.deepEqual(await toFar.count(1), ['hi']);
		assert.equal(slaveCo.dataChannels.get('from the slave'), near);
	});

	it('works from both ends at once, with no channel taken for another', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t);
		const [atClient, atSlave] = [new Inbox<Channel>(), new Inbox<Channel>()];
		slaveCo.on('datachannel', atClient.put);
		clientCo.on('datachannel', atSlave.put);
		const names = Array.from({ length: 20 }, (_, index) => String(index));
		const [mine, yours] = await Promise.all([
			Promise.all(names.map((name) => slaveCo.createDataChannel(`client ${name}`))),
			Promise.all(names.map((name) => clientCo.createDataChannel(`slave ${name}`))),
		]);
		await Promise.all([atClient.count(20), atSlave.count(20)]);
		assert.deepEqual(
			atSlave.items.map(({ label }) => label),
			mine.map(({ label }) => label),
		);
		assert.deepEqual(
			atClient.items.map(({ label }) => label),
			yours.map(({ label }) => label),
		);
		assert.equal(new Set([...mine, ...yours].map(({ id }) => id)).size, 40);
	});

	it('works for names such as __proto__, and for the same name twice', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t);
		for (const name of [
			'__proto__',
			'constructor',
			'',
			'ä\u0000ö',
			'enslavism',
			'x'.repeat(LIMITS.channelNameBytes),
			'',
			'',
		]) {
			const { near, far } = await channelFor(slaveCo, clientCo, name);
			assert.deepEqual([near.label, far.label], [name, name]);
			assert.equal(slaveCo.dataChannels.get(name), near);
		}
		assert.equal(clientCo.dataChannels.length, 8);
	});
});

describe('the options of a channel', () => {
	const cases: [options: DataChannelOptions, shown: object][] = [
		[{}, { ordered: true, maxRetransmits: null, maxPacketLifeTime: null, protocol: '', negotiated: false }],
		[{ ordered: false }, { ordered: false, maxRetransmits: null, maxPacketLifeTime: null }],
		[
			{ ordered: false, maxRetransmits: 0 },
			{ ordered: false, maxRetransmits: 0, maxPacketLifeTime: null },
		],
		[{ maxRetransmits: 65_535 }, { ordered: true, maxRetransmits: 65_535 }],
		[{ maxPacketLifeTime: 300 }, { ordered: true, maxRetransmits: null, maxPacketLifeTime: 300 }],
		[
			{ ordered: false, maxPacketLifeTime: 0, protocol: 'game:1' },
			{ ordered: false, maxPacketLifeTime: 0, protocol: 'game:1' },
		],
		[{ protocol: 'ur0:' }, { ordered: true, maxRetransmits: null, protocol: 'ur0:' }],
		[{ protocol: 'é'.repeat(LIMITS.channelProtocolBytes / 2 - 10) }, {}],
	];
	for (const [options, shown] of cases) {
		it(`are shown by both ends: ${JSON.stringify(options).slice(0, 70)}`, async (t) => {
			const { slaveCo, clientCo } = await sessionFor(t);
			const { near, far } = await channelFor(slaveCo, clientCo, 'x', options);
			for (const channel of [near, far]) {
				const picked = Object.keys(shown).map((key) => [key, channel[key as keyof Channel]]);
				assert.deepEqual(Object.fromEntries(picked), shown);
			}
			assert.equal(near.protocol, far.protocol);
			assert.equal(near.id, far.id);
			const arrived = messagesOf(far);
			near.send('x');
			await arrived.count(1);
		});
	}

	it('make a negotiated channel, that both ends create', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t);
		clientCo.on('datachannel', () => assert.fail('announced'));
		slaveCo.on('datachannel', () => assert.fail('announced'));
		const options = { negotiated: true, id: 7, ordered: false, maxRetransmits: 1 };
		const [near, far] = await within(
			Promise.all([slaveCo.createDataChannel('n', options), clientCo.createDataChannel('other name', options)]),
			'both ends',
		);
		assert.deepEqual([near.id, far.id, near.negotiated, far.negotiated], [7, 7, true, true]);
		const [toNear, toFar] = [messagesOf(near), messagesOf(far)];
		near.send('to the slave');
		far.send(new Uint8Array([1]));
		assert.deepEqual(await toFar.count(1), ['to the slave']);
		assert.deepEqual(bytesOf((await toNear.count(1))[0]), [1]);
	});

	it('make a negotiated channel before the session is open', async (t) => {
		const { slave, slaveCo } = await trioFor(t);
		const options = { negotiated: true, id: 0 };
		const arrived = new Inbox<unknown>();
		slave.on('connection', async (client) => {
			const far = await client.createDataChannel('n', options);
			far.on('message', ({ data }) => arrived.put(data));
			far.send('I am here, too');
		});
		const near = await within(slaveCo.createDataChannel('n', options), 'the channel');
		assert.deepEqual(await messagesOf(near).count(1), ['I am here, too']);
		near.send('early');
		assert.deepEqual(await arrived.count(1), ['early']);
	});

	const bad: [name: unknown, options: unknown][] = [
		['x', { maxRetransmits: 1, maxPacketLifeTime: 1 }],
		['x', { maxRetransmits: -1 }],
		['x', { maxPacketLifeTime: 65_536 }],
		['x', { negotiated: true }],
		['x', { negotiated: true, id: 1022 }],
		['x', { negotiated: true, id: 65_535 }],
		['x', null],
		['x'.repeat(LIMITS.channelNameBytes + 1), {}],
		['x', { protocol: 'x'.repeat(LIMITS.channelProtocolBytes + 1) }],
		[{ toString: null }, {}],
	];
	for (const [name, options] of bad) {
		it(`are refused with bad-option: ${JSON.stringify([name, options]).slice(0, 70)}`, async (t) => {
			const { slaveCo, clientCo } = await sessionFor(t);
			for (const end of [slaveCo, clientCo]) {
				const create = end.createDataChannel(name as string, options as DataChannelOptions);
				await assert.rejects(within(create, 'the refusal'), coded('bad-option'));
			}
			await channelFor(slaveCo, clientCo);
		});
	}

	it('are refused when the number of a negotiated channel is taken', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t);
		const options = { negotiated: true, id: 5 };
		await Promise.all([slaveCo.createDataChannel('a', options), clientCo.createDataChannel('a', options)]);
		await assert.rejects(within(slaveCo.createDataChannel('b', options), 'the refusal'), coded('bad-option'));
		await channelFor(slaveCo, clientCo);
	});
});

describe('closing a channel', () => {
	for (const side of ['client', 'slave'] as const) {
		it(`from the ${side} is seen at both ends, and ends nothing else`, async (t) => {
			const { slaveCo, clientCo } = await sessionFor(t);
			const { near, far } = await channelFor(slaveCo, clientCo, 'short');
			const other = await channelFor(slaveCo, clientCo, 'long');
			const closed = Promise.all([next(near, 'close'), next(far, 'close')]);
			(side === 'client' ? near : far).close();
			assert.throws(() => (side === 'client' ? near : far).send('x'), coded('channel-not-open'));
			const [[event], [farEvent]] = await closed;
			assert.deepEqual([event.type, event.target, farEvent.target], ['close', near, far]);
			assert.deepEqual([near.readyState, far.readyState], ['closed', 'closed']);
			assert.deepEqual([...slaveCo.dataChannels.keys()], ['long']);
			assert.deepEqual(clientCo.dataChannels, [other.far]);
			const arrived = messagesOf(other.far);
			other.near.send('still');
			await arrived.count(1);
			const again = await channelFor(slaveCo, clientCo, 'short');
			assert.equal(again.near.readyState, 'open');
		});
	}

	it('lets the messages that were sent just before arrive', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t);
		const { near, far } = await channelFor(slaveCo, clientCo);
		const arrived = messagesOf(far);
		const closed = next(far, 'close');
		for (let count = 0; count < 300; count++) near.send(`${count} ${'x'.repeat(1000)}`);
		near.close();
		await closed;
		assert.equal(arrived.items.length, 300);
	});

	it('from both ends at once, and again, and while it opens, is harmless', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t);
		const { near, far } = await channelFor(slaveCo, clientCo);
		const closed = Promise.all([next(near, 'close'), next(far, 'close')]);
		near.close();
		far.close();
		near.close();
		await closed;
		near.close();
		clientCo.once('datachannel', (channel) => channel.close());
		await Promise.allSettled([slaveCo.createDataChannel('closed by the slave')]);
		await channelFor(slaveCo, clientCo, 'next');
		await slaveCo.rtt();
	});

	it('may be done in any listener of the channel', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t);
		for (const event of ['open', 'message', 'close'] as const) {
			const over = new Promise<void>((resolve) => {
				clientCo.once('datachannel', (far) => {
					far.on(event, () => far.close());
					far.on('close', () => resolve());
				});
			});
			const creating = slaveCo.createDataChannel(event).then((near) => {
				if (event !== 'open') near.send('x');
				if (event === 'close') near.close();
			});
			// A channel that the slave closes as soon as it is open may never be open at the client.
			await creating.catch(coded('channel-not-open'));
			await within(over, event);
		}
		await channelFor(slaveCo, clientCo);
	});

	it('of the session may be done in any listener of a channel', async (t) => {
		const { slave, slaveCo } = await trioFor(t);
		for (const event of ['datachannel', 'open', 'message'] as const) {
			const over = new Promise<void>((resolve) => {
				slave.once('connection', (client) => {
					client.on('close', () => resolve());
					client.on('datachannel', (far) => {
						if (event === 'datachannel') client.close(event);
						else far.on(event, () => client.close(event));
					});
				});
			});
			const closed = next(slaveCo, 'close');
			await Promise.allSettled([slaveCo.createDataChannel(event).then((near) => near.send('x'))]);
			await within(over, event);
			assert.equal((await closed)[0].reason, event);
		}
	});
});

describe('the channels of a session', () => {
	it('are limited', { timeout: 60_000 }, async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t);
		const names = Array.from({ length: LIMITS.channelsPerSession }, (_, index) => String(index));
		const channels = await within(Promise.all(names.map((name) => slaveCo.createDataChannel(name))), 'all channels');
		assert.equal(slaveCo.dataChannels.size, LIMITS.channelsPerSession);
		await assert.rejects(slaveCo.createDataChannel('more'), coded('limit-reached'));
		const closed = next(channels[0] as Channel, 'close');
		channels[0]?.close();
		await closed;
		await slaveCo.createDataChannel('more');
		assert.equal(clientCo.state, 'open');
		const last = channels.at(-1) as Channel;
		const over = next(clientCo, 'close');
		last.send('x');
		slaveCo.close('all of them');
		assert.equal((await over)[0].reason, 'all of them');
	});
});
