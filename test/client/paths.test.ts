import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { BaseMasterConnection } from '../../src/client/master-connection.js';
import type { SlaveConnection } from '../../src/client/node.js';
import type { Channel, ClientConnection } from '../../src/index.js';
import type { OnWake } from '../../src/link/index.js';
import { nodePlatform } from '../../src/peer/node/index.js';
import type { CreatePeer, RtcPeer } from '../../src/peer/rtc.js';
import { MasterToClient, readMessage } from '../../src/wire/index.js';
import * as LIMITS from '../../src/wire/limits.js';
import {
	channelFor,
	clientFor,
	coded,
	echo,
	masterFor,
	messagesOf,
	runningOver,
	seen,
	sessionFor,
	slaveFor,
	type TrioOptions,
	trioFor,
} from '../support/stage.js';
import { Inbox, next, turns, within } from '../support/wait.js';

const RELAY_ONLY: TrioOptions = { client: { paths: ['relay'] } };

const LOSSY = { ordered: false, maxRetransmits: 0 };

/** A client whose WebRTC connections a test can break. */
function breakableFor(t: TestContext, url: string) {
	const live: RtcPeer[] = [];
	const wakes = new Set<() => void>();
	let allowed = true;
	const createPeer: CreatePeer = (config) => {
		const peer = nodePlatform.createPeer(config);
		const { setLocalDescription } = peer;
		// Without its description the other end never hears of the attempt.
		peer.setLocalDescription = () => (allowed ? setLocalDescription.call(peer) : new Promise(() => {}));
		live.push(peer);
		return peer;
	};
	const onWake: OnWake = (wake) => {
		wakes.add(wake);
		return () => wakes.delete(wake);
	};
	const client = new BaseMasterConnection(
		{ ...nodePlatform, createPeer, onWake },
		(text) => readMessage(MasterToClient, text),
		url,
	);
	t.after(() => client.close());
	return {
		client,
		/** How many attempts there were. */
		attempts: () => live.length,
		allow(yes: boolean): void {
			allowed = yes;
		},
		/** How many want to know that the host is online again. */
		sleepers: () => wakes.size,
		/** The host is online again, or somebody looks at the page. */
		wake(): void {
			for (const each of [...wakes]) each();
		},
		/** The newest connection dies. */
		cut(): void {
			const peer = live.at(-1) as RtcPeer;
			peer.close();
			Object.assign(peer, { connectionState: 'failed' });
			peer.onconnectionstatechange?.();
		},
	};
}

/** Sends numbered messages over a channel, a few every few milliseconds, until it has sent `count`. */
async function talk(channel: Channel, count: number, each: (sent: number) => void = () => {}): Promise<void> {
	for (let sent = 0; sent < count; ) {
		for (let burst = 0; burst < 10 && sent < count; burst++) channel.send(`${sent++}`);
		each(sent);
		await new Promise((resolve) => setTimeout(resolve, 2));
	}
}

const numbers = (count: number) => Array.from({ length: count }, (_, number) => `${number}`);

