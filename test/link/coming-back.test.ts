import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { MasterConnection, SlaveConnection } from '../../src/client/node.js';
import { Master, type MasterOptions, Slave } from '../../src/index.js';
import { returnProtocols } from '../../src/wire/index.js';
import { CuttingProxy } from '../support/cutting-proxy.js';
import { RawLink } from '../support/raw-link.js';
import {
	channelFor,
	clientFor,
	coded,
	echo,
	masterFor,
	messagesOf,
	runningOver,
	seen,
	slaveFor,
} from '../support/stage.js';
import { Inbox, next, within } from '../support/wait.js';

const SECRET = 'a secret of the operator';

/** Everything that a client is told of its list. */
function eventsOf(client: MasterConnection): Inbox<string> {
	const events = new Inbox<string>();
	for (const name of ['slaveadded', 'slaveupdated', 'slaveremoved'] as const) {
		client.on(name, (slave) => events.put(`${name} ${slave.id} ${slave.availability}`));
	}
	for (const name of ['disconnected', 'reconnected', 'close'] as const) client.on(name, () => events.put(name));
	return events;
}

/** A master, and a proxy before it for those whose line is to be cut. */
async function stage(t: TestContext, options: MasterOptions = {}) {
	const { master, url, port } = await masterFor(t, options);
	master.on('error', (error) => assert.fail(String(error)));
	return { master, url, port, proxy: await CuttingProxy.open(t, port) };
}

/** A master on the port of one that was closed. */
async function restarted(t: TestContext, port: number, options: MasterOptions): Promise<Master> {
	const master = new Master(port, { tick: 1, ...options });
	t.after(() => master.close());
	await master.ready;
	return master;
}

const byId = (slaves: SlaveConnection[]) =>
	slaves.map(({ id, availability, userData }) => [id, availability, userData]);

describe('a client whose link is cut', { concurrency: 4 }, () => {
	it('comes back as the same, is told what it missed, and its sessions never notice', async (t) => {
		const { url, proxy } = await stage(t);
		const [stays, leaves] = [await slaveFor(t, url, 1), await slaveFor(t, url, 2)];
		const client = clientFor(t, proxy.url);
		const slaveCo = await seen(client, stays.id);
		await seen(client, leaves.id);
		const [[clientCo]] = await Promise.all([next(stays, 'connection'), slaveCo.connect()]);
		await runningOver('rtc', slaveCo, clientCo);
		const id = client.id;
		const events = eventsOf(client);
		const [lost, trying, back] = [
			next(client, 'disconnected'),
			next(client, 'reconnecting'),
			next(client, 'reconnected'),
		];
		proxy.cut();
		coded('link-closed')((await lost)[0]);
		assert.equal(client.state, 'reconnecting');
		assert.equal((await trying)[0], 1);
		leaves.close();
		stays.update('new');
		const comes = await slaveFor(t, url, 3);
		await back;
		await events.find((event) => event === `slaveadded ${comes.id} ready`);
		assert.equal(client.id, id);
		assert.equal(client.state, 'open');
		assert.deepEqual(byId(client.slaves), [
			[stays.id, 'ready', 'new'],
			[comes.id, 'ready', 3],
		]);
		assert.ok(!events.items.includes(`slaveremoved ${stays.id} ready`));
		assert.deepEqual([slaveCo.state, clientCo.state], ['open', 'open']);
		const { near, far } = await channelFor(slaveCo, clientCo);
		const arrived = messagesOf(far);
		near.send('still');
		await arrived.find((each) => each === 'still');
	});

	it('has the list of the master after every cut', async (t) => {
		const { master, url, proxy } = await stage(t);
		const clients = Array.from({ length: 8 }, () => clientFor(t, proxy.url));
		await Promise.all(clients.map(({ ready }) => ready));
		const slaves: Slave[] = [];
		for (let round = 0; round < 4; round++) {
			const back = clients.map((client) => next(client, 'reconnected'));
			proxy.cut();
			slaves.push(await slaveFor(t, url, round));
			if (round % 3 === 2) slaves.shift()?.close();
			slaves[0]?.update(`round ${round}`);
			await Promise.all(back);
			const last = await slaveFor(t, url, `after ${round}`);
			const truth = () => master.slaves.map((each) => [each.id, each.availability, each.userData]).sort();
			for (const client of clients) {
				await seen(client, last.id);
				assert.deepEqual(byId(client.slaves).sort(), truth());
			}
		}
	});

	it('opens what was asked for meanwhile, and what was being opened, when it is back', async (t) => {
		const { url, proxy } = await stage(t);
		const slave = await slaveFor(t, url);
		echo(slave);
		slave.on('offer', () => new Promise((resolve) => setTimeout(resolve, 100)));
		const client = clientFor(t, proxy.url);
		const slaveCo = await seen(client, slave.id);
		const opening = slaveCo.createDataChannel('before');
		await next(slave, 'offer');
		const lost = next(client, 'disconnected');
		proxy.cut();
		await lost;
		const [before, during] = await within(
			Promise.all([opening, slaveCo.createDataChannel('during')]),
			'the channels to open',
		);
		const answers = messagesOf(during);
		during.send('hello');
		await answers.find((each) => each === 'hello');
		assert.equal(before.readyState, 'open');
		assert.equal(slave.connections.length, 1);
	});

	it('stays away when it was told to', async (t) => {
		const { proxy } = await stage(t);
		const client = clientFor(t, proxy.url, { reconnect: false });
		await client.ready;
		const events = eventsOf(client);
		proxy.cut();
		await events.find((event) => event === 'close');
		assert.deepEqual(events.items, ['disconnected', 'close']);
		assert.equal(client.state, 'closed');
	});

	it('stays away once it is closed', async (t) => {
		const { master, proxy } = await stage(t);
		const client = clientFor(t, proxy.url);
		await client.ready;
		const closed = next(client, 'close');
		client.on('disconnected', () => client.close());
		client.on('reconnecting', () => assert.fail('it was closed'));
		proxy.cut();
		coded('link-closed')((await closed)[0]);
		assert.deepEqual(master.counts, { clients: 0, slaves: 0 });
	});

	it('is asked about again, and is another one when it is somebody else by then', async (t) => {
		const { master, proxy } = await stage(t);
		let name = 'Ann';
		master.on('clientauth', (_, reject) => (name === '' ? reject('not any more') : { name }));
		const client = clientFor(t, proxy.url);
		await client.ready;
		const ids = [client.id];
		for (const each of ['Ann', 'Bob']) {
			name = each;
			const back = next(client, 'reconnected');
			proxy.cut();
			await back;
			ids.push(client.id);
		}
		assert.equal(ids[1], ids[0]);
		assert.notEqual(ids[2], ids[0]);
		name = '';
		const closed = next(client, 'close');
		proxy.cut();
		coded('refused', 'not any more')((await closed)[0]);
	});
});

