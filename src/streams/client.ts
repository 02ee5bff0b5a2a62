import { channelCarrier, closeWhenIdle, lateCarrier, type MuxBase, type StreamOptions } from '../mux/host/index.js';
import type { StreamHandler } from '../mux/index.js';
import { EnslavismError, isEnslavismError, type ServerName } from '../wire/index.js';
import * as WAITS from '../wire/waits.js';
import { find } from './finds.js';
import { checkMaster, type MasterLike, STREAMS_CHANNEL, type StreamsHost, serverName } from './host.js';

/** Options of a `StreamClient`. */
export interface StreamClientOptions {
	/** What stands before the names: that of the master's service. Default `/enslavism/streams`. */
	prefix?: string;
	/** How long to wait for a server to appear, in milliseconds, at most a minute. Default 2 000. */
	wait?: number;
}

/** The connections to servers of each connection to a master, which all clients there share. */
const shared = new WeakMap<MasterLike, Map<string, MuxBase<StreamHandler>>>();

/** Opens streams to stream servers. */
export class BaseStreamClient<Face extends StreamHandler> {
	readonly #host: StreamsHost<Face>;
	readonly #master: MasterLike;
	readonly #prefix: string | undefined;
	readonly #wait: number;

	/** @throws EnslavismError `bad-option` */
	constructor(host: StreamsHost<Face>, master: MasterLike, options: StreamClientOptions = {}) {
		checkMaster(master);
		serverName(options.prefix, 'any');
		const { wait = WAITS.findServer } = options;
		if (!(wait >= 0 && wait <= WAITS.findServerMost)) {
			throw new EnslavismError('bad-option', `wait must be from 0 to ${WAITS.findServerMost} milliseconds`);
		}
		this.#host = host;
		this.#master = master;
		this.#prefix = options.prefix;
		this.#wait = wait;
	}

	/**
	 * Opens a stream to a server. It can be written to at once: what is written before the server is reached is kept, at
	 * most 256 KiB, and then writing has to wait. Streams to one server share a session.
	 *
	 * The stream fails with `server-does-not-exist` when nobody has the name in time, `rejected` when the server does not
	 * want this client, `mux-closed` when the server leaves, `mux-lost` when it is lost, and with what a session fails with.
	 *
	 * @param meta what the stream is opened with, the server's `stream.meta`: any JavaScript value that is data
	 * @param options `signal`: an `AbortSignal` that resets the stream
	 * @throws EnslavismError `bad-option`, `bad-meta`, `limit-reached`
	 */
	connect(name: string, meta?: unknown, options?: StreamOptions): Face {
		const server = serverName(this.#prefix, name);
		const muxes = shared.get(this.#master) ?? new Map<string, MuxBase<StreamHandler>>();
		shared.set(this.#master, muxes);
		const key = JSON.stringify([server.prefix, server.name]);
		let mux = muxes.get(key);
		if (mux === undefined || mux.session.leaving) {
			const made = this.#open(server);
			made.on('close', () => {
				if (muxes.get(key) === made) muxes.delete(key);
			});
			muxes.set(key, made);
			mux = made;
		}
		// Of another host it cannot be: each script has its own list.
		return mux.openStream(meta, options) as Face;
	}

	#open(server: ServerName): MuxBase<StreamHandler> {
		let leave = (): void => {};
		const reaching = this.#reach(server).then(({ channel, slave }) => {
			leave = () => slave.close();
			if (mux.closed) leave();
			return channelCarrier(channel);
		});
		const mux = this.#host.openMux(lateCarrier(reaching), { client: true });
		mux.on('close', () => leave());
		closeWhenIdle(mux, WAITS.streamsIdle);
		return mux;
	}

	/** Finds the server and opens a session with it; one that has just left may have a successor. */
	async #reach(server: ServerName) {
		const until = performance.now() + this.#wait;
		for (;;) {
			const slave = await find(this.#master, server, Math.max(0, until - performance.now()));
			try {
				return { slave, channel: await slave.createDataChannel(STREAMS_CHANNEL) };
			} catch (error) {
				slave.close();
				if (!isEnslavismError(error) || error.code !== 'slave-gone') throw error;
				if (performance.now() > until) throw new EnslavismError('server-does-not-exist');
			}
		}
	}
}