describe('the path of a session', () => {
	it('is the relay first and WebRTC then, under channels that talk', async (t) => {
		const { slave, slaveCo } = await trioFor(t);
		const asked = new Inbox<unknown>();
		slave.on('offer', asked.put);
		const paths = new Inbox<unknown>();
		slaveCo.on('pathchange', paths.put);
		const [[clientCo]] = await Promise.all([next(slave, 'connection'), slaveCo.connect()]);
		const first = slaveCo.path;
		const reliable = await channelFor(slaveCo, clientCo, 'reliable');
		const loose = await channelFor(slaveCo, clientCo, 'loose', { ordered: false });
		const lossy = await channelFor(slaveCo, clientCo, 'lossy', LOSSY);
		const pairs = [reliable, loose, lossy].flatMap(({ near, far }) => [
			{ from: near, arrived: messagesOf(far).items },
			{ from: far, arrived: messagesOf(near).items },
		]);
		await Promise.all(pairs.map(({ from }) => talk(from, 1000)));
		await runningOver('rtc', slaveCo, clientCo);
		await Promise.all(pairs.map(({ from }) => talk(from, 20)));
		await slaveCo.rtt();
		const all = [...numbers(1000), ...numbers(20)];
		for (const [index, { arrived }] of pairs.entries()) {
			if (index < 4) await messagesHad(() => arrived.length >= all.length);
			if (index < 2) assert.deepEqual(arrived, all);
			else if (index < 4) assert.deepEqual([...arrived].sort(), [...all].sort());
			else assert.ok(arrived.length <= all.length && arrived.length > 900, `${arrived.length} arrived`);
		}
		assert.deepEqual([asked.items.length, slave.connections], [1, [clientCo]]);
		assert.deepEqual(paths.items, first === 'relay' ? ['rtc'] : []);
		for (const { near, far } of [reliable, loose, lossy]) {
			assert.deepEqual([near.readyState, far.readyState], ['open', 'open']);
		}
	});

	it('is the relay again while WebRTC is rebuilt: nothing is lost, and nobody is asked again', async (t) => {
		const { url } = await masterFor(t);
		const slave = await slaveFor(t, url);
		const asked = new Inbox<unknown>();
		slave.on('offer', asked.put);
		const { client, cut, attempts } = breakableFor(t, url);
		const slaveCo = await seen(client, slave.id);
		const [[clientCo]] = await Promise.all([next(slave, 'connection'), slaveCo.connect()]);
		const paths = new Inbox<unknown>();
		clientCo.on('pathchange', paths.put);
		const ordered = await channelFor(slaveCo, clientCo, 'ordered');
		const loose = await channelFor(slaveCo, clientCo, 'loose', { ordered: false });
		const lossy = await channelFor(slaveCo, clientCo, 'lossy', LOSSY);
		await runningOver('rtc', slaveCo, clientCo);
		const directions = [ordered, loose, lossy].flatMap(({ near, far }) => [
			{ from: near, arrived: messagesOf(far).items },
			{ from: far, arrived: messagesOf(near).items },
		]);
		const before = attempts();
		let cuts = 0;
		await Promise.all(
			directions.map(({ from }, index) =>
				talk(from, 1000, (sent) => {
					if (index !== 0 || (sent !== 300 && sent !== 700)) return;
					cuts++;
					cut();
				}),
			),
		);
		for (const { from } of directions) from.send('end');
		for (const [index, { arrived }] of directions.entries()) {
			const all = [...numbers(1000), 'end'];
			if (index < 4) await messagesHad(() => arrived.length >= all.length);
			if (index < 2) assert.deepEqual(arrived, all);
			else if (index < 4) assert.deepEqual([...arrived].sort(), [...all].sort());
			else assert.equal(new Set(arrived).size, arrived.length, 'at most once');
		}
		await runningOver('rtc', slaveCo, clientCo);
		assert.deepEqual([cuts, asked.items.length, slave.connections], [2, 1, [clientCo]]);
		assert.ok(attempts() > before && paths.items.includes('relay'));
		for (const { near } of [ordered, loose, lossy]) {
			while (near.bufferedAmount > 0) await next(near, 'bufferedamountlow');
		}
	});

	it('stays the relay where WebRTC does not come up, and is WebRTC once it does', async (t) => {
		const { url } = await masterFor(t);
		const slave = await slaveFor(t, url);
		echo(slave);
		const { client, allow, cut, attempts } = breakableFor(t, url);
		const slaveCo = await seen(client, slave.id);
		const channel = await within(slaveCo.createDataChannel('x'), 'the channel');
		const answers = messagesOf(channel);
		allow(false);
		await runningOver('rtc', slaveCo);
		cut();
		assert.equal(slaveCo.path, 'relay');
		channel.send('over the relay');
		await answers.find((each) => each === 'over the relay');
		const tried = attempts();
		while (attempts() < tried + 2) {
			await new Promise((resolve) => setTimeout(resolve, 20));
			if (attempts() > tried) cut();
		}
		assert.equal(slaveCo.path, 'relay');
		allow(true);
		cut();
		await runningOver('rtc', slaveCo);
		channel.send('over WebRTC');
		await answers.find((each) => each === 'over WebRTC');
	});

	it('is tried for again at once when the host is online again, though the link to the master is well', async (t) => {
		const { url } = await masterFor(t);
		const slave = await slaveFor(t, url);
		const { client, allow, cut, attempts, wake, sleepers } = breakableFor(t, url);
		const slaveCo = await seen(client, slave.id);
		await slaveCo.connect();
		allow(false);
		await runningOver('rtc', slaveCo);
		// Some failures, so that the next wait is not the first.
		cut();
		for (let failures = 0; failures < 2; ) {
			const tried = attempts();
			await messagesHad(() => attempts() > tried);
			if (attempts() > tried) failures++;
			cut();
		}
		assert.equal(slaveCo.path, 'relay');
		const tried = attempts();
		allow(true);
		wake();
		assert.equal(attempts(), tried + 1);
		wake();
		assert.equal(attempts(), tried + 1, 'one is on its way');
		await runningOver('rtc', slaveCo);
		// The library fails one of many attempts, which is then made again.
		const made = attempts();
		wake();
		assert.equal(attempts(), made, 'nothing is missing');
		client.close();
		await messagesHad(() => sleepers() === 0);
		assert.equal(sleepers(), 0);
	});

	const wishes: [wish: string, options: TrioOptions, path: 'rtc' | 'relay'][] = [
		['the client wants the relay alone', { client: { paths: ['relay'] } }, 'relay'],
		['the slave wants the relay alone', { slave: { paths: ['relay'] } }, 'relay'],
		['the client wants WebRTC alone', { client: { paths: ['rtc'] } }, 'rtc'],
		['the slave wants WebRTC alone', { slave: { paths: ['rtc'] } }, 'rtc'],
		['the master has no relay', { master: { relay: false } }, 'rtc'],
	];
	for (const [wish, options, path] of wishes) {
		it(`is ${path} where ${wish}`, async (t) => {
			const { slaveCo, clientCo, client } = await sessionFor(t, options);
			const paths = new Inbox<unknown>();
			slaveCo.on('pathchange', paths.put);
			clientCo.on('pathchange', paths.put);
			assert.deepEqual([slaveCo.path, clientCo.path], [path, path]);
			const { near, far } = await channelFor(slaveCo, clientCo);
			const arrived = [messagesOf(far), messagesOf(near)];
			near.send('there');
			far.send(new Uint8Array(LIMITS.messageBytes));
			await Promise.all(arrived.map((each) => each.count(1)));
			await slaveCo.rtt();
			await clientCo.rtt();
			assert.deepEqual([paths.items, slaveCo.path, clientCo.path, client.state], [[], path, path, 'open']);
		});
	}

	const contrary: [title: string, options: TrioOptions][] = [
		['the client wants WebRTC, and the slave the relay', { client: { paths: ['rtc'] }, slave: { paths: ['relay'] } }],
		['the client wants the relay, and the slave WebRTC', { client: { paths: ['relay'] }, slave: { paths: ['rtc'] } }],
		['the client wants the relay, and the master has none', { client: { paths: ['relay'] }, master: { relay: false } }],
		['the slave wants the relay, and the master has none', { slave: { paths: ['relay'] }, master: { relay: false } }],
		['the client wants nothing', { client: { paths: [] } }],
	];
	for (const [title, options] of contrary) {
		it(`is none where ${title}: that is said at once, to all who wait`, async (t) => {
			const { slave, slaveCo, client } = await trioFor(t, 0, options);
			slave.on('connection', () => assert.fail('connected'));
			const began = performance.now();
			const waiting: Promise<unknown>[] = [slaveCo.connect(), slaveCo.createDataChannel('x'), slaveCo.connect()];
			for (const each of waiting) await assert.rejects(within(each, 'the refusal'), coded('no-common-path'));
			assert.ok(performance.now() - began < 3000);
			assert.deepEqual([slaveCo.state, client.state, slave.state], ['closed', 'open', 'open']);
			await assert.rejects(slaveCo.connect(), coded('no-common-path'));
		});
	}

	it('is the relay alone, and no more is tried, where the slave wants that', async (t) => {
		const { url } = await masterFor(t);
		const slave = await slaveFor(t, url, 0, undefined, { paths: ['relay'] });
		const { client, attempts, wake } = breakableFor(t, url);
		const slaveCo = await seen(client, slave.id);
		await slaveCo.connect();
		wake();
		await assert.rejects(slaveCo.createDataChannel('x', { early: false }), coded('no-common-path'));
		await slaveCo.rtt();
		assert.deepEqual([attempts(), slaveCo.path], [1, 'relay']);
	});

	it('is that of 20 sessions of one client, each by itself', async (t) => {
		const { url } = await masterFor(t);
		for (const paths of [['relay'], ['rtc', 'relay']] as const) {
			const client = clientFor(t, url, { paths });
			const slaves = await Promise.all(Array.from({ length: 20 }, (_, index) => slaveFor(t, url, index)));
			for (const slave of slaves) echo(slave);
			const talks = slaves.map(async ({ id }, index) => {
				const slaveCo = await seen(client, id);
				const channel = await slaveCo.createDataChannel('x');
				const answers = messagesOf(channel);
				for (let count = 0; count < 50; count++) channel.send(`${index} ${count}`);
				const heard = await answers.count(50);
				assert.deepEqual(
					heard,
					Array.from({ length: 50 }, (_, count) => `${index} ${count}`),
				);
				if (index % 2 === 0) return;
				slaveCo.close('enough');
				channel.close();
			});
			await within(Promise.all(talks), 'all of them');
			assert.deepEqual(
				client.slaves
					.flatMap(({ state, userData }) => (state === 'open' ? [Number(userData)] : []))
					.sort((a, b) => a - b),
				Array.from({ length: 10 }, (_, index) => 2 * index),
			);
			client.close();
			for (const slave of slaves) slave.close();
		}
	});
});

