/**
 * How fast are streams, next to what carries them? Two processes over loopback, 64 KiB writes; the sending one is
 * started by the receiving one, which measures.
 *
 *     npx tsx bench/mux-throughput.ts [rounds]
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { channelCarrier, Mux, MuxClient, MuxServer, type MuxStream } from '../src/mux/node/index.js';
import { Channel } from '../src/peer/index.js';
import { createNodePeer } from '../src/peer/node/rtc.js';
import type { RtcChannel, RtcPeer } from '../src/peer/rtc.js';
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

/** One end of a data channel; the other is in the process at the other end of `port`. */
async function channelOver(port: NodeJS.Process | ReturnType<typeof other>, isOffering: boolean): Promise<Channel> {
	const tell = (message: unknown) => (port as NodeJS.Process).send?.(message as object);
	const early: (() => void)[] = [];
	let isDescribed = false;
	let take: (channel: RtcChannel) => void = () => {};
	const taken = new Promise<RtcChannel>((resolve) => {
		take = resolve;
	});
	const peer: RtcPeer = createNodePeer(
		{ iceServers: [] },
		{
			description: (type, sdp) => tell({ type, sdp }),
			candidate: (candidate, mid) => tell({ candidate, mid }),
			state: () => {},
			channel: take,
			failed: (problem) => console.error(problem),
		},
	);
	(port as NodeJS.Process).on('message', (message: Record<string, string>) => {
		const { type, sdp = '', candidate = '', mid = '' } = message;
		if (type !== undefined) {
			peer.accept(type as 'offer', sdp);
			isDescribed = true;
			for (const add of early.splice(0)) add();
		} else if (isDescribed) peer.addCandidate(candidate, mid);
		else early.push(() => peer.addCandidate(candidate, mid));
	});
	if (!isOffering) {
		const channel = new Channel(await taken);
		channel.attach();
		return channel;
	}
	const channel = new Channel(peer.createChannel('bench', {}), {});
	channel.attach();
	const opened = new Promise<void>((resolve) => channel.on('open', () => resolve()));
	peer.offer();
	await opened;
	return channel;
}

/** A data channel, bare or with one stream over it. */
const channel =
	(kind: 'channel' | 'channel-mux'): Measure =>
	async () => {
		const meter = new Meter();
		const child = other(import.meta.url, kind);
		const arrived = await channelOver(child, false);
		await new Promise<void>((resolve) => {
			const add = (bytes: number): void => {
				meter.add(bytes);
				if (meter.bytes >= CHANNEL_BYTES) resolve();
			};
			if (kind === 'channel') arrived.on('message', ({ data }) => add((data as ArrayBuffer).byteLength));
			else {
				const receiving = new Mux(channelCarrier(arrived), { client: false });
				receiving.on('stream', (stream) => stream.on('data', (bytes) => add(bytes.length)));
			}
		});
		await end(child);
		return meter.speed;
	};

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
	channel: async () => {
		const sending = await channelOver(process, true);
		const message = PIECE.subarray(0, 16 * 1024);
		sending.bufferedAmountLowThreshold = 256 * 1024;
		for (let sent = 0; sent < CHANNEL_BYTES; sent += message.length) {
			if (sending.bufferedAmount > MIB)
				await new Promise<void>((resolve) => sending.once('bufferedamountlow', () => resolve()));
			sending.send(message);
		}
	},
	'channel-mux': async () => {
		const sending = await channelOver(process, true);
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
