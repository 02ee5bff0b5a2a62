/**
 * How fast are streams, next to what carries them? Two processes over loopback, 64 KiB writes; the sending one is
 * started by the receiving one, which measures.
 *
 *     npx tsx bench/mux-throughput.ts [rounds]
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { MasterConnection, type SlaveConnection } from '../src/client/node.js';
import { Master, Slave } from '../src/index.js';
import { channelCarrier, Mux, MuxClient, MuxServer, type MuxStream } from '../src/mux/node/index.js';
import type { Channel } from '../src/peer/index.js';
import { end, Meter, MIB, median, other, pour, report } from './mux-support.js';

const PIECE = Buffer.alloc(64 * 1024);
const TCP_BYTES = 1024 * MIB;
const SLOW_BYTES = 128 * MIB;
const CHANNEL_BYTES = 64 * MIB;
const MANY = 100;

type Measure = () => Promise<number>;

async function listen(server: Server): Promise<number> {
	server.listen(0);
	await once(server, 'listening');
	return (server.address() as AddressInfo).port;
}

/** A bare socket. */
const bare: Measure = async () => {
	const meter = new Meter();
	const server = createServer();
	const child = other(import.meta.url, 'bare', await listen(server));
	const [socket] = (await once(server, 'connection')) as [Socket];
	socket.on('data', (bytes) => meter.add(bytes.length));
	await once(socket, 'end');
	server.close();
	await end(child);
	return meter.speed;
};

/** The mux, with its streams written to together. */
const mux =
	(streams: number): Measure =>
	async () => {
		const meter = new Meter();
		const server = new MuxServer(0);
		await server.ready;
		let open = streams;
		const done = new Promise<void>((resolve) => {
			server.on('connection', (connection) =>
				connection.on('stream', (stream) => {
					stream.on('data', (bytes) => meter.add(bytes.length));
					stream.on('end', () => {
						stream.end();
						if (--open === 0) resolve();
					});
				}),
			);
		});
		const child = other(import.meta.url, 'mux', server.address()?.port ?? 0, streams);
		await done;
		await server.close({ force: true });
		await end(child);
		return meter.speed;
	};

/**
 * yamux-js at its best: given one whole frame at a time, for it loses what does not arrive in one piece, and never
 * with its window used up, for then it looks for more ten times a second only (and reaches 3 MB/s).
 */
const yamuxJsOne: Measure = async () => {
	const { yamuxJs } = await import('../test/mux/foreign.js');
	const meter = new Meter();
	const server = createServer();
	const child = other(import.meta.url, 'yamux-js', await listen(server));
	const [socket] = (await once(server, 'connection')) as [Socket];
	// It does not say goodbye.
	socket.on('error', () => {});
	await new Promise<void>((resolve) => {
		yamuxJs(socket, false).onStream((stream) =>
			stream.onData((bytes) => {
				meter.add(bytes.length);
				if (meter.bytes >= SLOW_BYTES) resolve();
			}),
		);
	});
	server.close();
	await end(child);
	socket.destroy();
	return meter.speed;
};

/** A data channel from a slave in the other process, bare or with one stream over it. */
const channel =
	(kind: 'channel' | 'channel-mux'): Measure =>
	async () => {
		const master = new Master(0);
		await master.ready;
		const port = master.address()?.port ?? 0;
		const child = other(import.meta.url, kind, port);
		const client = new MasterConnection(`ws://localhost:${port}`);
		const slave = await new Promise<SlaveConnection>((resolve) => client.on('slaveadded', resolve));
		const arriving = await slave.createDataChannel('bench');
		const meter = new Meter();
		await new Promise<void>((resolve) => {
			const add = (bytes: number): void => {
				meter.add(bytes);
				if (meter.bytes >= CHANNEL_BYTES) resolve();
			};
			if (kind === 'channel') arriving.on('message', ({ data }) => add((data as ArrayBuffer).byteLength));
			else {
				const receiving = new Mux(channelCarrier(arriving), { client: false });
				receiving.on('stream', (stream) => stream.on('data', (bytes) => add(bytes.length)));
			}
			arriving.send('begin');
		});
		client.close();
		await end(child);
		await master.close();
		return meter.speed;
	};

/** The channel that a client of the slave in this process opens, once it says that it listens. */
async function openedChannel(port: number): Promise<Channel> {
	const slave = await Slave.connect(`ws://localhost:${port}`, {});
	const opened = await new Promise<Channel>((resolve) => {
		slave.on('connection', (session) => session.on('datachannel', resolve));
	});
	await new Promise<void>((resolve) => opened.once('message', () => resolve()));
	return opened;
}

const senders: Record<string, (argument: number, more: number) => Promise<void>> = {
	bare: async (port) => {
		const socket = connect(port);
		await pour(socket, PIECE, TCP_BYTES);
		socket.end();
	},
	mux: async (port, streams) => {
		const client = new MuxClient(port);
		const send = async (stream: MuxStream): Promise<void> => {
			await pour(stream, PIECE, TCP_BYTES / streams);
			stream.end();
		};
		await Promise.all(Array.from({ length: streams }, () => send(client.openStream())));
	},
	'yamux-js': async (port) => {
		const { yamuxJs } = await import('../test/mux/foreign.js');
		const stream = await yamuxJs(connect(port), true).open();
		for (let sent = 0; sent < SLOW_BYTES; sent += PIECE.length) await stream.poured(PIECE);
	},
	channel: async (port) => {
		const sending = await openedChannel(port);
		const message = PIECE.subarray(0, 16 * 1024);
		sending.bufferedAmountLowThreshold = 256 * 1024;
		for (let sent = 0; sent < CHANNEL_BYTES; sent += message.length) {
			if (sending.bufferedAmount > MIB)
				await new Promise<void>((resolve) => sending.once('bufferedamountlow', () => resolve()));
			sending.send(message);
		}
	},
	'channel-mux': async (port) => {
		const sending = await openedChannel(port);
		const carrying = new Mux(channelCarrier(sending), { client: true });
		await pour(carrying.openStream(), PIECE, CHANNEL_BYTES);
	},
};

async function measureAll(rounds: number): Promise<void> {
	const measures: Record<string, Measure> = {
		'bare socket': bare,
		'1 stream': mux(1),
		[`${MANY} streams`]: mux(MANY),
		'yamux-js': yamuxJsOne,
		'bare channel': channel('channel'),
		'1 stream over a channel': channel('channel-mux'),
	};
	const speeds = new Map(Object.keys(measures).map((name) => [name, [] as number[]]));
	for (let round = 0; round < rounds; round++) {
		for (const [name, measure] of Object.entries(measures)) speeds.get(name)?.push(await measure());
	}
	const speed = (name: string) => median(speeds.get(name) ?? []);
	for (const name of speeds.keys()) console.log(`${name}: ${speed(name).toFixed(0)} MB/s`);
	report('1 stream / bare socket', speed('1 stream') / speed('bare socket'), 0.7);
	report(`${MANY} streams / bare socket`, speed(`${MANY} streams`) / speed('bare socket'), 0.6);
	report('1 stream / yamux-js', speed('1 stream') / speed('yamux-js'), 1.5);
	report('1 stream over a channel / bare channel', speed('1 stream over a channel') / speed('bare channel'), 0.85);
	process.exit();
}

const [, , role = '', argument = '', more = ''] = process.argv;
const sender = senders[role];
if (sender === undefined) await measureAll(Number(role || 5));
else await sender(Number(argument), Number(more));
