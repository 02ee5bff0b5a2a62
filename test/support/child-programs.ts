/** The programs that tests run in a process of their own: `node --import tsx child-programs.ts <name> <args>`. */

import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { MasterConnection } from '../../src/client/node.js';
import { Master, relay, Slave, sharedState, streamServers } from '../../src/index.js';
import { Peers } from '../../src/signal/node.js';
import { StreamClient, StreamServer } from '../../src/streams/node/index.js';
import { connectionOfTwo, hold, isOpen, openConnection, stream } from './native-pair.js';
import { logged, plots } from './plots.js';

const say = (line: string) => process.stdout.write(`${line}\n`);

/** A slave that sends everything back, and says what happens. */
async function slave(url: string): Promise<void> {
	const game = await new Slave(url, 'child');
	game.on('connection', (client) => {
		say(`connection ${client.id}`);
		client.on('close', ({ code }) => say(`close ${code}`));
		client.on('datachannel', (channel) => channel.on('message', ({ data }) => channel.send(data)));
	});
	say(`slave ${game.id}`);
}

/** A client that opens a channel to every slave, and stays. */
async function bot(url: string): Promise<void> {
	const client = new MasterConnection(url);
	client.on('slaveadded', async (slaveCo) => {
		const channel = await slaveCo.createDataChannel('bot');
		channel.send('hello');
		say(`open ${slaveCo.id}`);
	});
}

/** Everything in one process, closed at the end in the order that is asked for; then nothing must hold the process. */
async function ends(order: string): Promise<void> {
	const master = new Master(0);
	await master.ready;
	const url = `ws://localhost:${master.address()?.port}`;
	const game = await new Slave(url, 'ends');
	game.on('connection', (each) => each.on('datachannel', (channel) => channel.on('message', () => channel.send('x'))));
	const client = new MasterConnection(url);
	await client.ready;
	const channel = await client.slaves[0]?.createDataChannel('x');
	channel?.send('x');
	await new Promise((resolve) => channel?.once('message', resolve));
	const close = { m: () => master.close(), s: () => game.close(), c: () => client.close() };
	for (const each of order) void close[each as keyof typeof close]();
	say('closed');
}

/** Ends that failed to begin hold nothing either. */
async function fails(): Promise<void> {
	const master = new Master(0);
	await master.ready;
	const url = `ws://localhost:${master.address()?.port}`;
	master.on('slaveauth', (_, reject) => reject('no'));
	master.on('clientauth', (_, reject) => reject('no'));
	await new Slave(url).catch(() => {});
	await new MasterConnection(url).ready.catch(() => {});
	await new Slave('ws://localhost:1').catch(() => {});
	await new MasterConnection('ws://localhost:1').ready.catch(() => {});
	await master.close();
	say('closed');
}

/** A slave whose master ends its link for good, without the slave being closed. */
async function abandoned(): Promise<void> {
	const master = new Master(0);
	await master.ready;
	const game = await new Slave(`ws://localhost:${master.address()?.port}`, 'ends', undefined, { reconnect: false });
	const ended = new Promise((resolve) => game.once('close', resolve));
	await master.close();
	await ended;
	say('closed');
}

/** The same with a session that goes on, and a slave after it that shares its port. */
async function outlived(): Promise<void> {
	const masters = [new Master(0), new Master(0)];
	await Promise.all(masters.map((each) => each.ready));
	const [first = '', second = ''] = masters.map((each) => `ws://localhost:${each.address()?.port}`);
	const game = await new Slave(first, 'ends', undefined, { reconnect: false });
	const client = new MasterConnection(first);
	await client.ready;
	await client.slaves[0]?.createDataChannel('x', { early: false });
	const ended = new Promise((resolve) => game.once('close', resolve));
	await masters[0]?.close();
	await ended;
	const next = await new Slave(second);
	next.close();
	await masters[1]?.close();
	client.close();
	say('closed');
}

/** The library closes a connection while this end makes a lane, before it listens for the lane's end. */
async function meanwhile(): Promise<void> {
	for (let isMade = false; !isMade; ) {
		const { client, slave } = await openConnection();
		client.close();
		await new Promise(setImmediate);
		const { setImmediate: own } = globalThis;
		globalThis.setImmediate = ((...args: Parameters<typeof own>) => {
			hold(300);
			return own(...args);
		}) as typeof own;
		try {
			stream(slave, 'meanwhile', 0);
			isMade = true;
		} catch {
			// It was quicker.
		}
		globalThis.setImmediate = own;
		slave.close();
	}
}

