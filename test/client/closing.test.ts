import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clientFor, coded, masterFor, seen, slaveFor } from '../support/stage.js';
import { Inbox, next, turns, within } from '../support/wait.js';

describe('a client that is closed', () => {
	it('in a listener of its list has no list any more', async (t) => {
		const { url } = await masterFor(t);
		const slaves = [await slaveFor(t, url, 1), await slaveFor(t, url, 2), await slaveFor(t, url, 3)];
		for (const event of ['slaveadded', 'slaveupdated'] as const) {
			const client = clientFor(t, url);
			const told: string[] = [];
			if (event === 'slaveupdated') for (const { id } of slaves) await seen(client, id);
			for (const name of ['slaveadded', 'slaveremoved', 'close'] as const) client.on(name, () => told.push(name));
			client.once(event, () => client.close());
			const closed = next(client, 'close');
			for (const slave of slaves) slave.update(event);
			await within(closed, 'the end', 5000);
			await turns(5);
			assert.equal(told.at(-1), 'close', told.join());
			assert.deepEqual(client.slaves, []);
		}
	});

	for (const paths of [['relay'], ['rtc', 'relay']] as const) {
		it(`closes, though a listener connects again at once: ${paths}`, async (t) => {
			const { url } = await masterFor(t);
			const slave = await slaveFor(t, url, 1);
			const client = clientFor(t, url, { paths });
			const slaveCo = await seen(client, slave.id);
			await slaveCo.connect();
			const again = new Inbox<unknown>();
			slaveCo.on('close', () => slaveCo.connect().then(again.put, again.put));
			const closed = next(client, 'close');
			client.close();
			await within(closed, 'the end', 10_000);
			const [refused] = await again.count(1);
			assert.ok(coded('link-closed')(refused));
		});
	}

	it('still sends what its sessions over WebRTC were given', async (t) => {
		const { url } = await masterFor(t);
		const slave = await slaveFor(t, url, 1);
		const heard = new Inbox<unknown>();
		slave.on('connection', (connection) =>
			connection.on('datachannel', (channel) => channel.on('message', ({ data }) => heard.put(data))),
		);
		const client = clientFor(t, url, { paths: ['rtc'] });
		const slaveCo = await seen(client, slave.id);
		const channel = await slaveCo.createDataChannel('x');
		for (let count = 0; count < 3000; count++) channel.send('m'.repeat(1000) + count);
		client.close();
		await heard.count(3000);
	});
});

describe('a slave that is closed', () => {
	it('takes no session while it says its last words', async (t) => {
		const { url } = await masterFor(t);
		const slave = await slaveFor(t, url, 1);
		const [one, two] = [clientFor(t, url, { paths: ['relay'] }), clientFor(t, url, { paths: ['relay'] })];
		const [first, second] = [await seen(one, slave.id), await seen(two, slave.id)];
		await first.createDataChannel('x');
		first.on('close', () => first.connect().catch(() => {}));
		const closed = next(slave, 'close');
		slave.close();
		await assert.rejects(second.connect());
		await within(closed, 'the end', 10_000);
	});
});
