import { channelCarrier, type MuxBase, webSocketCarrier } from '../mux/host/index.js';
import type { StreamHandler } from '../mux/index.js';
import { type Channel, type IceServer, PATHS, type PathKind } from '../peer/index.js';
import type { ClientConnection, ClientInfo } from '../slave/client-connection.js';
import type { Offer } from '../slave/incoming.js';
import { Slave } from '../slave/slave.js';
import {
	type AuthData,
	Emitter,
	EnslavismError,
	type Reject,
	rethrowLater,
	type ServerName,
	subprotocols,
	urlBelow,
} from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import { checkMaster, type MasterLike, STREAMS_CHANNEL, type StreamsHost, serverName } from './host.js';

/** Options of a `StreamServer`. */
export interface StreamServerOptions {
	/** What stands before the name: that of the master's service. Default `/enslavism/streams`. */
	prefix?: string;
	/** For the master's `clientauth` listeners. Default: what the connection to the master was made with. */
	auth?: AuthData;
	/** STUN and TURN servers. Default: those of the connection to the master. */
	iceServers?: IceServer[];
	/** What may carry streams. Default: what may carry the sessions of the connection to the master. */
	paths?: readonly PathKind[];
	/** Streams that each client may have open at the same time. Default 256. */
	maxStreams?: number;
	/** Decides on each client, as a slave's `offer` listeners do. Default: everybody is welcome. */
	offer?: (reject: Reject, offer: Offer) => unknown;
}

/**
 * Takes the streams that clients open.
 *
 * @param client who opened it; `undefined` for the master itself
 */
export type OnStream<Face> = (stream: Face, client: ClientInfo | undefined) => unknown;

export type StreamServerEvents = {
	/** The server has its name. */
	listening: [];
	/** The server could not get its name, or lost the master. `close` follows. */
	error: [error: EnslavismError];
	/** The server has left, and its streams have ended. The last event. */
	close: [];
};

/** A server with a name: whoever knows the name can open streams to it. It ends with its connection to the master. */
export class BaseStreamServer<Face extends StreamHandler> extends Emitter<StreamServerEvents> {
	/**
	 * Resolves when the server has its name. Rejects with `server-already-exists`, `refused` (by `nameauth` or `clientauth`,
	 * with their reason), `unreachable`, `limit-reached`, `link-closed`.
	 */
	readonly ready: Promise<void>;
	#settle!: { resolve(): void; reject(error: EnslavismError): void };
	readonly #host: StreamsHost<Face>;
	readonly #master: MasterLike;
	readonly #options: StreamServerOptions;
	readonly #onStream: OnStream<Face>;
	/** What carries streams now. */
	readonly #muxes = new Set<MuxBase<Face>>();
	#state: 'new' | 'opening' | 'listening' | 'closed' = 'new';
	#server: ServerName | undefined;
	#slave: Slave | undefined;
	readonly #masterClosed = (): void => this.close();

	/** @throws EnslavismError `bad-option` */
	constructor(
		host: StreamsHost<Face>,
		master: MasterLike,
		options: StreamServerOptions | OnStream<Face>,
		onStream?: OnStream<Face>,
	) {
		super();
		checkMaster(master);
		this.#host = host;
		this.#master = master;
		this.#options = typeof options === 'function' ? {} : options;
		const call = typeof options === 'function' ? options : onStream;
		if (typeof call !== 'function') throw new EnslavismError('bad-option', 'a server takes a function for its streams');
		this.#onStream = call;
		this.ready = new Promise((resolve, reject) => {
			this.#settle = { resolve, reject };
		});
		this.ready.catch(() => {});
	}

	/** The server's name; `undefined` before `listen`. */
	get name(): string | undefined {
		return this.#server?.name;
	}

	/** `new`, `opening`, `listening` or `closed`. */
	get state(): 'new' | 'opening' | 'listening' | 'closed' {
		return this.#state;
	}

