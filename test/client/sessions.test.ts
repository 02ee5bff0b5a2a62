import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SlaveConnection } from '../../src/client/node.js';
import type { Channel, ClientConnection } from '../../src/index.js';
import { RawLink } from '../support/raw-link.js';
import {
	channelFor,
	clientFor,
	coded,
	echo,
	messagesOf,
	runningOver,
	seen,
	sessionFor,
	slaveFor,
	trioFor,
} from '../support/stage.js';
import { Inbox, next, turns, within } from '../support/wait.js';

describe("a client's list of slaves", () => {
	it('has those that were there before, told after synchronous listeners had their chance', async (t) => {
		const { url, slave } = await trioFor(t, { name: 'one' });
		const other = await slaveFor(t, url, { name: 'two' });
		const client = clientFor(t, url);
		const added = new Inbox<SlaveConnection>();
		client.addEventListener('slaveadded', added.put);
		const slaves = await added.count(2);
		assert.deepEqual(slaves.map(({ id }) => id).sort(), [slave.id, other.id].sort());
		assert.deepEqual(client.slaves, slaves);
		assert.ok(Array.isArray(client.slaves));
		assert.deepEqual(
			slaves.map(({ userData }) => userData),
			[{ name: 'one' }, { name: 'two' }],
		);
	});

	it('is live: slaves come, change and leave', async (t) => {
		const { url, client, slaveCo } = await trioFor(t, 1);
		const added = next(client, 'slaveadded');
		const slave = await slaveFor(t, url, new Map([['players', 0]]));
		const [second] = await added;
		assert.deepEqual(second.userData, new Map([['players', 0]]));
		assert.equal(second.userData, second.userData, 'decoded once');
		const [updated] = [next(client, 'slaveupdated'), slave.update(undefined)];
		assert.equal((await updated)[0], second);
		assert.equal(second.userData, undefined);
		const removed = next(client, 'slaveremoved');
		slave.close();
		assert.equal((await removed)[0], second);
		assert.deepEqual([second.id, second.userData, second.state], [slave.id, undefined, 'gone']);
		assert.deepEqual(client.slaves, [slaveCo]);
	});

	it('keeps the last user data of one that left', async (t) => {
		const { client, slave, slaveCo } = await trioFor(t, { name: 'one' });
		const removed = next(client, 'slaveremoved');
		slave.close();
		await removed;
		assert.deepEqual([slaveCo.id, slaveCo.userData], [slave.id, { name: 'one' }]);
		await assert.rejects(slaveCo.connect(), coded('slave-gone'));
		await assert.rejects(slaveCo.createDataChannel('x'), coded('slave-gone'));
	});

	it('is empty once the link is closed', async (t) => {
		const { master, url } = await trioFor(t);
		const client = clientFor(t, url, { reconnect: false });
		await next(client, 'slaveadded');
		const [removed, closed] = [next(client, 'slaveremoved'), next(client, 'close')];
		await master.close();
		await removed;
		assert.deepEqual([(await closed)[0].code, client.slaves, client.state], ['link-closed', [], 'closed']);
	});

	it('shows a slave whose user data cannot be decoded, and reports it', async (t) => {
		const { url, client } = await trioFor(t);
		const failed = next(client, 'error');
		const { id } = await RawLink.slave(t, url, 'garbage');
		const broken = await seen(client, id);
		assert.equal(broken.userData, undefined);
		coded('bad-user-data')((await failed)[0]);
	});
});

