import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { describe, it } from 'node:test';
import { WebSocketServer } from 'ws';
import { type ListedSlave, Slave, type SlaveOptions } from '../../src/index.js';
import * as LIMITS from '../../src/wire/limits.js';
import * as WAITS from '../../src/wire/waits.js';
import { clientFor, coded, masterFor, seen, slaveFor, trioFor } from '../support/stage.js';
import { Inbox, next, turns, within } from '../support/wait.js';

describe('new Slave', () => {
	it('is a promise of a slave, and so is Slave.connect', async (t) => {
		const { master, url } = await masterFor(t);
		const promise = new Slave(url, 'a');
		assert.ok(promise instanceof Promise);
		const slave = await promise;
		const other = await Slave.connect(url, 'b');
		t.after(() => [slave, other].map((each) => each.close()));
		for (const each of [slave, other]) assert.ok(each instanceof Slave);
		assert.match(slave.id, /^[\w-]{22}$/);
		assert.equal(slave.state, 'open');
		assert.deepEqual(slave.connections, []);
		assert.deepEqual(
			master.slaves.map(({ id, userData }) => [id, userData]),
			[
				[slave.id, 'a'],
				[other.id, 'b'],
			],
		);
	});

	it('takes http: URLs too', async (t) => {
		const { port } = await masterFor(t);
		await slaveFor(t, `http://localhost:${port}/`);
	});

	it('misses nothing that happens right after it resolved', async (t) => {
		const { url } = await masterFor(t);
		const client = clientFor(t, url);
		await client.ready;
		// The last one may be cut short by the end of the test.
		client.on('slaveadded', (slaveCo) => {
			slaveCo.createDataChannel('fast').then(
				(channel) => channel.readyState === 'open' && channel.send('x'),
				() => {},
			);
		});
		for (let round = 0; round < 5; round++) {
			const slave = await slaveFor(t, url);
			await Promise.all([next(slave, 'offer'), next(slave, 'connection')]);
		}
	});

	const wrong = [{ paths: ['foo'] }, { paths: [] }, { paths: 'rtc' }, { paths: ['rtc', 'foo'] }, { reconnect: 'yes' }];
	for (const options of wrong) {
		it(`rejects with ${JSON.stringify(options)}, and registers nothing`, async (t) => {
			const { master, url } = await masterFor(t);
			const refused = new Slave(url, 0, undefined, options as unknown as SlaveOptions);
			await assert.rejects(refused, coded('bad-option'));
			await assert.rejects(refused, /paths takes .*; reconnect true or false/);
			assert.equal(master.counts.slaves, 0);
		});
	}

	it('rejects when there is nobody', async () => {
		const server = createServer().listen(0);
		const { port } = server.address() as AddressInfo;
		await new Promise((resolve) => server.close(resolve));
		await assert.rejects(new Slave(`ws://localhost:${port}`), coded('unreachable'));
	});

	it('rejects when there is no master', async (t) => {
		const server = createServer((_, response) => response.writeHead(503).end('busy')).listen(0);
		t.after(() => {
			server.close();
			server.closeAllConnections();
		});
		const { port } = server.address() as AddressInfo;
		await assert.rejects(new Slave(`ws://localhost:${port}`), (error: Error) => {
			assert.match(error.message, /503/);
			return coded('unreachable')(error);
		});
	});

	it('rejects when something answers that speaks no HTTP', async (t) => {
		const server = createTcpServer((socket) => socket.on('error', () => {}).end('220 mail.example ESMTP\r\n')).listen(
			0,
		);
		t.after(() => server.close());
		await assert.rejects(new Slave(`ws://localhost:${(server.address() as AddressInfo).port}`), coded('unreachable'));
	});

	it('rejects when a WebSocket server is no master', async (t) => {
		const server = new WebSocketServer({ port: 0, handleProtocols: () => 'enslavism.1' });
		t.after(() => server.close());
		for (const frame of ['hello', '{"t":"welcome","id":"x"}', '{"t":"registered"}', new Uint8Array([1])]) {
			server.once('connection', (ws) => ws.send(frame));
			const url = `ws://localhost:${(server.address() as AddressInfo).port}`;
			await assert.rejects(within(new Slave(url), 'the rejection'), coded('bad-message'), String(frame));
		}
	});

	it('rejects when the master does not answer in time', async (t) => {
		const server = new WebSocketServer({ port: 0, handleProtocols: () => 'enslavism.1' });
		t.after(() => server.close());
		const url = `ws://localhost:${(server.address() as AddressInfo).port}`;
		t.mock.timers.enable({ apis: ['setTimeout'] });
		const registering = assert.rejects(new Slave(url), coded('unreachable'));
		await new Promise((resolve) => server.once('connection', resolve));
		t.mock.timers.tick(WAITS.linkOpen);
		await registering;
	});

	for (const url of ['', 'localhost:8081', 'ftp://x', 'ws://', undefined, 5 as unknown as string]) {
		it(`rejects with bad-url for ${JSON.stringify(url)}`, async () => {
			await assert.rejects(new Slave(url), coded('bad-url'));
		});
	}

	for (const auth of ['secret', ['secret'], null, { id: 1n }, { long: 'x'.repeat(LIMITS.authTokenLength) }]) {
		it(`rejects with bad-auth for ${typeof auth === 'object' ? Object.keys(auth ?? {}).join() || 'null' : auth}`, async (t) => {
			const { url } = await masterFor(t);
			await assert.rejects(new Slave(url, null, auth as Record<string, unknown>), coded('bad-auth'));
		});
	}
});