/** Lanes that are made and closed while the connection goes down hold nothing. */
async function lanes(how: string): Promise<void> {
	const { client, slave } = await openConnection();
	if (how === 'meanwhile') await meanwhile();
	if (how === 'late') {
		client.close();
		await new Promise(setImmediate);
		// This end is busy, and has not heard of it.
		hold(300);
		for (let id = 0; id < 10; id++) {
			try {
				stream(slave, 'late', id);
			} catch {
				// None is to be had any more.
			}
		}
	}
	if (how === 'unopened') {
		const fresh = connectionOfTwo();
		stream(fresh.client, 'unopened', 0).close();
		fresh.client.close();
		fresh.slave.close();
	}
	if (how === 'both') {
		for (let id = 0; id < 100; id++) {
			const both = [client, slave].map((peer) => stream(peer, 'both', id));
			setTimeout(() => both.map((each) => each.close()), id % 10);
		}
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
	if (how === 'again') {
		const first = stream(client, 'first', 0);
		await isOpen(first);
		first.close();
		await new Promise(setImmediate);
		try {
			stream(client, 'again', 0);
		} catch {
			// The other end has not closed its own yet.
		}
	}
	client.close();
	slave.close();
	say('closed');
}

/** Peers that were connected, and one that waits for somebody who is not there, hold nothing once they are closed. */
async function peers(): Promise<void> {
	const master = new Master(0, { services: [sharedState(), relay()] });
	await master.ready;
	const url = `ws://localhost:${master.address()?.port}`;
	const both = [new Peers(url, 'room', { id: 'a' }), new Peers(url, 'room', { id: 'b', rtc: false })];
	const all = [...both, new Peers(url, 'room', { id: 'c' }), new Peers('ws://localhost:1', 'room')];
	for (const each of all.slice(0, 3))
		while (each.connections.length < 2) await new Promise((r) => each.once('connection', r));
	for (const each of all) each.close();
	await master.close();
	say('closed');
}

/** Listeners that throw, with somebody who hears of uncaught exceptions: everything else goes on. */
async function caught(): Promise<void> {
	const uncaught: unknown[] = [];
	process.on('uncaughtException', (error) => uncaught.push(error));
	for (const where of Object.keys(plots)) {
		uncaught.length = 0;
		logged.length = 0;
		const ok = await plots[where]?.(where).catch(String);
		const stacks = uncaught.map((error) => (error instanceof Error ? error.stack : String(error)));
		say(JSON.stringify({ where, ok, stacks, logged }));
	}
	say('done');
}

/** A listener that throws, with nobody who hears of it: the process ends as Node ends it. */
async function uncaught(where: string): Promise<void> {
	await plots[where]?.(where);
	say('still here');
}

/** A stream server that sends everything back. */
async function streamServer(url: string, name: string): Promise<void> {
	const server = StreamServer(new MasterConnection(url), (stream) => void stream.pipe(stream));
	await server.listen(name).ready;
	say('listening');
}

/** A stream server, a client and a master that talk; when all are closed nothing must hold the process. */
async function streamsEnd(): Promise<void> {
	const proxy = streamServers();
	const master = new Master(0, { services: [proxy] });
	await master.ready;
	const con = new MasterConnection(`ws://localhost:${master.address()?.port}`);
	const server = StreamServer(con, (stream) => void stream.pipe(stream)).listen('echo');
	for (const stream of [StreamClient(con).connect('echo'), proxy.connect('echo')]) {
		stream.end('echo');
		say(await text(stream));
	}
	const [error] = (await once(StreamClient(con, { wait: 10 }).connect('nobody'), 'error')) as [Error];
	say(error.message);
	server.close();
	con.close();
	await master.close();
	say('closed');
}

const programs: Record<string, (...args: string[]) => Promise<void>> = {
	slave,
	bot,
	ends,
	abandoned,
	outlived,
	lanes,
	fails,
	caught,
	uncaught,
	streamServer,
	streamsEnd,
	peers,
};

const [name = '', ...args] = process.argv.slice(2);
await programs[name]?.(...args);