describe('a session', () => {
	it('opens at both ends', async (t) => {
		const { slave, slaveCo, clientCo, client } = await sessionFor(t);
		assert.deepEqual([slaveCo.state, clientCo.state], ['open', 'open']);
		assert.match(String(slaveCo.path), /^(rtc|relay)$/);
		await runningOver('rtc', slaveCo, clientCo);
		assert.deepEqual(slave.connections, [clientCo]);
		assert.equal(clientCo.id, client.id);
		assert.equal(clientCo.auth, undefined);
	});

	it('is opened once, however often it is asked for', async (t) => {
		const { slave, slaveCo } = await trioFor(t);
		const offers: string[] = [];
		slave.on('offer', (_, { session }) => void offers.push(session));
		const opened = next(slaveCo, 'open');
		const connected = next(slave, 'connection');
		await Promise.all([slaveCo.connect(), slaveCo.connect(), slaveCo.createDataChannel('a'), opened, connected]);
		await slaveCo.connect();
		assert.equal(offers.length, 1, 'once a session, also where WebRTC is tried again');
		assert.deepEqual(
			slave.connections.map(({ session }) => session),
			offers,
		);
	});

	it('is offered with who asks', async (t) => {
		const { slave, slaveCo, client } = await trioFor(t);
		const sessions: string[] = [];
		slave.on('offer', (reject, offer) => {
			assert.equal(typeof reject, 'function');
			assert.equal(offer.client.id, client.id);
			assert.equal(offer.client.auth, undefined);
			sessions.push(offer.session);
		});
		await Promise.all([next(slave, 'connection'), slaveCo.connect()]);
		assert.equal(slave.connections[0]?.session, sessions.at(-1));
	});

	it('measures how far the other end is', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t);
		const times = await Promise.all([slaveCo.rtt(), slaveCo.rtt(), clientCo.rtt()]);
		for (const time of times) assert.ok(time > 0 && time < 2000, `${time} ms`);
		slaveCo.close();
		await assert.rejects(slaveCo.rtt(), coded('session-closed'));
	});

	it('goes on without the master', async (t) => {
		const { master, slave, slaveCo, clientCo } = await sessionFor(t);
		const { near, far } = await channelFor(slaveCo, clientCo);
		await runningOver('rtc', slaveCo, clientCo);
		const lost = next(slave, 'disconnected');
		await master.close();
		await lost;
		await slaveCo.rtt();
		const arrived = messagesOf(far);
		near.send('still');
		await arrived.find((each) => each === 'still');
		assert.deepEqual([slaveCo.state, clientCo.state], ['open', 'open']);
		slaveCo.close('done');
		assert.equal((await next(clientCo, 'close'))[0].reason, 'done');
	});

	it('is one of several with the same slave, from several clients', async (t) => {
		const { url, slave } = await trioFor(t);
		echo(slave);
		const talk = async (name: string) => {
			const slaveCo = await seen(clientFor(t, url), slave.id);
			const channel = await slaveCo.createDataChannel(name);
			const answers = messagesOf(channel);
			channel.send(name);
			assert.deepEqual(await answers.count(1), [name]);
		};
		await Promise.all(['a', 'b', 'c', 'd'].map(talk));
		assert.equal(slave.connections.length, 4);
		assert.equal(new Set(slave.connections.map(({ id }) => id)).size, 4);
	});
});

describe('a refusal', () => {
	for (const [how, delay] of [
		['at once', async () => {}],
		['before the promise of the listener settles', () => turns(20)],
	] as const) {
		it(`${how} reaches every promise and the event, with the reason`, async (t) => {
			const { slave, slaveCo } = await trioFor(t);
			slave.once(
				'offer',
				how === 'at once' ? (reject) => reject('full') : (reject) => delay().then(() => reject('full')),
			);
			slave.on('connection', () => assert.fail('connected'));
			const refused = coded('rejected', 'full');
			const [[reason], [error]] = await Promise.all([
				next(slaveCo, 'rejected'),
				next(slaveCo, 'close'),
				assert.rejects(slaveCo.connect(), refused),
				assert.rejects(slaveCo.createDataChannel('a'), refused),
				assert.rejects(slaveCo.createDataChannel('b', { negotiated: true, id: 1 }), refused),
			]);
			assert.equal(reason, 'full');
			refused(error);
			assert.equal(slaveCo.state, 'closed');
			assert.deepEqual([...slaveCo.dataChannels], []);
		});
	}

	it('allows a later attempt', async (t) => {
		const { slave, slaveCo } = await trioFor(t);
		slave.once('offer', (reject) => reject('not yet'));
		await assert.rejects(slaveCo.connect(), coded('rejected', 'not yet'));
		const channel = await slaveCo.createDataChannel('now');
		assert.equal(channel.readyState, 'open');
	});

	it('allows a later attempt from the listener of the event', async (t) => {
		const { slave, slaveCo } = await trioFor(t);
		slave.once('offer', (reject) => reject());
		const again = new Promise<void>((resolve, reject) => {
			slaveCo.once('rejected', () => slaveCo.connect().then(resolve, reject));
		});
		await assert.rejects(slaveCo.connect(), coded('rejected', 'refused'));
		await within(again, 'the second attempt');
	});

	it('of one client is none of another', async (t) => {
		const { url, slave, slaveCo } = await trioFor(t);
		const other = clientFor(t, url);
		await other.ready;
		slave.on('offer', (reject, { client }) => {
			if (client.id === other.id) reject('not you');
		});
		const [otherCo] = other.slaves;
		await Promise.all([
			slaveCo.connect(),
			assert.rejects(async () => otherCo?.connect(), coded('rejected', 'not you')),
		]);
	});

	it('of a slave that closes while it decides says so', async (t) => {
		const { slave, slaveCo } = await trioFor(t);
		slave.on('offer', () => new Promise(() => {}));
		const asked = next(slave, 'offer');
		const refused = assert.rejects(slaveCo.connect(), (error: { code: string }) => {
			assert.ok(['rejected', 'slave-gone'].includes(error.code), error.code);
			return true;
		});
		await asked;
		slave.close('for the night');
		await refused;
	});
});

/** The ends of a session and of both ends of its channel. */
const closes = (near: Channel, far: Channel, slaveCo: SlaveConnection, clientCo: ClientConnection) =>
	Promise.all([next(near, 'close'), next(far, 'close'), next(slaveCo, 'close'), next(clientCo, 'close')]);