describe('a slave whose link is cut', { concurrency: 4 }, () => {
	it('stays in the list, unreachable, until it is back', async (t) => {
		const { master, url, proxy } = await stage(t, { grace: 8000 });
		const slave = await slaveFor(t, proxy.url, 'it');
		const client = clientFor(t, url);
		const slaveCo = await seen(client, slave.id);
		const events = eventsOf(client);
		const id = slave.id;
		proxy.refuse = true;
		proxy.cut();
		await events.find((event) => event === `slaveupdated ${id} unreachable`);
		assert.equal(master.slaves[0]?.availability, 'unreachable');
		await assert.rejects(slaveCo.connect(), coded('slave-unreachable'));
		slave.update('it again');
		const back = next(slave, 'reconnected');
		proxy.refuse = false;
		await back;
		await events.find((event) => event === `slaveupdated ${id} ready`);
		assert.deepEqual([slave.id, slaveCo.userData], [id, 'it again']);
		assert.ok(events.items.every((event) => event.startsWith(`slaveupdated ${id}`)));
		await slaveCo.connect();
	});

	it('leaves the list after the grace time, and has its place again when it comes', async (t) => {
		const { master, url, proxy } = await stage(t, { grace: 50 });
		const slave = await slaveFor(t, proxy.url);
		const id = slave.id;
		const client = clientFor(t, url);
		const slaveCo = await seen(client, id);
		const events = eventsOf(client);
		proxy.refuse = true;
		proxy.cut();
		await events.find((event) => event === `slaveremoved ${id} gone`);
		assert.deepEqual([master.slaves, slaveCo.state], [[], 'gone']);
		await assert.rejects(slaveCo.connect(), coded('slave-gone'));
		proxy.refuse = false;
		await events.find((event) => event === `slaveadded ${id} ready`);
	});

	it('is the same to a client whose session has outlived its absence', async (t) => {
		const { url, proxy } = await stage(t, { grace: 50 });
		const slave = await slaveFor(t, proxy.url);
		const client = clientFor(t, url);
		const slaveCo = await seen(client, slave.id);
		const [[clientCo]] = await Promise.all([next(slave, 'connection'), slaveCo.connect()]);
		await runningOver('rtc', slaveCo, clientCo);
		const [events, back] = [eventsOf(client), next(client, 'slaveadded')];
		proxy.refuse = true;
		proxy.cut();
		await events.find((event) => event === `slaveremoved ${slave.id} gone`);
		assert.equal(slaveCo.state, 'open');
		proxy.refuse = false;
		assert.equal((await back)[0], slaveCo);
		assert.deepEqual([client.slaves, slaveCo.state, slaveCo.availability], [[slaveCo], 'open', 'ready']);
		await channelFor(slaveCo, clientCo);
		slaveCo.close();
		assert.equal(slaveCo.state, 'closed');
	});

	it('leaves at once when it is closed', async (t) => {
		const { url } = await stage(t);
		const slave = await slaveFor(t, url);
		const client = clientFor(t, url);
		await seen(client, slave.id);
		const events = eventsOf(client);
		slave.close();
		await events.find((event) => event === `slaveremoved ${slave.id} gone`);
		assert.equal(events.items.length, 1);
	});

	it('begins anew what was being opened: its answer may have been lost', async (t) => {
		const { url, proxy } = await stage(t, { heartbeat: 400 });
		const slave = await slaveFor(t, proxy.url);
		const client = clientFor(t, url);
		const slaveCo = await seen(client, slave.id);
		const opening = slaveCo.connect();
		await next(slave, 'offer');
		const back = next(slave, 'reconnected');
		// The answer goes into a line that carries nothing any more.
		proxy.freeze();
		const started = performance.now();
		await within(
			opening.catch((error) => coded('slave-unreachable')(error)),
			'an end of the attempt',
		);
		assert.ok(performance.now() - started < 5000, 'long before its bound');
		await back;
		await slaveCo.connect();
	});

	it('keeps its sessions, and each end may close them', async (t) => {
		const { url, proxy } = await stage(t);
		const slave = await slaveFor(t, proxy.url);
		const client = clientFor(t, url);
		const slaveCo = await seen(client, slave.id);
		const [[clientCo]] = await Promise.all([next(slave, 'connection'), slaveCo.connect()]);
		const back = next(slave, 'reconnected');
		proxy.cut();
		await back;
		await channelFor(slaveCo, clientCo);
		const ended = next(slaveCo, 'close');
		clientCo.close('enough');
		assert.equal((await ended)[0].reason, 'enough');
	});

	it('stays away when it was told to', async (t) => {
		const { proxy } = await stage(t, { grace: 0 });
		const slave = await Slave.connect(proxy.url, 1, undefined, { reconnect: false });
		const [lost, closed] = [next(slave, 'disconnected'), next(slave, 'close')];
		proxy.cut();
		await lost;
		await closed;
		assert.equal(slave.state, 'closed');
	});
});

