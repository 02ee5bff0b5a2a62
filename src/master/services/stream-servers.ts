import type { WebSocket } from 'ws';
import { closeWhenIdle, lateCarrier, webSocketCarrier } from '../../mux/host/index.js';
import { Mux, type MuxStream } from '../../mux/node/index.js';
import * as CLOSE from '../../wire/close-codes.js';
import { Emitter, EnslavismError, isName, isStreamsPrefix, newId, STREAMS_PREFIX } from '../../wire/index.js';
import * as LIMITS from '../../wire/limits.js';
import * as WAITS from '../../wire/waits.js';
import type { Found } from '../names.js';
import type { Service, ServiceHost, ServiceRoute } from '../service.js';

/** Options of the service of stream servers. */
export interface StreamServersOptions {
	/** What stands before the names, and the path of the service's sockets. Default `/enslavism/streams`. */
	prefix?: string;
}

/** Options of {@link StreamServers.connect}. */
export interface ConnectOptions {
	/** How long to wait for the server to appear, in milliseconds, at most a minute. Default 2 000. */
	wait?: number;
	/** What the stream is opened with, the server's `stream.meta`: any JavaScript value that is data. */
	meta?: unknown;
}

export type StreamServersEvents = {
	/** A server has taken a name. */
	'server.created': [name: string];
	/** A server has left, and its name is free. */
	'server.destroyed': [name: string];
	/** The same as `server.created`. */
	'server-created': [name: string];
	/** The same as `server.destroyed`. */
	'server-destroyed': [name: string];
};

/**
 * Named stream servers, most of them in pages: `new Master(port, { services: [streamServers()] })`.
 *
 * @throws EnslavismError `bad-option`
 */
export function streamServers(options: StreamServersOptions = {}): StreamServers {
	return new StreamServers(options);
}

/** What the master waits for: the socket that a server opens when it is asked to. */
interface Dial {
	resolve(socket: WebSocket): void;
	reject(error: EnslavismError): void;
}

/** The service of stream servers. It introduces clients to servers, and lets the master itself talk to a server. */
export class StreamServers extends Emitter<StreamServersEvents> implements Service {
	readonly name = 'stream servers';
	readonly maxFrameBytes = LIMITS.muxMessageBytes;
	/** What stands before the names. */
	readonly prefix: string;
	readonly #names = new Set<string>();
	/** One connection for each server that this program talks to. */
	readonly #muxes = new Map<string, Mux>();
	readonly #dials = new Map<string, Dial>();
	readonly #id = newId();
	#host: ServiceHost | undefined;
	#closed = false;

	/** @internal */
	constructor({ prefix = STREAMS_PREFIX }: StreamServersOptions) {
		super();
		if (!isStreamsPrefix(prefix)) throw new EnslavismError('bad-option', 'prefix must be a path such as /streams');
		this.prefix = prefix;
	}

	/** The names that servers have now. */
	get servers(): string[] {
		return [...this.#names];
	}

	/**
	 * Opens a stream to a server. What is written early is kept, at most 256 KiB; then writing has to wait.
	 *
	 * @returns a `Duplex`. It fails with `server-does-not-exist`, `unreachable`, or what resets a stream
	 * @throws EnslavismError `bad-option`, `bad-meta`, `limit-reached`; `mux-closed` when the master is closed
	 */
	connect(name: string, { wait = WAITS.findServer, meta }: ConnectOptions = {}): MuxStream {
		if (!isName(name, LIMITS.serverNameLength)) {
			throw new EnslavismError('bad-option', `a name is a text of 1 to ${LIMITS.serverNameLength} characters`);
		}
		if (!(wait >= 0 && wait <= WAITS.findServerMost)) {
			throw new EnslavismError('bad-option', `wait must be from 0 to ${WAITS.findServerMost} milliseconds`);
		}
		if (this.#host === undefined || this.#closed) throw new EnslavismError('mux-closed', 'there is no master');
		let mux = this.#muxes.get(name);
		if (mux === undefined || mux.session.leaving) mux = this.#open(this.#host, name, wait);
		return mux.openStream(meta);
	}

	/** @internal */
	start(host: ServiceHost): void {
		const isFree = host.names.open(this.prefix, {
			created: (name) => {
				this.#names.add(name);
				this.emit('server.created', name);
				this.emit('server-created', name);
			},
			destroyed: (name) => {
				this.#names.delete(name);
				this.emit('server.destroyed', name);
				this.emit('server-destroyed', name);
			},
		});
		if (!isFree || this.#host !== undefined) {
			throw new EnslavismError('bad-option', 'each service of stream servers has a prefix and a master of its own');
		}
		this.#host = host;
	}

	/** @internal */
	route(path: string): ServiceRoute | undefined {
		const start = `${this.prefix}/`;
		if (!path.startsWith(start)) return undefined;
		const ticket = path.slice(start.length);
		if (!this.#dials.has(ticket)) return undefined;
		// A ticket is good once, also when two sockets wait for the auth listeners with it.
		return (socket) => {
			const dial = this.#dials.get(ticket);
			if (dial === undefined) socket.close(CLOSE.badMessage, 'the ticket was used');
			else dial.resolve(socket);
		};
	}

	/** @internal */
	close(): void {
		this.#closed = true;
		for (const mux of this.#muxes.values()) mux.destroy();
		for (const dial of [...this.#dials.values()]) dial.reject(new EnslavismError('mux-closed'));
		this.#host?.names.forget(this.#id);
	}

	#open(host: ServiceHost, name: string, wait: number): Mux {
		const mux = new Mux(lateCarrier(this.#reach(host, name, wait)), {
			client: true,
			heartbeat: WAITS.streamsHeartbeat,
		});
		this.#muxes.set(name, mux);
		closeWhenIdle(mux, WAITS.streamsIdle);
		mux.on('close', () => {
			if (this.#muxes.get(name) === mux) this.#muxes.delete(name);
		});
		return mux;
	}

	async #reach(host: ServiceHost, name: string, wait: number) {
		const found = await new Promise<Found>((resolve) => {
			host.names.find(this.#id, { prefix: this.prefix, name }, wait, resolve);
		});
		if (typeof found === 'string') throw new EnslavismError(found);
		return webSocketCarrier(await this.#dial(host, found.id));
	}

	/** Asks a server for a socket. A page can open one to the master, and not the other way round. */
	#dial(host: ServiceHost, slave: string): Promise<WebSocket> {
		const ticket = newId();
		return new Promise<WebSocket>((resolve, reject) => {
			const timer = setTimeout(() => {
				this.#dials.delete(ticket);
				reject(new EnslavismError('unreachable', 'the server did not open a socket in time'));
			}, WAITS.dial);
			const settle = <Args extends unknown[]>(how: (...args: Args) => void) => {
				return (...args: Args): void => {
					clearTimeout(timer);
					this.#dials.delete(ticket);
					how(...args);
				};
			};
			this.#dials.set(ticket, { resolve: settle(resolve), reject: settle(reject) });
			host.tell(slave, { t: 'dial', ticket });
		});
	}
}
