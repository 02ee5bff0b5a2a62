import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Channel, DataChannelOptions, Slave } from '../../src/index.js';
import { BOUND, inEachBrowser, run, waitIn } from '../support/browsers.js';
import '../support/e2e-globals.js';
import { next, playing } from '../support/e2e-next.js';

/** Answers every message of every channel with the same message. */
function echo(slave: Slave): Slave {
	slave.on('connection', (client) =>
		client.on('datachannel', (channel) => channel.on('message', ({ data }) => channel.send(data))),
	);
	return slave;
}

/** What both ends of a channel must show alike. */
const shown = ({ label, protocol, ordered, maxRetransmits, maxPacketLifeTime, negotiated }: Channel) => ({
	label,
	protocol,
	ordered,
	maxRetransmits,
	maxPacketLifeTime,
	negotiated,
});

const OPTIONS: DataChannelOptions[] = [
	{},
	{ ordered: false },
	{ maxRetransmits: 0 },
	{ ordered: false, maxRetransmits: 3 },
	{ maxPacketLifeTime: 150 },
	{ ordered: false, maxPacketLifeTime: 0 },
	{ protocol: 'moves.1' },
	{ ordered: false, maxRetransmits: 0, protocol: 'u:r1:ü' },
];

inEachBrowser('data channels of a page', (suite) => {
	it('open three at once before connect(), over one session', BOUND, async () => {
		const site = await suite.site();
		const slave = echo(await site.slave('one'));
		let offers = 0;
		let connections = 0;
		slave.on('offer', () => offers++);
		slave.on('connection', () => connections++);
		const page = await suite.page(site.url);
		const result = await run(page, async () => {
			await meet();
			const channels = await Promise.all(
				['a', 'b', 'c'].map((name) => slaveCo.createDataChannel(name, { early: false })),
			);
			const answers = channels.map((channel) => next(channel, 'message') as Promise<{ data: string }>);
			for (const channel of channels) channel.send(`from ${channel.label}`);
			return {
				states: channels.map((channel) => channel.readyState),
				ids: new Set(channels.map((channel) => channel.id)).size,
				names: [...slaveCo.dataChannels.keys()],
				answers: (await Promise.all(answers)).map(({ data }) => data),
				state: slaveCo.state,
				path: slaveCo.path,
			};
		});
		assert.deepEqual(result, {
			states: ['open', 'open', 'open'],
			ids: 3,
			names: ['a', 'b', 'c'],
			answers: ['from a', 'from b', 'from c'],
			state: 'open',
			path: 'rtc',
		});
		assert.deepEqual([offers, connections], [1, 1]);
		assert.deepEqual(page.problems, []);
	});

	it('open after connect(), one after the other', BOUND, async () => {
		const site = await suite.site();
		const slave = echo(await site.slave('one'));
		const joined = playing(slave, 2);
		const page = await suite.page(site.url);
		const result = await run(page, async () => {
			await meet();
			slaveCo.on('open', () => seen.push('open'));
			await Promise.all([slaveCo.connect(), slaveCo.connect()]);
			const before = [slaveCo.state, slaveCo.dataChannels.size];
			const first = await slaveCo.createDataChannel('first');
			const second = await slaveCo.createDataChannel('second');
			const answer = next(second, 'message') as Promise<{ data: string }>;
			second.send('hello');
			return [before, first.readyState, (await answer).data, seen];
		});
		assert.deepEqual(result, [['open', 0], 'open', 'hello', ['open']]);
		const { client, channels } = await joined;
		assert.deepEqual(
			channels.map(({ label }) => label),
			['first', 'second'],
		);
		assert.deepEqual(client.dataChannels, channels);
	});

	it('show the options of RTCDataChannel alike on both ends', BOUND, async () => {
		const site = await suite.site();
		const slave = await site.slave('one');
		const accepted = new Map<string, ReturnType<typeof shown>>();
		slave.on('connection', (client) =>
			client.on('datachannel', (channel) => {
				accepted.set(channel.label, shown(channel));
				channel.on('open', () => channel.send(`open ${channel.label}`));
			}),
		);
		const page = await suite.page(site.url);
		const created = await run(
			page,
			async (options) => {
				await meet();
				return Promise.all(
					options.map(async (each, n) => {
						const channel = await slaveCo.createDataChannel(`channel ${n}`, each);
						const { data } = (await next(channel, 'message')) as { data: string };
						const { label, protocol, ordered, maxRetransmits, maxPacketLifeTime, negotiated } = channel;
						return { data, shown: { label, protocol, ordered, maxRetransmits, maxPacketLifeTime, negotiated } };
					}),
				);
			},
			OPTIONS,
		);
		for (const [n, options] of OPTIONS.entries()) {
			const label = `channel ${n}`;
			const none = { protocol: '', ordered: true, maxRetransmits: null, maxPacketLifeTime: null, negotiated: false };
			const expected = { ...none, label, ...options };
			assert.deepEqual(created[n], { data: `open ${label}`, shown: expected });
			assert.deepEqual(accepted.get(label), expected);
		}
	});

	it('refuse options that exclude each other, and go on', BOUND, async () => {
		const site = await suite.site();
		echo(await site.slave('one'));
		const page = await suite.page(site.url);
		const result = await run(page, async () => {
			await meet();
			const failed = await failure(slaveCo.createDataChannel('bad', { maxRetransmits: 1, maxPacketLifeTime: 1 }));
			return [failed?.code, (await slaveCo.createDataChannel('good')).readyState];
		});
		assert.deepEqual(result, ['bad-option', 'open']);
	});

	it('can be made by both ends with negotiated and an id', BOUND, async () => {
		const site = await suite.site();
		const slave = await site.slave('one');
		const heard: unknown[] = [];
		slave.on('connection', async (client) => {
			client.on('datachannel', ({ label }) => heard.push(label));
			const channel = await client.createDataChannel('moves', { negotiated: true, id: 7, ordered: false });
			channel.on('message', ({ data }) => channel.send(`${data} at ${channel.id}`));
			// Nothing announces such a channel: the page, which has its own since before the session, must be told.
			channel.send('ready');
		});
		const page = await suite.page(site.url);
		const result = await run(page, async () => {
			await meet();
			const channel = await slaveCo.createDataChannel('moves', { negotiated: true, id: 7, ordered: false });
			const ready = (await next(channel, 'message')) as { data: string };
			const answer = next(channel, 'message') as Promise<{ data: string }>;
			channel.send('hello');
			return [ready.data, (await answer).data, channel.id, channel.negotiated, channel.ordered];
		});
		assert.deepEqual(result, ['ready', 'hello at 7', 7, true, false]);
		assert.deepEqual(heard, []);
	});

	it('carry text and bytes both ways, bytes as ArrayBuffer on both ends', BOUND, async () => {
		const site = await suite.site();
		const slave = echo(await site.slave('one'));
		const received: unknown[] = [];
		slave.on('connection', (client) =>
			client.on('datachannel', (channel) =>
				channel.on('message', ({ data }) =>
					received.push(typeof data === 'string' ? data : data instanceof ArrayBuffer),
				),
			),
		);
		const page = await suite.page(site.url);
		const result = await run(page, async () => {
			await meet();
			const channel = await slaveCo.createDataChannel('talk');
			const answers = new Promise<unknown[]>((resolve) => {
				channel.on('message', ({ data }) => {
					seen.push(data instanceof ArrayBuffer ? [...new Uint8Array(data)] : data);
					if (seen.length === 6) resolve(seen);
				});
			});
			const bytes = new Uint8Array([9, 1, 2, 3, 9]);
			channel.send('wörld \u{1f41f}');
			channel.send('');
			channel.send(bytes.subarray(1, 4));
			channel.send(bytes.buffer);
			channel.send(new DataView(bytes.buffer, 2, 1));
			channel.send(new Uint8Array(0));
			return [await answers, channel.binaryType];
		});
		assert.deepEqual(result, [['wörld 🐟', '', [1, 2, 3], [9, 1, 2, 3, 9], [2], []], 'arraybuffer']);
		assert.deepEqual(received, ['wörld 🐟', '', true, true, true, true]);
	});

	it('say when what waits has fallen to the threshold', BOUND, async () => {
		const site = await suite.site();
		const slave = await site.slave('one');
		let bytes = 0;
		slave.on('connection', (client) =>
			client.on('datachannel', (channel) =>
				channel.on('message', ({ data }) => {
					bytes += (data as ArrayBuffer).byteLength;
					if (bytes === 4 * 1024 * 1024) channel.send('all');
				}),
			),
		);
		const page = await suite.page(site.url);
		const result = await run(page, async () => {
			await meet();
			const channel = await slaveCo.createDataChannel('bulk');
			const all = next(channel, 'message') as Promise<{ data: string }>;
			channel.bufferedAmountLowThreshold = 65_536;
			const low = next(channel, 'bufferedamountlow');
			for (let n = 0; n < 64; n++) channel.send(new Uint8Array(65_536));
			const waiting = channel.bufferedAmount;
			await low;
			return [waiting > 65_536, channel.bufferedAmount <= 65_536, (await all).data];
		});
		assert.deepEqual(result, [true, true, 'all']);
	});

	it('refuse what is too large or too much, and go on', BOUND, async () => {
		const site = await suite.site();
		const slave = await site.slave('one');
		const sizes: number[] = [];
		slave.on('connection', (client) =>
			client.on('datachannel', (channel) =>
				channel.on('message', ({ data }) => {
					if (data === 'end') channel.send(new Uint8Array(channel.maxMessageSize));
					else sizes.push((data as ArrayBuffer).byteLength);
				}),
			),
		);
		const page = await suite.page(site.url);
		const result = await run(page, async () => {
			await meet();
			const channel = await slaveCo.createDataChannel('bulk');
			const codeOf = (send: () => void): string => {
				try {
					send();
					return 'sent';
				} catch (thrown) {
					return (thrown as { code: string }).code;
				}
			};
			const most = channel.maxMessageSize;
			const largest = codeOf(() => channel.send(new Uint8Array(most)));
			const tooLarge = codeOf(() => channel.send(new Uint8Array(most + 1)));
			const longText = codeOf(() => channel.send('ü'.repeat(most / 2 + 1)));
			const answer = next(channel, 'message') as Promise<{ data: ArrayBuffer }>;
			channel.send('end');
			const size = (await answer).data.byteLength;
			let full = 'sent';
			for (let n = 0; n < 100 && full === 'sent'; n++) full = codeOf(() => channel.send(new Uint8Array(most)));
			return { most, largest, tooLarge, longText, size, full, state: channel.readyState };
		});
		assert.deepEqual(result, {
			most: 262_080,
			largest: 'sent',
			tooLarge: 'message-too-large',
			longText: 'message-too-large',
			size: 262_080,
			full: 'buffer-full',
			state: 'open',
		});
		assert.equal(sizes[0], 262_080);
	});

	it('open from the slave, too', BOUND, async () => {
		const site = await suite.site();
		const slave = await site.slave('one');
		const heard: unknown[] = [];
		slave.on('connection', async (client) => {
			const channel = await client.createDataChannel('news', { ordered: false, maxRetransmits: 1, protocol: 'n' });
			channel.on('message', ({ data }) => heard.push(data));
			channel.send('first');
		});
		const page = await suite.page(site.url);
		await run(page, async () => {
			await meet();
			slaveCo.on('datachannel', (channel) => {
				const { label, ordered, maxRetransmits, protocol } = channel;
				seen.push([label, ordered, maxRetransmits, protocol]);
				channel.on('message', ({ data }) => {
					channel.send(`heard ${data}`);
					seen.push(data);
				});
			});
			await slaveCo.connect();
		});
		await waitIn(page, () => seen.length === 2);
		assert.deepEqual(await run(page, () => seen), [['news', false, 1, 'n'], 'first']);
		assert.deepEqual(await run(page, () => [...slaveCo.dataChannels.keys()]), ['news']);
	});

	it('carry 10 000 messages in order, both ways at once', BOUND, async () => {
		const site = await suite.site();
		const slave = await site.slave('one');
		let expected = 0;
		let strays = 0;
		const all = new Promise<void>((resolve) => {
			slave.on('connection', (client) =>
				client.on('datachannel', (channel) => {
					channel.on('message', ({ data }) => {
						if (data !== String(expected++)) strays++;
						if (expected === 10_000) resolve();
					});
					channel.on('open', () => {
						for (let n = 0; n < 10_000; n++) channel.send(String(n));
					});
				}),
			);
		});
		const page = await suite.page(site.url);
		const result = await run(page, async () => {
			await meet();
			const channel = await slaveCo.createDataChannel('count');
			const received = new Promise<number[]>((resolve) => {
				let count = 0;
				let strays = 0;
				channel.on('message', ({ data }) => {
					if (data !== String(count++)) strays++;
					if (count === 10_000) resolve([count, strays]);
				});
			});
			for (let n = 0; n < 10_000; n++) channel.send(String(n));
			return received;
		});
		await all;
		assert.deepEqual(result, [10_000, 0]);
		assert.deepEqual([expected, strays], [10_000, 0]);
	});

	it('keep what arrives before somebody listens', BOUND, async () => {
		const site = await suite.site();
		const slave = await site.slave('one');
		slave.on('connection', (client) => client.on('datachannel', sendWhenOpen));
		const page = await suite.page(site.url);
		await run(page, async () => {
			await meet();
			globalThis.channel = await slaveCo.createDataChannel('early');
			await slaveCo.rtt();
		});
		await run(page, () => {
			channel.onmessage = ({ data }) => seen.push(data);
		});
		await waitIn(page, () => seen.length === 3);
		assert.deepEqual(await run(page, () => seen), ['1', '2', '3']);
	});

	it('close on both ends, and one closes without the others', BOUND, async () => {
		const site = await suite.site();
		const slave = await site.slave('one');
		const joined = playing(slave, 3);
		const page = await suite.page(site.url);
		await run(page, async () => {
			await meet();
			for (const name of ['mine', 'yours', 'other']) {
				const channel = await slaveCo.createDataChannel(name);
				channel.on('close', () => seen.push([name, channel.readyState]));
			}
		});
		const { client, channels } = await joined;
		const [mine, yours] = channels as [Channel, Channel, Channel];
		const closed = next(mine, 'close');
		await run(page, () => slaveCo.dataChannels.get('mine')?.close());
		await closed;
		assert.equal(mine.readyState, 'closed');
		const ended = next(yours, 'close');
		yours.close();
		await ended;
		await waitIn(page, () => seen.length === 2);
		assert.deepEqual(await run(page, () => seen), [
			['mine', 'closed'],
			['yours', 'closed'],
		]);
		assert.deepEqual(await run(page, () => [...slaveCo.dataChannels.keys()]), ['other']);
		assert.deepEqual(
			client.dataChannels.map(({ label }) => label),
			['other'],
		);
		assert.equal(client.state, 'open');
	});
});

function sendWhenOpen(channel: Channel): void {
	channel.on('open', () => {
		for (const text of ['1', '2', '3']) channel.send(text);
	});
}