describe('the user data of a slave', () => {
	const cyclic: Record<string, unknown> = { name: 'cyclic' };
	cyclic.self = cyclic;
	const values: [name: string, value: unknown][] = [
		['absent', undefined],
		['null', null],
		['a number', 16],
		['a Map', new Map<unknown, unknown>([[{ x: 1 }, new Date(1)]])],
		['cyclic', cyclic],
		['with keys such as constructor', { constructor: 1, toString: 2, hasOwnProperty: 3 }],
		['bytes', new Uint8Array([1, 2, 3])],
		['just within the limit', 'x'.repeat(LIMITS.userDataLength - 4)],
		['of characters that JSON writes with six', '\u0001'.repeat(10_000)],
	];
	for (const [name, value] of values) {
		it(`may be ${name}: clients and the master see it`, async (t) => {
			const { master, slaveCo } = await trioFor(t, value);
			assert.deepStrictEqual(slaveCo.userData, value);
			assert.deepStrictEqual(master.slaves[0]?.userData, value);
		});
	}

	it('may be left out', async (t) => {
		const { master, url } = await masterFor(t);
		const slave = await new Slave(url);
		t.after(() => slave.close());
		assert.equal(master.slaves[0]?.userData, undefined);
	});

	it('over the limit is refused with a code, at the beginning and at an update', async (t) => {
		const { url } = await masterFor(t);
		const long = 'x'.repeat(LIMITS.userDataLength);
		await assert.rejects(new Slave(url, long), coded('user-data-too-large'));
		const slave = await slaveFor(t, url);
		assert.throws(() => slave.update(long), coded('user-data-too-large'));
		assert.equal(slave.state, 'open');
	});

	it('that is no data is refused with a code, at the beginning and at an update', async (t) => {
		const { master, url } = await masterFor(t);
		for (const value of [() => {}, { run() {} }, Symbol('x'), new (class X {})(), JSON.parse('{"__proto__":1}')]) {
			await assert.rejects(new Slave(url, value), coded('bad-user-data'));
		}
		const slave = await slaveFor(t, url, 'good');
		assert.throws(() => slave.update(() => {}), coded('bad-user-data'));
		assert.equal(master.slaves[0]?.userData, 'good');
	});

	it('is updated, at once and many times, and clients see the last', async (t) => {
		const { master, slave, slaveCo } = await trioFor(t, 0);
		const updated = next(master, 'slaveupdated');
		slave.update({ connected: 1 });
		const [listed] = await updated;
		assert.deepEqual([listed.id, listed.userData], [slave.id, { connected: 1 }]);
		for (let count = 2; count <= 100; count++) slave.update({ connected: count });
		while ((slaveCo.userData as { connected?: number }).connected !== 100) await next(slaveCo, 'updated');
	});

	it('of all slaves together is limited', async (t) => {
		const { master, url } = await masterFor(t, { limits: { directoryLength: 1000 } });
		// What they say of where they are reached counts as well.
		const hidden = { direct: false };
		const first = await slaveFor(t, url, 'x'.repeat(600), undefined, hidden);
		await assert.rejects(
			new Slave(url, 'x'.repeat(600), undefined, hidden),
			coded('limit-reached', 'the directory is full'),
		);
		const removed = next(master, 'slaveremoved');
		first.close();
		await removed;
		const second = await slaveFor(t, url, 'x'.repeat(900), undefined, hidden);
		const lost = next(second, 'disconnected');
		second.update('x'.repeat(1100));
		coded('limit-reached', 'the directory is full')((await lost)[0]);
		await slaveFor(t, url, 'x'.repeat(900), undefined, hidden);
	});
});