/** Waits until something is so that has no event of its own. */
async function messagesHad(is: () => boolean): Promise<void> {
	for (let turn = 0; turn < 1500 && !is(); turn++) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('a session over the relay', () => {
	for (const from of ['client', 'slave'] as const) {
		it(`delivers what was sent just before the ${from} closed it, and the reason`, async (t) => {
			const { slaveCo, clientCo } = await sessionFor(t, RELAY_ONLY);
			const { near, far } = await channelFor(slaveCo, clientCo);
			const [sender, receiver] = from === 'client' ? [near, far] : [far, near];
			const arrived = messagesOf(receiver);
			const over = Promise.all([next(slaveCo, 'close'), next(clientCo, 'close')]);
			for (let count = 0; count < 500; count++) sender.send(`${count} ${'x'.repeat(500)}`);
			(from === 'client' ? slaveCo : clientCo).close('bye');
			for (const [error] of await over) coded('session-closed', 'bye')(error);
			assert.equal(arrived.items.length, 500);
		});

		it(`delivers what was sent just before the whole ${from} closed, and the reason`, async (t) => {
			const { client, slave, slaveCo, clientCo } = await sessionFor(t, RELAY_ONLY);
			const { near, far } = await channelFor(slaveCo, clientCo);
			const [sender, receiver] = from === 'client' ? [near, far] : [far, near];
			const other = from === 'client' ? clientCo : slaveCo;
			const arrived = messagesOf(receiver);
			const over = next(other as ClientConnection, 'close');
			sender.send('last words');
			if (from === 'client') client.close();
			else slave.close('for the night');
			const [error] = await over;
			assert.deepEqual(arrived.items, ['last words']);
			coded('session-closed', from === 'client' ? undefined : 'for the night')(error);
		});
	}

	it('waits for another path when the master is gone', async (t) => {
		const { slaveCo, clientCo, master } = await sessionFor(t, RELAY_ONLY);
		const told = [next(slaveCo, 'pathchange'), next(clientCo, 'pathchange')];
		await master.close();
		for (const each of told) assert.equal((await each)[0], undefined);
		assert.deepEqual(
			[slaveCo.state, slaveCo.path, clientCo.state, clientCo.path],
			['open', undefined, 'open', undefined],
		);
	});

	it('closes channels, opens others, and measures', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t, RELAY_ONLY);
		for (let round = 0; round < 20; round++) {
			const { near, far } = await channelFor(slaveCo, clientCo, `${round}`);
			const arrived = messagesOf(far);
			const closed = Promise.all([next(near, 'close'), next(far, 'close')]);
			near.send('x');
			(round % 2 === 0 ? near : far).close();
			await closed;
			if (round % 2 === 0) assert.deepEqual(arrived.items, ['x']);
		}
		const time = await slaveCo.rtt();
		assert.ok(time > 0 && time < 2000);
	});

	it('carries messages as they were when they were sent, whatever becomes of their memory', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t, RELAY_ONLY);
		for (const [name, options] of Object.entries({ reliable: {}, unreliable: LOSSY })) {
			const { near, far } = await channelFor(slaveCo, clientCo, name, options);
			const arrived = messagesOf(far);
			for (const size of [1, 4000, 5000, 40_000]) {
				const bytes = new Uint8Array(size).fill(1);
				near.send(bytes);
				bytes.fill(2);
			}
			await arrived.count(4);
			for (const message of arrived.items) {
				assert.ok(
					new Uint8Array(message as ArrayBuffer).every((byte) => byte === 1),
					name,
				);
			}
		}
	});

	for (const limit of ['perSession', 'perLink', 'total'] as const) {
		it(`past the operator's allowance ${limit}: unreliable messages are dropped, reliable ones slowed`, async (t) => {
			const { slaveCo, clientCo } = await sessionFor(t, { ...RELAY_ONLY, master: { relay: { [limit]: 500_000 } } });
			const sure = await channelFor(slaveCo, clientCo, 'sure');
			const lossy = await channelFor(slaveCo, clientCo, 'lossy', LOSSY);
			const directions = (
				[
					['near', 'far'],
					['far', 'near'],
				] as const
			).map(([from, to]) => ({ from, kept: messagesOf(sure[to]), loose: messagesOf(lossy[to]) }));
			const begun = performance.now();
			// Twice what may be under way, and an allowance beside that.
			const message = new Uint8Array(10_000);
			for (const { from } of directions) {
				for (let sent = 0; sent < 100; sent++) {
					sure[from].send(message);
					lossy[from].send(message);
				}
				sure[from].send('end');
			}
			for (const { kept, loose } of directions) {
				await kept.find((each) => each === 'end', 'the end');
				assert.equal(kept.items.length, 101);
				assert.ok(loose.items.length < 100, `${loose.items.length} of 100 arrived`);
			}
			assert.ok(performance.now() - begun > 1000, `${performance.now() - begun} ms`);
			for (const channel of [lossy.near, lossy.far]) assert.equal(channel.readyState, 'open');
		});
	}

	it('keeps what the other end does not read within its bounds, and gets it there', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t, { ...RELAY_ONLY, master: { relay: { perSession: 1e9 } } });
		const { near, far } = await channelFor(slaveCo, clientCo);
		const arrived = messagesOf(far);
		const message = new Uint8Array(64 * 1024);
		let sent = 0;
		assert.throws(() => {
			for (;;) {
				near.send(message);
				sent++;
			}
		}, coded('buffer-full'));
		assert.equal(sent, LIMITS.channelBufferedBytes / message.length);
		await arrived.count(sent);
		while (near.bufferedAmount > 0) await next(near, 'bufferedamountlow');
	});
});