describe('closing a session', () => {
	it('ends it and its channels at both ends, with the reason', async (t) => {
		const { slave, slaveCo, clientCo } = await sessionFor(t);
		const { near, far } = await channelFor(slaveCo, clientCo);
		const events = closes(near, far, slaveCo, clientCo);
		slaveCo.close('enough');
		const [, , [nearError], [farError]] = await events;
		coded('session-closed', 'enough')(nearError);
		coded('session-closed', 'enough')(farError);
		assert.deepEqual(
			[near.readyState, far.readyState, slaveCo.state, clientCo.state],
			['closed', 'closed', 'closed', 'closed'],
		);
		assert.deepEqual([slave.connections, clientCo.dataChannels, [...slaveCo.dataChannels]], [[], [], []]);
		for (const channel of [near, far]) assert.throws(() => channel.send('x'), coded('channel-not-open'));
	});

	it('is the same from the slave', async (t) => {
		const { slave, slaveCo, clientCo } = await sessionFor(t);
		const { near, far } = await channelFor(slaveCo, clientCo);
		const events = closes(near, far, slaveCo, clientCo);
		clientCo.close('kicked');
		const [, , [nearError], [farError]] = await events;
		coded('session-closed', 'kicked')(nearError);
		coded('session-closed', 'kicked')(farError);
		assert.deepEqual([slave.connections, slaveCo.state], [[], 'closed']);
		await slaveCo.connect();
		assert.equal(slaveCo.state, 'open');
	});

	it('may be done twice, or before anything', async (t) => {
		const { slaveCo } = await trioFor(t);
		slaveCo.close();
		await slaveCo.connect();
		slaveCo.close();
		slaveCo.close();
		assert.equal(slaveCo.state, 'closed');
	});

	it('while it opens rejects whoever waits', async (t) => {
		const { slave, slaveCo } = await trioFor(t);
		const waiting = Promise.all([
			assert.rejects(slaveCo.connect(), coded('session-closed', 'changed my mind')),
			assert.rejects(slaveCo.createDataChannel('x'), coded('session-closed', 'changed my mind')),
		]);
		slaveCo.close('changed my mind');
		await waiting;
		await Promise.all([next(slave, 'connection'), slaveCo.connect()]);
		assert.equal(slaveCo.state, 'open');
		assert.equal(slave.connections.length, 1);
	});

	it('while the slave decides reaches the slave', async (t) => {
		const { slave, slaveCo } = await trioFor(t);
		let decide = () => {};
		slave.once(
			'offer',
			() =>
				new Promise<void>((resolve) => {
					decide = resolve;
				}),
		);
		const asked = next(slave, 'offer');
		slaveCo.connect().catch(() => {});
		await asked;
		slaveCo.close();
		// The close may cross the decision on its way: then the slave has a session for a moment.
		const over = new Inbox<unknown>();
		slave.on('connection', (client) => client.on('close', over.put));
		decide();
		await slaveCo.connect();
		while (slave.connections.length > 1) await over.count(1);
		assert.equal(slave.connections.length, 1);
	});

	it('and opening it again works many times', async (t) => {
		const { slave, slaveCo } = await trioFor(t);
		echo(slave);
		for (let round = 0; round < 10; round++) {
			const channel = await within(slaveCo.createDataChannel('again'), `round ${round}`);
			const answers = messagesOf(channel);
			channel.send(`round ${round}`);
			assert.deepEqual(await answers.count(1), [`round ${round}`]);
			slaveCo.close();
		}
	});

	for (const from of ['client', 'slave'] as const) {
		it(`from the ${from} lets the messages that were sent just before arrive`, async (t) => {
			const { slaveCo, clientCo } = await sessionFor(t);
			const { near, far } = await channelFor(slaveCo, clientCo);
			const [sender, receiver] = from === 'client' ? [near, far] : [far, near];
			const arrived = messagesOf(receiver);
			const over = Promise.all([
				next(near, 'close'),
				next(far, 'close'),
				next(slaveCo, 'close'),
				next(clientCo, 'close'),
			]);
			for (let count = 0; count < 500; count++) sender.send(`${count} ${'x'.repeat(500)}`);
			(from === 'client' ? slaveCo : clientCo).close('bye');
			await over;
			assert.equal(arrived.items.length, 500);
			assert.match(String(arrived.items.at(-1)), /^499 /);
		});
	}

	it('of the whole client ends its sessions at the slave', async (t) => {
		const { client, clientCo, master } = await sessionFor(t);
		const over = next(clientCo, 'close');
		const closed = next(client, 'close');
		client.close();
		await over;
		await closed;
		assert.equal(client.state, 'closed');
		await turns(20);
		assert.equal(master.counts.clients, 0);
	});

	it('of the whole slave ends its sessions at the client, with the reason', async (t) => {
		const { slave, client, slaveCo } = await sessionFor(t);
		const [over, removed] = [next(slaveCo, 'close'), next(client, 'slaveremoved')];
		slave.close('update');
		coded('session-closed', 'update')((await over)[0]);
		await removed;
		assert.equal(slaveCo.state, 'gone');
	});
});
