import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_HANDLER } from '../../src/mux/host/link-mux.js';
import { PROTOCOL, returnProtocols } from '../../src/wire/index.js';
import * as LIMITS from '../../src/wire/limits.js';
import * as WAITS from '../../src/wire/waits.js';
import { RawLink } from '../support/raw-link.js';
import { RawWays } from '../support/raw-ways.js';
import { type Client, clientOf, type Slave, session, settled, slaveOf, stage, wayFor } from '../support/relay-stage.js';
import { coded, masterFor } from '../support/stage.js';
import { turns } from '../support/wait.js';

describe('the way of a session through the master', () => {
	for (const id of ['mine', '', '__proto__', 'x'.repeat(LIMITS.idLength)]) {
		it(`passes bytes both ways: "${id.slice(0, 10)}"`, async (t) => {
			const { url } = await stage(t);
			const { near, far } = await wayFor(await clientOf(t, url), await slaveOf(t, url), id);
			far.write('and back');
			await near.arrived(8);
			assert.deepEqual([far.heard.items.join(''), near.heard.items.join('')], ['hello', 'and back']);
			near.write(new Uint8Array(3_000_000));
			await far.arrived(3_000_005);
		});
	}

	it('is of no harm where the id of its session is of strange characters', async (t) => {
		const { url, bystander } = await stage(t);
		const [client, slave] = [await clientOf(t, url), await slaveOf(t, url)];
		for (const id of ['é'.repeat(30), '😀'.repeat(32), '\u0000', '\ud800']) {
			client.link.say({ t: 'offer', session: id, slave: slave.id });
			client.ways.open(id).write('x');
		}
		await settled(client);
		await bystander.check();
	});

	it('that the slave does not take is refused to the client', async (t) => {
		const { url } = await stage(t);
		const [client, slave] = [await clientOf(t, url), await slaveOf(t, url)];
		const { near, far } = await wayFor(client, slave);
		slave.ways.mux.session.reset(far.stream, 'stream-refused');
		assert.equal(await near.over, 'stream-refused');
		const again = await wayFor(client, slave, 'other');
		slave.ways.mux.session.reset(again.far.stream, 'stream-reset');
		assert.equal(await again.near.over, 'ended', 'anything else may pass');
	});

	it("is for the session's own client, and nobody else", async (t) => {
		const { url, bystander } = await stage(t);
		const [client, stranger] = [await clientOf(t, url), await clientOf(t, url)];
		const [slave, other] = [await slaveOf(t, url), await slaveOf(t, url)];
		const { near, far } = await wayFor(client, slave);
		for (const end of [stranger, slave, other]) {
			const way = end.ways.open('mine');
			way.write('evil');
			assert.equal(await way.over, 'stream-reset');
		}
		for (const unknown of ['other', 'x'.repeat(200), 'toString']) {
			const way = client.ways.open(unknown);
			assert.equal(await way.over, 'stream-reset', unknown);
		}
		near.write(' good');
		far.write('good');
		await Promise.all([far.arrived(10), near.arrived(4)]);
		assert.deepEqual([far.heard.items.join(''), near.heard.items.join('')], ['hello good', 'good']);
		assert.equal(slave.ways.opened.items.length, 1);
		await bystander.check();
	});

	it('is there once: a new one takes the place of the one before', async (t) => {
		const { url } = await stage(t);
		const [client, slave] = [await clientOf(t, url), await slaveOf(t, url)];
		const { near, far } = await wayFor(client, slave);
		const again = client.ways.open('mine');
		again.write('again');
		const farAgain = await slave.ways.wayOf('mine', 2);
		assert.deepEqual(await Promise.all([near.over, far.over]), ['ended', 'ended']);
		await farAgain.arrived(5);
		farAgain.write('yes');
		await again.arrived(3);
	});

	const ends: [how: string, end: (client: Client, slave: Slave) => void][] = [
		['the client closes', ({ link }) => link.say({ t: 'close', session: 'mine', reason: '' })],
		['the slave closes', (_, { link }) => link.say({ t: 'close', session: 'mine', reason: '' })],
		['the slave rejects', (_, { link }) => link.say({ t: 'reject', session: 'mine', reason: '' })],
	];
	for (const [how, end] of ends) {
		it(`ends with the session: ${how}`, async (t) => {
			const { url } = await stage(t);
			const [client, slave] = [await clientOf(t, url), await slaveOf(t, url)];
			const { near, far } = await wayFor(client, slave);
			end(client, slave);
			assert.deepEqual(await Promise.all([near.over, far.over]), ['ended', 'ended']);
			near.write('late');
			const late = client.ways.open('mine');
			assert.equal(await late.over, 'stream-reset');
			assert.equal(far.bytes, 5);
		});
	}

	it('ends with the link of either end, at the other', async (t) => {
		const { url, bystander } = await stage(t);
		const [client, slave] = [await clientOf(t, url), await slaveOf(t, url)];
		const [other, otherSlave] = [await clientOf(t, url), await slaveOf(t, url)];
		const one = await wayFor(client, slave);
		const two = await wayFor(other, otherSlave, 'other');
		client.link.socket.terminate();
		assert.equal(await one.far.over, 'ended');
		otherSlave.link.socket.terminate();
		assert.equal(await two.near.over, 'ended');
		await bystander.check();
	});

	it('waits for a slave that comes back until it has registered: it takes no binary frame before', async (t) => {
		const { url } = await stage(t);
		const client = await clientOf(t, url);
		const slave = await slaveOf(t, url);
		await wayFor(client, slave);
		const { resume } = await slave.link.hear('registered');
		slave.link.socket.terminate();
		await client.link.hear('gone');
		const again = await RawLink.open(t, url, 'slave', {
			protocols: [PROTOCOL, ...returnProtocols(String(resume))],
		});
		const early = client.ways.open('mine');
		early.write('early');
		assert.equal(await early.over, 'stream-reset');
		again.say({ t: 'register', data: '[1]' });
		await again.hear('registered');
		assert.deepEqual(again.bytes.items, []);
		const ways = new RawWays(again);
		client.ways.open('mine').write('hello');
		await (await ways.wayOf('mine')).arrived(5);
	});

	it('ends where either end ends it, and what was sent before still arrives', async (t) => {
		const { url } = await stage(t);
		const [client, slave] = [await clientOf(t, url), await slaveOf(t, url)];
		for (const [index, from] of ['near', 'far'].entries()) {
			const { near, far } = await wayFor(client, slave, `s${index}`);
			const [sender, receiver] = from === 'near' ? [near, far] : [far, near];
			const before = receiver.bytes;
			sender.write(new Uint8Array(200_000));
			sender.end();
			assert.equal(await receiver.over, 'ended');
			assert.equal(receiver.bytes - before, 200_000);
		}
	});

	it('leaves nothing behind for an end that has ended it and reads no more', async (t) => {
		const { url, bystander } = await stage(t);
		const [client, slave] = [await clientOf(t, url), await slaveOf(t, url)];
		for (const [index, from] of ['near', 'far'].entries()) {
			const { near, far } = await wayFor(client, slave, `s${index}`);
			const [sender, receiver] = from === 'near' ? [near, far] : [far, near];
			receiver.reads = false;
			sender.write(new Uint8Array(8 * LIMITS.relayWindowBytes));
			await receiver.arrived(LIMITS.muxWindowBytes / 2);
			receiver.end();
			assert.deepEqual(await Promise.all([sender.over, receiver.over]), ['ended', 'stream-reset']);
		}
		await bystander.check();
	});

	it('leaves nothing behind for an end that closes the session first, and ends the way behind that', async (t) => {
		const { url, bystander } = await stage(t);
		const [client, slave] = [await clientOf(t, url), await slaveOf(t, url)];
		const { near, far } = await wayFor(client, slave);
		near.reads = false;
		far.write(new Uint8Array(8 * LIMITS.relayWindowBytes));
		await near.arrived(LIMITS.muxWindowBytes / 2);
		client.link.say({ t: 'close', session: 'mine', reason: '' });
		near.end();
		assert.deepEqual(await Promise.all([near.over, far.over]), ['stream-reset', 'ended']);
		await bystander.check();
	});

	it('is not kept for ever for an end that neither reads nor ends it', async (t) => {
		const { url, bystander } = await stage(t);
		const [client, slave] = [await clientOf(t, url), await slaveOf(t, url)];
		const { near, far } = await wayFor(client, slave);
		near.reads = false;
		far.write(new Uint8Array(8 * LIMITS.relayWindowBytes));
		await near.arrived(LIMITS.muxWindowBytes / 2);
		await near.arrived(LIMITS.muxWindowBytes);
		for (let round = 0; round < 5; round++) await settled(slave);
		const { setTimeout: start } = globalThis;
		t.mock.method(globalThis, 'setTimeout', (call: () => void, ms: number) =>
			start(call, ms === WAITS.relayEnd ? 10 : ms),
		);
		slave.link.say({ t: 'close', session: 'mine', reason: '' });
		assert.equal(await near.over, 'stream-reset');
		await bystander.check();
	});

	it('leaves nothing behind in a link, however often it was refused or ended', async (t) => {
		const { url } = await stage(t);
		const [client, slave] = [await clientOf(t, url), await slaveOf(t, url)];
		for (let index = 0; index < 50; index++) {
			const { near, far } = await wayFor(client, slave, `s${index}`);
			slave.link.say({ t: index % 2 === 0 ? 'close' : 'reject', session: `s${index}`, reason: '' });
			await Promise.all([near.over, far.over]);
			near.end();
			far.end();
		}
		await Promise.all([settled(client), settled(slave)]);
		await Promise.all([settled(client), settled(slave)]);
		assert.deepEqual([client.ways.mux.session.streams.size, slave.ways.mux.session.streams.size], [0, 0]);
	});
});