	/**
	 * Takes a name, which nobody else can have then.
	 *
	 * @param name 1 to 256 characters of any kind
	 * @returns the server itself
	 * @throws EnslavismError `bad-option` for what can be no name, or when it is called twice; `link-closed`
	 */
	listen(name: string): this {
		if (this.#state !== 'new') throw new EnslavismError('bad-option', 'a server listens once');
		this.#server = serverName(this.#options.prefix, name);
		if (this.#master.state === 'closed') throw new EnslavismError('link-closed');
		this.#state = 'opening';
		this.#master.on('close', this.#masterClosed);
		this.#register(this.#server).then(
			(slave) => this.#registered(slave),
			(error: EnslavismError) => this.#end(error),
		);
		return this;
	}

	/** Gives the name back and ends all streams. */
	close(reason = ''): void {
		this.#end(undefined, reason);
	}

	/** The same as {@link close}, under the name that streams use. */
	end(): void {
		this.close();
	}

	#register(name: ServerName): Promise<Slave> {
		const { platform, read } = this.#host;
		const { options } = this.#master;
		const {
			auth = options.auth,
			iceServers = options.iceServers ?? [],
			paths = options.paths ?? PATHS,
		} = this.#options;
		const { iceTransportPolicy = 'all' } = options;
		return Slave.register({
			platform,
			read,
			url: this.#master.url,
			userData: undefined,
			auth,
			options: { iceServers, iceTransportPolicy, paths },
			server: { name, dial: (ticket) => this.#dialed(ticket) },
		});
	}

	#registered(slave: Slave): void {
		if (this.#state === 'closed') {
			slave.close();
			return;
		}
		this.#slave = slave;
		this.#state = 'listening';
		slave.on('close', (error) => this.#end(error));
		const { offer } = this.#options;
		if (offer !== undefined) slave.on('offer', offer);
		slave.on('connection', (client) => this.#connected(client));
		this.#settle.resolve();
		this.emit('listening');
	}

	#connected(client: ClientConnection): void {
		let isTaken = false;
		client.on('datachannel', (channel) => {
			// One connection of streams is enough for anybody, and nothing else is understood here.
			const isFit = channel.label === STREAMS_CHANNEL && !isTaken && isReliable(channel);
			isTaken ||= isFit;
			if (isFit) this.#serve(this.#host.openMux(channelCarrier(channel), this.#muxOptions), client);
			else channel.close();
		});
	}

	/** The master itself wants to talk, and cannot do so over WebRTC. */
	#dialed(ticket: string): void {
		const { auth = this.#master.options.auth } = this.#options;
		const url = urlBelow(this.#master.url, `${this.#server?.prefix}/${encodeURIComponent(ticket)}`);
		const socket = this.#host.openWebSocket(url, subprotocols(auth));
		this.#serve(this.#host.openMux(webSocketCarrier(socket), this.#muxOptions), undefined);
	}

	get #muxOptions() {
		return { client: false, maxStreams: this.#options.maxStreams ?? LIMITS.serverStreams };
	}

	#serve(mux: MuxBase<Face>, client: ClientInfo | undefined): void {
		this.#muxes.add(mux);
		mux.on('close', () => this.#muxes.delete(mux));
		mux.on('stream', (stream) => {
			try {
				this.#onStream(stream, client);
			} catch (thrown) {
				rethrowLater(thrown);
			}
		});
	}

	#end(error: EnslavismError | undefined, reason = ''): void {
		if (this.#state === 'closed') return;
		const wasListening = this.#state === 'listening';
		this.#state = 'closed';
		this.#master.off('close', this.#masterClosed);
		for (const mux of this.#muxes) mux.destroy();
		// After their last words.
		queueMicrotask(() => this.#slave?.close(reason));
		if (!wasListening) this.#settle.reject(error ?? new EnslavismError('session-closed'));
		if (error !== undefined) this.emit('error', error);
		this.emit('close');
	}
}

function isReliable({ ordered, maxRetransmits, maxPacketLifeTime }: Channel): boolean {
	return ordered && maxRetransmits === null && maxPacketLifeTime === null;
}