describe('a channel that is eager', () => {
	it('takes messages at once, and they arrive when the slave has accepted', async (t) => {
		for (const options of [{}, RELAY_ONLY, { client: { paths: ['rtc'] } }] as TrioOptions[]) {
			const { slave, slaveCo } = await trioFor(t, 0, options);
			let decide = () => {};
			slave.on(
				'offer',
				() =>
					new Promise<void>((resolve) => {
						decide = resolve;
					}),
			);
			const asked = next(slave, 'offer');
			const channel = await slaveCo.createDataChannel('x', { eager: true });
			for (const each of numbers(50)) channel.send(each);
			await asked;
			await turns(20);
			assert.equal(slave.connections.length, 0);
			const order = new Inbox<string>();
			slave.on('connection', (client) => {
				order.put('connection');
				client.on('datachannel', (far) => {
					order.put(`datachannel ${far.label}`);
					far.on('message', ({ data }) => order.put(String(data)));
				});
			});
			decide();
			assert.deepEqual(await order.count(52), ['connection', 'datachannel x', ...numbers(50)]);
		}
	});

	it('errors and closes when the slave refuses, which never hears of it', async (t) => {
		const { slave, slaveCo } = await trioFor(t);
		slave.on('connection', () => assert.fail('connected'));
		slave.on('offer', async (reject) => {
			await turns(20);
			reject('full');
		});
		const rejected = next(slaveCo, 'rejected');
		const channel = await slaveCo.createDataChannel('x', { eager: true });
		const errors: string[] = [];
		channel.on('error', ({ error }) => errors.push(`${error.code} ${error.reason}`));
		const closed = next(channel, 'close');
		channel.send('early');
		await closed;
		assert.deepEqual([await rejected, errors, channel.readyState], [['full'], ['rejected full'], 'closed']);
		await turns(20);
		assert.deepEqual([slave.connections, slaveCo.state], [[], 'closed']);
	});

	it('has an early bound, shared with the others, and gets all of it there', async (t) => {
		const { slave, slaveCo } = await trioFor(t, 0, RELAY_ONLY);
		const arrived = new Inbox<number>();
		slave.on('offer', () => turns(50));
		slave.on('connection', (client) => {
			client.on('datachannel', (far) => {
				far.on('message', ({ data }) => arrived.put((data as ArrayBuffer).byteLength));
			});
		});
		const channels = await Promise.all(numbers(5).map((name) => slaveCo.createDataChannel(name, { eager: true })));
		let sent = 0;
		for (const channel of channels) {
			assert.throws(() => {
				for (;;) {
					channel.send(new Uint8Array(1000));
					sent++;
				}
			}, coded('buffer-full'));
		}
		assert.ok(sent * 1000 <= LIMITS.earlyBytes, `${sent * 1000} bytes`);
		await slaveCo.connect();
		await arrived.count(sent);
	});

	it('may be closed again before anybody has accepted it', async (t) => {
		const { slave, slaveCo } = await trioFor(t);
		slave.on('offer', () => turns(20));
		const far = new Inbox<Channel>();
		slave.on('connection', (client) => client.on('datachannel', far.put));
		const channel = await slaveCo.createDataChannel('x', { eager: true });
		channel.send('never mind');
		channel.close();
		await slaveCo.connect();
		await slaveCo.rtt();
		for (const each of far.items) if (each.readyState !== 'closed') await next(each, 'close');
		assert.equal(channel.readyState, 'closed');
	});
});

