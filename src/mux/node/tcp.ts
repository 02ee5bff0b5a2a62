import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import {
	type ConnectionOptions,
	connect as connectTls,
	createServer as createTlsServer,
	type TlsOptions,
} from 'node:tls';
import { Emitter, EnslavismError, rethrowLater } from '../../wire/index.js';
import type { MuxOptions } from '../host/index.js';
import { Mux } from './mux.js';
import { tcpCarrier } from './tcp-carrier.js';

type StreamOptions = Omit<MuxOptions, 'client'>;

/** A connection on which nothing arrives for this long, in ms, is asked for a sign of life. */
const HEARTBEAT_MS = 30_000;

/** Options of a {@link MuxServer}. */
export interface MuxServerOptions extends StreamOptions {
	/** Port to listen on; 0 for a free one. */
	port?: number;
	/** Address to listen on. Default: all. */
	host?: string;
	/** Certificate and key, to speak TLS. */
	tls?: TlsOptions;
	/** A server that is or will be listening, instead of a port; it stays the caller's to close. */
	server?: Server;
}

/** Options of a {@link MuxClient}. */
export interface MuxClientOptions extends StreamOptions {
	/** Port of the server. */
	port?: number;
	/** Name or address of the server. Default `localhost`. */
	host?: string;
	/** Speak TLS; with a certificate authority for example. */
	tls?: ConnectionOptions | true;
	/** A socket that is connected or connecting, instead of a port. */
	socket?: Socket;
}

/** One client's connection, at the server. */
export class MuxConnection extends Mux {
	/** The socket underneath, for its addresses and certificates. */
	readonly socket: Socket;

	/** @internal */
	constructor(socket: Socket, options: MuxOptions) {
		super(tcpCarrier(socket), { heartbeat: HEARTBEAT_MS, ...options });
		this.socket = socket;
	}
}

export type MuxServerEvents = {
	/** A client has connected. */
	connection: [connection: MuxConnection];
	/** The server listens. */
	listening: [];
	/** `listen-failed`: the port cannot be used. */
	error: [error: EnslavismError];
	/** The server and all its connections are closed. */
	close: [];
};

/** Takes connections that carry many streams each, over TCP or TLS. */
export class MuxServer extends Emitter<MuxServerEvents> {
	/** The connections that are open. */
	readonly connections = new Set<MuxConnection>();
	/** Resolves when the server listens; rejects with `listen-failed`. */
	readonly ready: Promise<void>;
	readonly #server: Server;
	readonly #isOwn: boolean;
	readonly #options: StreamOptions;
	/** Every socket of an own server, those in their TLS handshake too. */
	readonly #sockets = new Set<Socket>();
	readonly #take = (socket: Socket): void => this.#connected(socket);

	/** @param options a port, or options */
	constructor(options: number | MuxServerOptions) {
		super();
		const { port, host, tls, server, ...rest } = typeof options === 'number' ? { port: options } : options;
		this.#options = rest;
		this.#isOwn = server === undefined;
		this.#server = server ?? (tls === undefined ? createServer() : createTlsServer(tls));
		// A TLS server tells of plain sockets too, before their handshake.
		this.#server.on('setSecureContext' in this.#server ? 'secureConnection' : 'connection', this.#take);
		if (this.#isOwn) this.#server.on('connection', (socket) => this.#keep(socket));
		// One failed handshake is that client's matter.
		this.#server.on('tlsClientError', () => {});
		this.ready = this.#listen(port, host);
		this.ready.catch(() => {});
	}

	/** The address that the server listens on; `null` before it does. */
	address(): AddressInfo | null {
		return this.#server.address() as AddressInfo | null;
	}

	/** Takes no more connections, and closes those it has once their streams are finished; at once with `force`. */
	async close({ force = false }: { force?: boolean } = {}): Promise<void> {
		this.#server.off('connection', this.#take).off('secureConnection', this.#take);
		const closed = this.#isOwn ? new Promise<void>((resolve) => this.#server.close(() => resolve())) : undefined;
		const ended = [...this.connections].map((connection) => {
			if (force) connection.destroy();
			return connection.close();
		});
		await Promise.all(ended);
		// Those that are still greeting have nothing to finish.
		for (const socket of this.#sockets) socket.destroy();
		await closed;
		this.emit('close');
	}

	#listen(port: number | undefined, host: string | undefined): Promise<void> {
		return new Promise((resolve, reject) => {
			this.#server.once('listening', () => {
				resolve();
				this.emit('listening');
			});
			this.#server.on('error', (cause) => {
				const error = new EnslavismError('listen-failed', cause.message, { cause });
				reject(error);
				this.emit('error', error);
			});
			if (this.#server.listening) resolve();
			else if (this.#isOwn) this.#server.listen(port ?? 0, host);
		});
	}

	#keep(socket: Socket): void {
		this.#sockets.add(socket);
		socket.on('close', () => this.#sockets.delete(socket));
	}

	#connected(socket: Socket): void {
		const connection = new MuxConnection(socket, { ...this.#options, client: false });
		this.connections.add(connection);
		connection.on('close', () => this.connections.delete(connection));
		this.emit('connection', connection);
	}
}

/** Connects to a {@link MuxServer}. Streams may be opened, and written to, while it connects. */
export class MuxClient extends MuxConnection {
	/** Resolves when the connection is open; rejects with `unreachable`. */
	readonly ready: Promise<void>;

	/**
	 * @param options a port of this host, or options
	 * @param connected called when the connection is open
	 */
	constructor(options: number | MuxClientOptions, connected?: () => void) {
		const { port, host, tls, socket, ...rest } = typeof options === 'number' ? { port: options } : options;
		super(socket ?? openSocket(port, host, tls), { ...rest, client: true });
		this.ready = this.#connect(tls === undefined ? 'connect' : 'secureConnect');
		this.ready.then(
			() => guarded(connected),
			() => {},
		);
	}

	#connect(event: 'connect' | 'secureConnect'): Promise<void> {
		return new Promise((resolve, reject) => {
			if (!this.socket.connecting && event === 'connect') resolve();
			this.socket.once(event, resolve);
			this.socket.once('error', (cause) => reject(new EnslavismError('unreachable', cause.message, { cause })));
			this.socket.once('close', () => reject(new EnslavismError('unreachable')));
		});
	}
}

/** Calls a user's function; what it throws reaches Node as an uncaught exception. */
function guarded(call: (() => void) | undefined): void {
	try {
		call?.();
	} catch (thrown) {
		rethrowLater(thrown);
	}
}

function openSocket(port: number | undefined, host = 'localhost', tls: ConnectionOptions | true | undefined): Socket {
	if (port === undefined) throw new EnslavismError('bad-option', 'a client needs a port or a socket');
	if (tls === undefined) return connect({ port, host });
	// A name for the certificate, unless the address is a number.
	return connectTls({
		port,
		host,
		...(/[^\d.:]/.test(host) ? { servername: host } : {}),
		...(tls === true ? {} : tls),
	});
}
