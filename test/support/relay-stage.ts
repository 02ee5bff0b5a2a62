/** Sessions over the relay between two raw links, with somebody beside them who is to be left alone. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { MasterOptions } from '../../src/index.js';
import { RawLink } from './raw-link.js';
import { RawWays } from './raw-ways.js';
import { bystanderFor, masterFor } from './stage.js';
import { turns, within } from './wait.js';

export async function stage(t: TestContext, options: MasterOptions = {}) {
	const { master, url } = await masterFor(t, options);
	master.on('error', (error) => assert.fail(`reported: ${String(error)}`));
	return { master, url, bystander: await bystanderFor(t, url) };
}

export async function clientOf(t: TestContext, url: string) {
	const { link, id } = await RawLink.client(t, url);
	return { link, id, ways: new RawWays(link) };
}

export async function slaveOf(t: TestContext, url: string) {
	const { link, id } = await RawLink.slave(t, url);
	return { link, id, ways: new RawWays(link) };
}

export type Client = Awaited<ReturnType<typeof clientOf>>;
export type Slave = Awaited<ReturnType<typeof slaveOf>>;

/** A session between two raw links. */
export async function session(client: Client, slave: Slave, id: string, accepted = true): Promise<void> {
	client.link.say({ t: 'offer', session: id, slave: slave.id });
	await slave.link.hear('offer', (offer) => offer.session === id);
	if (!accepted) return;
	slave.link.say({ t: 'answer', session: id });
	await client.link.hear('answer', (answer) => answer.session === id);
}

/** Both ends of the way of a new session. */
export async function wayFor(client: Client, slave: Slave, id = 'mine') {
	await session(client, slave, id);
	const near = client.ways.open(id);
	near.write('hello');
	const far = await slave.ways.wayOf(id);
	await far.arrived(5);
	return { near, far };
}

/** Everything that was sent on this link before now has been read by the master. */
export async function settled({ link }: Client | Slave): Promise<void> {
	const pong = new Promise((resolve) => link.socket.once('pong', resolve));
	link.socket.ping();
	await within(pong, 'a pong');
	await turns();
}
