/** Masters, slaves and clients that end with the test they belong to. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { MasterConnection, type MasterConnectionOptions, type SlaveConnection } from '../../src/client/node.js';
import { type Channel, type ClientConnection, Master, type MasterOptions, Slave, type SlaveOptions } from '../../src/index.js';
import type { PathKind } from '../../src/peer/index.js';
import { type Emitter, EnslavismError, type ErrorCode } from '../../src/wire/index.js';
import { Inbox, next, within } from './wait.js';

/** A master on a free port. Its errors fail the test, unless the test listens for them itself. */
export async function masterFor(
	t: TestContext,
	options: MasterOptions = {},
): Promise<{ master: Master; url: string; port: number }> {
	const master = new Master(0, { tick: 1, ...options });
	t.after(() => within(master.close(), 'the master to close'));
	await master.ready;
	const port = master.address()?.port ?? 0;
	return { master, port, url: `ws://localhost:${port}` };
}

/** A registered slave. */
export async function slaveFor(
	t: TestContext,
	url: string,
	userData?: unknown,
	auth?: Record<string, unknown>,
	options?: SlaveOptions,
): Promise<Slave> {
	const slave = await within(new Slave(url, userData, auth, options), 'the slave to register');
	t.after(() => slave.close());
	return slave;
}

/** A client, not yet admitted. */
export function clientFor(t: TestContext, url: string, options?: MasterConnectionOptions): MasterConnection {
	const client = new MasterConnection(url, options);
	t.after(() => client.close());
	return client;
}

/** A slave as `client` sees it, once it does. */
export async function seen(client: MasterConnection, id: string): Promise<SlaveConnection> {
	const find = () => client.slaves.find((each) => each.id === id);
	while (find() === undefined) await next(client, 'slaveadded');
	return find() as SlaveConnection;
}

/** What each of three is made with. */
export interface TrioOptions {
	master?: MasterOptions;
	slave?: SlaveOptions;
	client?: MasterConnectionOptions;
}

/** A master, a slave and a client that sees it. */
export async function trioFor(t: TestContext, userData?: unknown, options: TrioOptions = {}) {
	const { master, url, port } = await masterFor(t, options.master);
	const slave = await slaveFor(t, url, userData, undefined, options.slave);
	const client = clientFor(t, url, options.client);
	const slaveCo = await seen(client, slave.id);
	return { master, url, port, slave, client, slaveCo };
}

/** A master, a slave and a client with an open session. */
export async function sessionFor(t: TestContext, options?: TrioOptions) {
	const trio = await trioFor(t, undefined, options);
	const [[clientCo]] = await Promise.all([
		next(trio.slave, 'connection'),
		within(trio.slaveCo.connect(), 'the session'),
	]);
	return { ...trio, clientCo };
}

/** Resolves when the channels of both ends run over this path. */
export async function runningOver(path: PathKind | undefined, ...ends: (SlaveConnection | ClientConnection)[]): Promise<void> {
	for (const end of ends) {
		while (end.path !== path) await next(end as Emitter<{ pathchange: [path: PathKind | undefined] }>, 'pathchange');
	}
}

/** Both ends of a new channel that the client opens. */
export async function channelFor(
	slaveCo: SlaveConnection,
	clientCo: ClientConnection,
	...[name = 'test', options = {}]: Partial<Parameters<SlaveConnection['createDataChannel']>>
): Promise<{ near: Channel; far: Channel }> {
	const [[far], near] = await Promise.all([
		next(clientCo, 'datachannel'),
		within(slaveCo.createDataChannel(name, options), `channel "${name}"`),
	]);
	return { near, far };
}

/** What arrives on a channel. */
export function messagesOf(channel: Channel): Inbox<string | ArrayBuffer> {
	const inbox = new Inbox<string | ArrayBuffer>();
	channel.on('message', ({ data }) => inbox.put(data));
	return inbox;
}

/** A slave that sends back whatever it is sent. */
export function echo(slave: Slave): void {
	slave.on('connection', (client) => {
		client.on('datachannel', (channel) => {
			channel.on('message', ({ data }) => channel.send(data));
		});
	});
}

/**
 * A well-behaved client with a slave of its own on the same master, from before a test's mischief. `check` proves that
 * nothing of it came to them: their channel works, and their lists are live.
 */
export async function bystanderFor(t: TestContext, url: string): Promise<{ check(): Promise<void> }> {
	const slave = await slaveFor(t, url, 0);
	echo(slave);
	const client = clientFor(t, url);
	const slaveCo = await seen(client, slave.id);
	const channel = await within(slaveCo.createDataChannel('echo'), 'the channel of the bystander');
	const answers = messagesOf(channel);
	let count = 0;
	return {
		async check() {
			count++;
			channel.send(`still here ${count}`);
			await answers.find((each) => each === `still here ${count}`, 'the echo of the bystander');
			const updated = next(slaveCo, 'updated');
			slave.update(count);
			await updated;
			assert.equal(slaveCo.userData, count);
			await within(slaveCo.rtt(), 'the answer to a ping of the bystander');
		},
	};
}

/** For `assert.rejects` and `assert.throws`: an error of Enslavism with this code, and this reason if one is given. */
export function coded(code: ErrorCode, reason?: string): (thrown: unknown) => boolean {
	return (thrown) => {
		assert.ok(thrown instanceof EnslavismError, `not an EnslavismError: ${String(thrown)}`);
		assert.equal(thrown.code, code, thrown.message);
		if (reason !== undefined) assert.equal(thrown.reason, reason);
		return true;
	};
}