describe('a session on the relay, one of whose links is lost', { concurrency: 4 }, () => {
	const RELAYED = { paths: ['relay'] } as const;

	it('is found ended by a client that comes back after the slave has closed it, and nobody is asked again', async (t) => {
		const { url, proxy } = await stage(t);
		const slave = await slaveFor(t, url);
		const offers = new Inbox<unknown>();
		slave.on('offer', offers.put);
		const client = clientFor(t, proxy.url, RELAYED);
		const slaveCo = await seen(client, slave.id);
		const [[clientCo]] = await Promise.all([next(slave, 'connection'), slaveCo.connect()]);
		proxy.refuse = true;
		proxy.cut();
		await next(client, 'disconnected');
		clientCo.close('kicked');
		await within(new Promise((resolve) => clientCo.once('close', resolve)), 'the end at the slave');
		const closed = next(slaveCo, 'close');
		proxy.refuse = false;
		coded('session-closed')((await closed)[0]);
		assert.deepEqual([offers.items.length, slave.connections], [1, []]);
		await slaveCo.connect();
		assert.equal(offers.items.length, 2);
	});

	it('is closed by a slave that has no such session, whoever says that it was accepted', async (t) => {
		const { url } = await stage(t);
		const slave = await slaveFor(t, url);
		slave.on('offer', () => assert.fail('nobody is to be asked'));
		const { link } = await RawLink.client(t, url);
		link.say({ t: 'offer', session: 's', slave: slave.id, attempt: 3, sdp: 'v=0', known: true });
		assert.deepEqual(await link.hear('close'), {
			t: 'close',
			session: 's',
			reason: 'it ended while the link was lost',
		});
	});

	for (const end of ['client', 'slave'] as const) {
		it(`is waited for longer than the ${end} stays known, and nothing is lost`, async (t) => {
			const { master, url, proxy } = await stage(t, { grace: 50 });
			const slave = await slaveFor(t, end === 'slave' ? proxy.url : url);
			const client = clientFor(t, end === 'client' ? proxy.url : url, RELAYED);
			const slaveCo = await seen(client, slave.id);
			const [[clientCo]] = await Promise.all([next(slave, 'connection'), slaveCo.connect()]);
			const { near, far } = await channelFor(slaveCo, clientCo);
			const arrived = messagesOf(far);
			const removed = end === 'slave' ? next(client, 'slaveremoved') : next(client, 'disconnected');
			proxy.refuse = true;
			proxy.cut();
			near.send('kept');
			await removed;
			// Nobody is told when a client is no longer known.
			if (end === 'client') await new Promise((resolve) => setTimeout(resolve, 200));
			assert.deepEqual([slaveCo.state, clientCo.state, slaveCo.path], ['open', 'open', undefined]);
			proxy.refuse = false;
			await arrived.find((each) => each === 'kept');
			await runningOver('relay', slaveCo, clientCo);
			assert.equal(near.readyState, 'open');
			assert.equal(master.slaves.length, 1);
		});
	}
});