describe("a master's list of slaves", () => {
	it('is told of as it changes', async (t) => {
		const { master, url } = await masterFor(t);
		const told = new Inbox<[string, ListedSlave]>();
		for (const event of ['slaveadded', 'slaveupdated', 'slaveremoved'] as const) {
			master.on(event, (slave) => told.put([event, slave]));
		}
		const slave = await slaveFor(t, url, 'one');
		slave.update('two');
		await told.count(2);
		slave.close();
		await told.count(3);
		assert.deepEqual(
			told.items.map(([event, { id, userData }]) => [event, id, userData]),
			[
				['slaveadded', slave.id, 'one'],
				['slaveupdated', slave.id, 'two'],
				['slaveremoved', slave.id, 'two'],
			],
		);
		assert.deepEqual([master.slaves, master.counts], [[], { clients: 0, slaves: 0 }]);
	});
});

describe('a slave that is closed', () => {
	it('leaves the list, says so itself, and can do nothing more', async (t) => {
		const { master, url } = await masterFor(t);
		const slave = await slaveFor(t, url);
		const [removed, closed] = [next(master, 'slaveremoved'), next(slave, 'close')];
		slave.close();
		slave.close();
		await removed;
		coded('link-closed')((await closed)[0]);
		assert.equal(slave.state, 'closed');
		assert.throws(() => slave.update(1), coded('link-closed'));
	});

	it('by its master hears why', async (t) => {
		const { master, url } = await masterFor(t);
		const slave = await slaveFor(t, url);
		const lost = next(slave, 'disconnected');
		await master.close();
		const [error] = await lost;
		coded('link-closed')(error);
		assert.match(error.reason ?? '', /^the master is closing; come back in \d+ ms$/);
		assert.equal(slave.state, 'reconnecting');
	});

	it('takes the place of none: another one gets another id', async (t) => {
		const { url, slave, client } = await trioFor(t);
		const removed = next(client, 'slaveremoved');
		slave.close();
		await removed;
		const again = await slaveFor(t, url);
		assert.notEqual(again.id, slave.id);
		const slaveCo = await seen(client, again.id);
		await slaveCo.connect();
	});
});

describe('a decision about an offer', () => {
	it('that takes too long is a refusal', async (t) => {
		const { slave, slaveCo } = await trioFor(t);
		slave.on('offer', () => new Promise(() => {}));
		const asked = next(slave, 'offer');
		t.mock.timers.enable({ apis: ['setTimeout'] });
		const refused = assert.rejects(slaveCo.connect(), coded('rejected', 'the decision took too long'));
		for (const turn = asked.then(() => 'asked'); (await Promise.race([turn, turns().then(() => '')])) === ''; );
		t.mock.timers.tick(WAITS.offer);
		await refused;
	});

	it('that throws is a refusal, and is reported to the error listener of the slave', async (t) => {
		const { slave, slaveCo } = await trioFor(t);
		const error = new Error('in the listener');
		slave.once('offer', () => {
			throw error;
		});
		const [[reported]] = await Promise.all([
			next(slave, 'error'),
			assert.rejects(slaveCo.connect(), coded('rejected', 'the decision failed')),
		]);
		assert.equal(reported, error);
		await slaveCo.connect();
	});

	it('is made by all listeners', async (t) => {
		const { slave, slaveCo } = await trioFor(t);
		slave.on('offer', () => {});
		slave.on('offer', async (reject) => {
			await turns();
			reject('the second');
		});
		await assert.rejects(slaveCo.connect(), coded('rejected', 'the second'));
	});

	it('has a reason of any length', async (t) => {
		const { slave, slaveCo } = await trioFor(t);
		slave.on('offer', (reject) => reject('é'.repeat(5000)));
		await assert.rejects(slaveCo.connect(), coded('rejected', 'é'.repeat(LIMITS.reasonLength)));
		assert.equal(slave.state, 'open');
	});
});

describe('the reason of a close', () => {
	for (const reason of ['é'.repeat(5000), '\u0000"\\'.repeat(500), '😀'.repeat(600)]) {
		it(`may have any length and any characters: ${JSON.stringify(reason.slice(0, 4))}`, async (t) => {
			const { slave, slaveCo, client, master } = await trioFor(t);
			await slaveCo.connect();
			const [clientCo] = slave.connections.length > 0 ? slave.connections : await next(slave, 'connection');
			const closed = next(slaveCo, 'close');
			clientCo?.close(reason);
			const [error] = await closed;
			assert.equal(error.code, 'session-closed');
			assert.ok(
				reason.startsWith((error.reason ?? '-').replace(/\ufffd$|[\ud800-\udbff]$/, '')),
				'the beginning of it',
			);
			assert.ok((error.reason?.length ?? 0) > 1000);
			const far = Promise.all([slaveCo.connect(), next(slave, 'connection')]);
			const over = next((await far)[1][0], 'close');
			slaveCo.close(reason);
			await over;
			await turns(10);
			assert.deepEqual([slave.state, client.state, master.counts], ['open', 'open', { clients: 1, slaves: 1 }]);
		});
	}
});