describe('the bounds of the relay', () => {
	for (const [whose, early, relay] of [
		['by default', 2 * LIMITS.earlyBytes, {}],
		['as the operator says', 5000, { early: 5000 }],
	] as const) {
		it(`let little pass before the slave has accepted, ${whose}`, async (t) => {
			const { url, bystander } = await stage(t, { relay });
			const [client, slave] = [await clientOf(t, url), await slaveOf(t, url)];
			await session(client, slave, 'mine', false);
			const near = client.ways.open('mine');
			near.write(new Uint8Array(early / 2));
			const far = await slave.ways.wayOf('mine');
			await far.arrived(early / 2);
			near.write(new Uint8Array(early));
			assert.equal(await near.over, 'limit-reached');
			assert.equal(await far.over, 'ended');
			assert.ok(far.bytes <= early);
			await bystander.check();
			slave.link.say({ t: 'answer', session: 'mine' });
			await client.link.hear('answer');
			const again = client.ways.open('mine');
			again.write(new Uint8Array(4 * LIMITS.earlyBytes));
			await (await slave.ways.wayOf('mine', 2)).arrived(4 * LIMITS.earlyBytes);
		});
	}

	it('slow the session that is over its allowance, and not its neighbour on the same links', async (t) => {
		const perSession = 300_000;
		const { url } = await stage(t, { relay: { perSession } });
		const [client, slave] = [await clientOf(t, url), await slaveOf(t, url)];
		const greedy = await wayFor(client, slave, 'greedy');
		const modest = await wayFor(client, slave, 'modest');
		const begun = performance.now();
		const bytes = 4 * perSession;
		greedy.near.write(new Uint8Array(bytes));
		let over = false;
		const done = greedy.far.arrived(5 + bytes).then(() => {
			over = true;
		});
		const times: number[] = [];
		while (!over) {
			const asked = performance.now();
			const before = modest.far.bytes;
			modest.near.write('tick');
			await modest.far.arrived(before + 4);
			times.push(performance.now() - asked);
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
		await done;
		// A second's worth at once, and a window that may be full before anybody is held back.
		const least = (1000 * (bytes - perSession - LIMITS.muxWindowBytes)) / perSession;
		assert.ok(performance.now() - begun > 0.8 * least, `${performance.now() - begun} ms, at least ${least}`);
		times.sort((a, b) => a - b);
		assert.ok((times[Math.floor(times.length / 2)] as number) < 100, `the neighbour waits ${times.join()} ms`);
	});

	for (const which of ['perLink', 'total'] as const) {
		it(`are shared by the sessions: ${which}`, async (t) => {
			const rate = 300_000;
			const { url } = await stage(t, { relay: { [which]: rate } });
			const [client, slave] = [await clientOf(t, url), await slaveOf(t, url)];
			const ways = [await wayFor(client, slave, 'a'), await wayFor(client, slave, 'b')];
			const begun = performance.now();
			const each = 2.5 * rate;
			for (const { near } of ways) near.write(new Uint8Array(each));
			await Promise.all(ways.map(({ far }) => far.arrived(5 + each)));
			const least = (1000 * (2 * each - rate - 2 * LIMITS.muxWindowBytes)) / rate;
			assert.ok(performance.now() - begun > 0.8 * least, `${performance.now() - begun} ms, at least ${least}`);
		});
	}

	it('hold for an end that does not read no more than its window, and stall nobody else', async (t) => {
		const { url, bystander } = await stage(t, { relay: { perSession: 1e9, perLink: 1e9, total: 1e9 } });
		const [client, slave] = [await clientOf(t, url), await slaveOf(t, url)];
		const stopped = await wayFor(client, slave, 'stopped');
		const other = await wayFor(client, slave, 'other');
		stopped.far.reads = false;
		const bytes = 8 * LIMITS.relayWindowBytes;
		stopped.near.write(new Uint8Array(bytes));
		for (let round = 0; round < 20; round++) {
			other.near.write('x'.repeat(500));
			await other.far.arrived(5 + (round + 1) * 500);
			await settled(client);
			await settled(slave);
		}
		const passed = bytes - stopped.near.stream.queued;
		assert.ok(stopped.far.bytes <= 5 + LIMITS.muxWindowBytes, `${stopped.far.bytes} at the end that does not read`);
		assert.ok(passed <= 2 * LIMITS.relayWindowBytes, `${passed} bytes are held`);
		await bystander.check();
		stopped.far.readOn();
		await stopped.far.arrived(5 + bytes);
	});

	it('hold for a link that does not read no more than the windows of its sessions', async (t) => {
		const { master, url, bystander } = await stage(t, { relay: { perSession: 1e9, perLink: 1e9, total: 1e9 } });
		const [client, slave] = [await clientOf(t, url), await slaveOf(t, url)];
		const { near, far } = await wayFor(client, slave);
		slave.link.socket.pause();
		const bytes = 8 * LIMITS.relayWindowBytes;
		near.write(new Uint8Array(bytes));
		for (let round = 0; round < 20; round++) await settled(client);
		await bystander.check();
		assert.ok(
			bytes - near.stream.queued <= 2 * LIMITS.relayWindowBytes,
			`${bytes - near.stream.queued} bytes are held`,
		);
		assert.equal(master.counts.slaves, 2);
		slave.link.socket.resume();
		await far.arrived(5 + bytes);
	});

	const bad: unknown[] = [
		...[{ perSession: 0 }, { perSession: -1 }, { perLink: Number.NaN }, { total: 'x' }, { perSesion: 1 }],
		...[true, 5, 'no', null],
	];
	for (const relay of bad) {
		it(`are not ${JSON.stringify(relay)}`, async (t) => {
			await assert.rejects(masterFor(t, { relay: relay as never }), coded('bad-option'));
		});
	}
});

describe('what is no relayed data', () => {
	for (const kind of ['client', 'slave'] as const) {
		const garbage: [name: string, bytes: Uint8Array][] = [
			['noise', new Uint8Array(100).fill(0xa5)],
			['text', new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n')],
			['a frame of another version', Uint8Array.of(1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0)],
			['a stream with a number of ours', Uint8Array.of(0, 1, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0)],
			['more than any window', Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff)],
		];
		for (const [name, bytes] of garbage) {
			it(`closes the link of a ${kind}, and no other: ${name}`, async (t) => {
				const { master, url, bystander } = await stage(t);
				const before = master.counts;
				const { link } = await (kind === 'client' ? RawLink.client(t, url) : RawLink.slave(t, url));
				link.send(bytes);
				assert.equal((await link.closed).code, 4400);
				await turns();
				assert.deepEqual(master.counts, before);
				await bystander.check();
			});
		}
	}

	it('may be cut anywhere', async (t) => {
		const { url } = await stage(t);
		const [client, slave] = [await RawLink.client(t, url), await slaveOf(t, url)];
		client.link.say({ t: 'offer', session: 'mine', slave: slave.id });
		const bytes = Uint8Array.of(
			...[0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0],
			...[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 7, 4, ...Buffer.from('mine'), ...Buffer.from('hi')],
		);
		for (const byte of bytes) client.link.send(Uint8Array.of(byte));
		const way = await slave.ways.wayOf('mine');
		await way.arrived(2);
		assert.equal(way.heard.items.join(''), 'hi');
	});

	it('may be streams without end: they are bounded, and stall nobody', async (t) => {
		const { url, bystander } = await stage(t);
		const client = await clientOf(t, url);
		for (let count = 0; count < LIMITS.muxStreams; count++) client.ways.mux.session.open().handler = NO_HANDLER;
		assert.throws(() => client.ways.mux.session.open(), coded('limit-reached'));
		await settled(client);
		await bystander.check();
	});
});

describe('a master without a relay', () => {
	it('says so, and takes no relayed data', async (t) => {
		const { url, bystander } = await stage(t, { relay: false });
		const client = await RawLink.open(t, url, 'client');
		assert.equal((await client.hear('welcome')).relay, false);
		const slave = await RawLink.open(t, url, 'slave');
		slave.say({ t: 'register', data: '[1]' });
		assert.equal((await slave.hear('registered')).relay, false);
		for (const link of [client, slave]) {
			link.send(Uint8Array.of(0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0));
			assert.equal((await link.closed).code, 4400);
		}
		await bystander.check();
	});
});