describe('a resume token', () => {
	it('lets a newer link replace the older one at once', async (t) => {
		const { url } = await stage(t);
		for (const kind of ['client', 'slave'] as const) {
			const first = await RawLink.open(t, url, kind);
			if (kind === 'slave') first.say({ t: 'register', data: '[1]' });
			const { id, resume } = await first.hear(kind === 'slave' ? 'registered' : 'welcome');
			const protocols = ['enslavism.1', ...returnProtocols(String(resume))];
			const second = await RawLink.open(t, url, kind, { protocols });
			if (kind === 'slave') second.say({ t: 'register', data: '[1]' });
			assert.equal((await second.hear(kind === 'slave' ? 'registered' : 'welcome')).id, id);
			assert.equal((await first.closed).code, 4409);
		}
	});

	it('that is not genuine makes a new peer', async (t) => {
		const { url } = await stage(t);
		const slave = await slaveFor(t, url);
		const protocols = ['enslavism.1', ...returnProtocols(`${slave.id}.zzzzzzzz.${'a'.repeat(43)}`)];
		const link = await RawLink.open(t, url, 'slave', { protocols });
		link.say({ t: 'register', data: '[1]' });
		assert.notEqual((await link.hear('registered')).id, slave.id);
		assert.equal(slave.state, 'open');
	});

	it('is shown to nobody else', async (t) => {
		const { master, url } = await stage(t, { heartbeat: 20 });
		const emitted: unknown[] = [];
		master.on('slaveadded', (each) => emitted.push(each));
		const { link: slave, id } = await RawLink.slave(t, url);
		const { link: client } = await RawLink.client(t, url);
		client.say({ t: 'offer', session: 's', slave: id, sdp: 'v=0' });
		await slave.hear('offer');
		slave.say({ t: 'answer', session: 's', sdp: 'v=0' });
		await client.hear('answer');
		const secret = String((await slave.hear('registered')).resume);
		assert.ok(!JSON.stringify([client.said.items, emitted, master.slaves]).includes(secret.slice(-43)));
	});
});

