import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { MessageChannel } from 'node:worker_threads';
import WebSocket, { WebSocketServer } from 'ws';
import { MasterConnection, type SlaveConnection } from '../../src/client/node.js';
import { Master, Slave } from '../../src/index.js';
import { portCarrier, type WebSocketLike, webSocketCarrier } from '../../src/mux/host/index.js';
import { type Carrier, channelCarrier, duplexCarrier, tcpCarrier } from '../../src/mux/node/index.js';
import type { Channel } from '../../src/peer/index.js';
import { cert, key } from './certificate.js';

/** Both ends of one connection, and how to lose it. */
export interface Pair {
	client: Carrier;
	server: Carrier;
	/** Cuts the connection, as a network does. */
	lose(): void;
	/** Frees what is left. */
	dispose(): void;
}

async function tcpPair(): Promise<Pair> {
	const server = createServer().listen(0);
	await once(server, 'listening');
	const client = connect((server.address() as AddressInfo).port);
	const [socket] = (await once(server, 'connection')) as [Socket];
	server.close();
	return {
		client: tcpCarrier(client),
		server: tcpCarrier(socket),
		lose: () => client.resetAndDestroy(),
		dispose: () => socket.destroy(),
	};
}

async function tlsPair(): Promise<Pair> {
	const server = createTlsServer({ cert, key }).listen(0);
	await once(server, 'listening');
	const client = connectTls({ port: (server.address() as AddressInfo).port, ca: cert });
	const [socket] = (await once(server, 'secureConnection')) as [Socket];
	server.close();
	return {
		client: tcpCarrier(client),
		server: tcpCarrier(socket),
		lose: () => client.destroy(),
		dispose: () => socket.destroy(),
	};
}

/** One end of a pair of Duplexes that hands bytes over in pieces of odd sizes. */
class Half extends Duplex {
	other: Half | undefined;
	#more: (() => void) | undefined;

	override _read(): void {
		const more = this.#more;
		this.#more = undefined;
		more?.();
	}

	override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
		const other = this.other as Half;
		let isWanted = true;
		for (let at = 0; at < chunk.length; ) {
			const size = 1 + ((chunk.length * 7 + at * 13) % 4099);
			isWanted = other.push(chunk.subarray(at, at + size));
			at += size;
		}
		if (isWanted) setImmediate(done);
		else other.#more = done;
	}

	override _final(done: () => void): void {
		this.other?.push(null);
		done();
	}
}

async function duplexPair(): Promise<Pair> {
	const [a, b] = [new Half(), new Half()];
	[a.other, b.other] = [b, a];
	const destroy = (error?: Error) => {
		a.destroy(error);
		b.destroy(error);
	};
	return {
		client: duplexCarrier(a),
		server: duplexCarrier(b),
		lose: () => destroy(new Error('cut')),
		dispose: () => destroy(),
	};
}

/** A `ws` socket that shows no more than a browser's does. */
class BrowserSocket implements WebSocketLike {
	readonly #socket: WebSocket;

	constructor(socket: WebSocket) {
		this.#socket = socket;
	}

	get readyState(): number {
		return this.#socket.readyState;
	}

	get bufferedAmount(): number {
		return this.#socket.bufferedAmount;
	}

	get binaryType(): string {
		return this.#socket.binaryType;
	}

	set binaryType(type: string) {
		this.#socket.binaryType = type as 'arraybuffer';
	}

	send(data: Uint8Array): void {
		// Browsers take a copy.
		this.#socket.send(Uint8Array.from(data));
	}

	close(): void {
		this.#socket.close();
	}

	addEventListener(type: string, listener: (event: never) => void): void {
		this.#socket.addEventListener(type as 'open', listener as () => void);
	}
}

async function webSocketPair(wrap: (socket: WebSocket) => WebSocketLike): Promise<Pair> {
	const server = new WebSocketServer({ port: 0 });
	await once(server, 'listening');
	const client = new WebSocket(`ws://localhost:${(server.address() as AddressInfo).port}`);
	// Its carrier is made while it connects still.
	const carrier = webSocketCarrier(wrap(client));
	const [socket] = (await once(server, 'connection')) as [WebSocket];
	server.close();
	return {
		client: carrier,
		server: webSocketCarrier(wrap(socket)),
		lose: () => {
			client.terminate();
			socket.terminate();
		},
		dispose: () => socket.terminate(),
	};
}

async function portPair(): Promise<Pair> {
	const { port1, port2 } = new MessageChannel();
	return {
		client: portCarrier(port1),
		server: portCarrier(port2),
		lose: () => port1.close(),
		dispose: () => port2.close(),
	};
}

/** Two ends of one data channel, between a client and a slave that met at a master. */
export async function channelPair(): Promise<{ client: Channel; server: Channel; close(): Promise<void> }> {
	const master = new Master(0);
	await master.ready;
	const url = `ws://localhost:${master.address()?.port}`;
	const slave = await Slave.connect(url, {});
	const taken = new Promise<Channel>((resolve) => {
		slave.on('connection', (session) => session.on('datachannel', resolve));
	});
	const connection = new MasterConnection(url);
	const close = async (): Promise<void> => {
		connection.close();
		slave.close();
		await master.close();
	};
	try {
		const session = await new Promise<SlaveConnection>((resolve) => connection.on('slaveadded', resolve));
		return { client: await session.createDataChannel('mux'), server: await taken, close };
	} catch (thrown) {
		await close();
		throw thrown;
	}
}

async function dataChannelPair(): Promise<Pair> {
	const { client, server, close } = await channelPair();
	return {
		client: channelCarrier(client),
		server: channelCarrier(server),
		lose: () => void close(),
		dispose: () => void close(),
	};
}

/** Every carrier, by name. */
export const pairs: Record<string, () => Promise<Pair>> = {
	'a TCP socket': tcpPair,
	'a TLS socket': tlsPair,
	'a Node Duplex': duplexPair,
	'a WebSocket of ws': () => webSocketPair((socket) => socket),
	'a WebSocket as browsers have it': () => webSocketPair((socket) => new BrowserSocket(socket)),
	'a data channel': dataChannelPair,
	'a MessagePort': portPair,
};

/** What browsers have carries streams as it is: this only has to compile.
 * @public */
export const inBrowsers = (channel: RTCDataChannel, socket: globalThis.WebSocket, port: MessagePort): Carrier[] => [
	channelCarrier(channel),
	webSocketCarrier(socket),
	portCarrier(port),
];