describe('a channel that is not to be early', () => {
	it('resolves when WebRTC carries it, from either end', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t);
		const ends: (SlaveConnection | ClientConnection)[] = [slaveCo, clientCo];
		for (const end of ends) {
			await within(end.createDataChannel('late', { early: false }), 'the channel');
			assert.equal(end.path, 'rtc');
		}
	});

	it('is refused where there can be no WebRTC, soon', async (t) => {
		const { slaveCo } = await trioFor(t, 0, RELAY_ONLY);
		await assert.rejects(within(slaveCo.createDataChannel('x', { early: false }), 'the refusal'), coded('bad-option'));
	});
});

describe('the numbers of streams over WebRTC', () => {
	it('are not taken for one another where the numbers of two ends meet', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t);
		await runningOver('rtc', slaveCo, clientCo);
		// The client has a number of the slave's for itself: the slave does not know, and will use it.
		const waiting = slaveCo.createDataChannel('negotiated', { negotiated: true, id: 3 });
		waiting.catch(() => {});
		for (let round = 0; round < 5; round++) {
			const [[near], far] = await Promise.all([next(slaveCo, 'datachannel'), clientCo.createDataChannel(`${round}`)]);
			const [toNear, toFar] = [messagesOf(near), messagesOf(far)];
			for (let count = 0; count < 20; count++) {
				near.send(`up ${count}`);
				far.send(`down ${count}`);
				await turns(1);
			}
			assert.deepEqual(
				await toFar.count(20),
				numbers(20).map((each) => `up ${each}`),
			);
			assert.deepEqual(
				await toNear.count(20),
				numbers(20).map((each) => `down ${each}`),
			);
		}
	});
});