describe('a master that starts again', { concurrency: 4 }, () => {
	/** Everybody is linked by a proxy, so that the new master may have another port. */
	async function scene(t: TestContext, options: MasterOptions) {
		const { master, port } = await masterFor(t, options);
		const proxy = await CuttingProxy.open(t, port);
		const [stays, dies] = [await slaveFor(t, proxy.url, 'stays'), await slaveFor(t, proxy.url, 'dies')];
		const client = clientFor(t, proxy.url);
		const slaveCo = await seen(client, stays.id);
		await seen(client, dies.id);
		const [[clientCo]] = await Promise.all([next(stays, 'connection'), slaveCo.connect()]);
		// Without the master there is no other way.
		await runningOver('rtc', slaveCo, clientCo);
		const ids = { client: client.id, stays: stays.id, dies: dies.id };
		const events = eventsOf(client);
		return { master, port, proxy, stays, dies, client, slaveCo, clientCo, ids, events };
	}

	it('with a secret has everybody under their ids, and clients see no change but of those who did not come', async (t) => {
		const { master, port, proxy, stays, dies, client, slaveCo, clientCo, ids, events } = await scene(t, {
			secret: SECRET,
		});
		const back = [next(client, 'reconnected'), next(stays, 'reconnected')];
		proxy.cut();
		dies.close();
		await master.close();
		const again = await restarted(t, port, { secret: SECRET, grace: 4000 });
		await Promise.all(back);
		assert.deepEqual([client.id, stays.id], [ids.client, ids.stays]);
		assert.deepEqual(
			client.slaves.map(({ id }) => id),
			[ids.stays, ids.dies],
		);
		await events.find((event) => event === `slaveremoved ${ids.dies} gone`);
		assert.deepEqual(
			events.items.filter((event) => event.startsWith('slave')),
			[`slaveremoved ${ids.dies} gone`],
		);
		assert.deepEqual(
			again.slaves.map(({ id }) => id),
			[ids.stays],
		);
		assert.equal(slaveCo.state, 'open');
		await channelFor(slaveCo, clientCo);
	});

	it('with a secret knows a session again when both of its ends name it, and lets nobody else in', async (t) => {
		const { master, url, port } = await masterFor(t, { secret: SECRET });
		const { link: slave, id } = await RawLink.slave(t, url);
		const { link: client, id: clientId } = await RawLink.client(t, url);
		client.say({ t: 'offer', session: 's', slave: id, sdp: 'v=0' });
		await slave.hear('offer');
		const tokens = [(await slave.hear('registered')).resume, (await client.hear('welcome')).resume];
		await master.close();
		await restarted(t, port, { secret: SECRET, grace: 300 });
		const [slaveAgain, clientAgain] = await Promise.all(
			(['slave', 'client'] as const).map((kind, n) =>
				RawLink.open(t, url, kind, { protocols: ['enslavism.1', `resume.${tokens[n]}`] }),
			),
		);
		assert.ok(slaveAgain && clientAgain);
		slaveAgain.say({ t: 'register', data: '[1]' });
		assert.deepEqual(
			[(await slaveAgain.hear('registered')).id, (await clientAgain.hear('welcome')).id],
			[id, clientId],
		);
		const { link: thief } = await RawLink.client(t, url);
		thief.say({ t: 'sessions', list: [{ session: 's', peer: id }] });
		slaveAgain.say({ t: 'sessions', list: [{ session: 's', peer: clientId }] });
		assert.deepEqual(await thief.hear('gone'), { t: 'gone', session: 's' }, 'nobody else named it so in time');
		assert.deepEqual(await slaveAgain.hear('gone'), { t: 'gone', session: 's' }, 'nor did its client');
		// Late, but a session waits for a path longer than that.
		clientAgain.say({ t: 'sessions', list: [{ session: 's', peer: id }] });
		clientAgain.say({ t: 'candidate', session: 's', candidate: 'c', mid: '0' });
		assert.equal((await slaveAgain.hear('candidate')).session, 's');
	});

	it('with a secret passes on what is said in a session that it knows again', async (t) => {
		const { master, url, port } = await masterFor(t, { secret: SECRET });
		const { link: slave, id } = await RawLink.slave(t, url);
		const { link: client, id: clientId } = await RawLink.client(t, url);
		const tokens = [(await slave.hear('registered')).resume, (await client.hear('welcome')).resume];
		await master.close();
		await restarted(t, port, { secret: SECRET });
		const again = (kind: 'slave' | 'client', token: unknown) =>
			RawLink.open(t, url, kind, { protocols: ['enslavism.1', `resume.${token}`] });
		const [slaveAgain, clientAgain] = [await again('slave', tokens[0]), await again('client', tokens[1])];
		slaveAgain.say({ t: 'register', data: '[1]' });
		slaveAgain.say({ t: 'sessions', list: [{ session: 's', peer: clientId }] });
		await slaveAgain.hear('registered');
		clientAgain.say({ t: 'sessions', list: [{ session: 's', peer: id }] });
		clientAgain.say({ t: 'close', session: 's', reason: 'enough' });
		assert.deepEqual(await slaveAgain.hear('close'), { t: 'close', session: 's', reason: 'enough' });
	});

	it('without a secret shows the truth: the old ones leave, and new ones come', async (t) => {
		const { master, port, proxy, stays, slaveCo, clientCo, ids, events, client } = await scene(t, {});
		const back = [next(client, 'reconnected'), next(stays, 'reconnected')];
		proxy.cut();
		await master.close();
		await restarted(t, port, {});
		await Promise.all(back);
		assert.notEqual(stays.id, ids.stays);
		await events.find((event) => event === `slaveremoved ${ids.stays} gone`);
		await events.find((event) => event === `slaveadded ${stays.id} ready`);
		assert.equal(slaveCo.state, 'open', 'the session goes on');
		await channelFor(slaveCo, clientCo);
		slaveCo.close('done');
		assert.equal((await next(clientCo, 'close'))[0].reason, 'done');
	});

	it('tells every link when to come back, at different times, slaves first', async (t) => {
		const { master, url } = await masterFor(t);
		const links = await Promise.all(Array.from({ length: 40 }, () => RawLink.client(t, url)));
		const { link: slave } = await RawLink.slave(t, url);
		await master.close({ spread: 10_000 });
		const delayOf = async (link: RawLink) => {
			const { code, reason } = await link.closed;
			assert.equal(code, 1012);
			return Number(/ (\d+) ms$/.exec(reason)?.[1]);
		};
		const delays = await Promise.all(links.map(({ link }) => delayOf(link)));
		assert.ok(
			delays.every((delay) => delay >= 500 && delay <= 10_500),
			String(delays),
		);
		assert.ok(new Set(delays.map((delay) => Math.floor(delay / 1000))).size >= 5, 'they are spread');
		assert.ok((await delayOf(slave)) <= 1500);
	});

	it('is not come back to before that', async (t) => {
		const { master, url } = await masterFor(t);
		const client = clientFor(t, url);
		await client.ready;
		const trying = next(client, 'reconnecting');
		await master.close({ spread: 200_000 });
		const [, delay] = await trying;
		assert.ok(delay >= 500 && delay <= 200_500, String(delay));
	});

	it('closes though a link does not answer, at the deadline', async (t) => {
		const { master, port } = await masterFor(t);
		const proxy = await CuttingProxy.open(t, port);
		await RawLink.client(t, proxy.url);
		proxy.freeze();
		await within(master.close({ deadline: 50 }), 'the close', 1000);
	});
});

describe('a line that is cut on the way, so that nobody is told,', { concurrency: 4 }, () => {
	it('is found by both ends, and the peers come back', async (t) => {
		const { master, url, proxy } = await stage(t, { heartbeat: 60 });
		const slave = await slaveFor(t, proxy.url);
		const client = clientFor(t, proxy.url);
		await seen(client, slave.id);
		const other = clientFor(t, url);
		await seen(other, slave.id);
		const [id, events] = [slave.id, eventsOf(other)];
		const back = [next(client, 'reconnected'), next(slave, 'reconnected')];
		proxy.freeze();
		await Promise.all(back);
		assert.equal(slave.id, id);
		assert.deepEqual(master.counts, { clients: 2, slaves: 1 });
		assert.ok(!events.items.some((event) => event.startsWith('slaveremoved')));
	});

	it('is found by the master when the peer is gone for good', async (t) => {
		const { master, proxy } = await stage(t, { heartbeat: 60, grace: 50 });
		const removed = next(master, 'slaveremoved');
		await slaveFor(t, proxy.url);
		proxy.refuse = true;
		proxy.freeze();
		await removed;
		assert.deepEqual(master.counts, { clients: 0, slaves: 0 });
	});

	it('is not suspected while the peer gives signs of life', async (t) => {
		const { master, url } = await stage(t, { heartbeat: 40 });
		const { link } = await RawLink.client(t, url);
		let beats = 0;
		link.socket.on('message', (data) => {
			if (String(data) !== '{"t":"beat"}') return;
			beats++;
			link.say({ t: 'beat' });
		});
		while (beats < 6) await new Promise((resolve) => link.socket.once('message', resolve));
		assert.equal(master.counts.clients, 1);
		link.socket.removeAllListeners('message');
		assert.equal((await link.closed).code, 4408);
	});
});
