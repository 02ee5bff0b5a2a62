import type { Carrier, MuxBase, MuxOptions } from '../mux/host/index.js';
import { channelCarrier } from '../mux/host/index.js';
import type { StreamHandler } from '../mux/index.js';
import type { Channel, DataChannelOptions, Session } from '../peer/index.js';
import { Emitter, type EnslavismError } from '../wire/index.js';

export type PeerConnectionEvents<Face> = {
	/** The other side opened a data channel. Fires before the channel's `open`. */
	datachannel: [channel: Channel];
	/** The other side opened a stream. Where nobody listens, streams are refused. */
	stream: [stream: Face];
	/** The end. `error.reason` is what the side that closed it gave as its reason; `undefined` if it was lost. */
	close: [error: EnslavismError];
};

/** Makes the streams of a connection, as this host shows them. */
export type CreateMux<Face extends StreamHandler> = (carrier: Carrier, options: MuxOptions) => MuxBase<Face>;

/** What a connection is made of, all of it open. @internal */
export interface PeerConnectionParts<Face extends StreamHandler> {
	/** Of the other side. */
	readonly id: string;
	readonly opened: boolean;
	readonly path: 'rtc' | 'relay';
	readonly session: Session;
	/** The channel for the streams. */
	readonly streams: Channel;
	/** What the other side opened before this. */
	readonly early: Channel[];
	readonly createMux: CreateMux<Face>;
}

/**
 * A connection between two peers, with data channels and streams. Listen for `datachannel` and `stream` in the turn in
 * which the connection is told of: what the other side opened before that is told then.
 */
export class PeerConnection<Face extends StreamHandler = StreamHandler> extends Emitter<PeerConnectionEvents<Face>> {
	/** The id of the other side. */
	readonly id: string;
	/** Whether this side opened the connection: exactly one of the two did. */
	readonly opened: boolean;
	/** What carries it: WebRTC, or a socket through the master where no path was found. */
	readonly path: 'rtc' | 'relay';
	readonly #session: Session;
	readonly #streams: Channel;
	readonly #createMux: CreateMux<Face>;
	#mux: MuxBase<Face> | undefined;
	#tellsStreams = false;
	#early: Channel[] | undefined;

	/** @internal */
	constructor(parts: PeerConnectionParts<Face>) {
		super();
		this.id = parts.id;
		this.opened = parts.opened;
		this.path = parts.path;
		this.#session = parts.session;
		this.#streams = parts.streams;
		this.#early = parts.early;
		this.#createMux = parts.createMux;
		this.#session.on('datachannel', (channel) => {
			if (this.#early === undefined) this.emit('datachannel', channel);
			else this.#early.push(channel);
		});
		this.#session.on('close', (error) => this.emit('close', error));
		// Whoever gets to know this connection by a promise has no listener yet.
		setTimeout(() => {
			this.#tellEarly();
			this.#muxed();
		});
	}

	/** `open` or `closed`. */
	get state(): 'open' | 'closed' {
		return this.#session.open ? 'open' : 'closed';
	}

	/** The data channels that are open or opening. */
	get dataChannels(): Channel[] {
		return [...this.#session.channels].filter((channel) => channel !== this.#streams);
	}

	/**
	 * Opens a data channel to the other side, which hears of it at its `datachannel` event; or, with `negotiated` and `id`
	 * (0 to 1020), this end of a channel that both sides create. Resolves when `send` may be called.
	 *
	 * On the path `relay` every channel is reliable and ordered, whatever it is asked to be.
	 *
	 * Rejects with `bad-option`, `limit-reached`, `rtc-failed` or `session-closed`.
	 */
	createDataChannel(name: string, options?: DataChannelOptions): Promise<Channel> {
		return this.#session.createDataChannel(name, options);
	}

	/**
	 * Opens a stream that can be written to at once.
	 *
	 * @param meta any JavaScript value that is data, at most 16 KiB encoded; the other side's `stream.meta`
	 * @throws EnslavismError `bad-meta`, `limit-reached`, `mux-closed`
	 */
	openStream(meta?: unknown): Face {
		return this.#muxed().openStream(meta);
	}

	/**
	 * Opens a stream and waits until the other side has accepted it. Rejects with what {@link openStream} throws, or with
	 * `stream-refused`, `stream-reset` or `mux-lost`.
	 */
	createStream(meta?: unknown): Promise<Face> {
		return this.#muxed().createStream(meta);
	}

	/** Round-trip time to the other side in milliseconds. Rejects with `session-closed`. */
	rtt(): Promise<number> {
		return this.#session.rtt();
	}

	/**
	 * Closes the connection on both sides; the other one sees `reason`. Messages that were sent before still arrive; a
	 * stream should have ended.
	 */
	close(reason = ''): void {
		this.#session.close(reason);
	}

	/** The other side may be gone: asks it, and ends the connection if no answer comes. @internal */
	probe(): void {
		this.#session.probe();
	}

	protected override listened(event: string): void {
		// From outside the caller, so that whoever adds a listener has finished before it is called.
		if (event === 'datachannel') queueMicrotask(() => this.#tellEarly());
		if (event !== 'stream' || this.#tellsStreams) return;
		this.#tellsStreams = true;
		this.#muxed().on('stream', (stream) => this.emit('stream', stream));
	}

	#muxed(): MuxBase<Face> {
		if (this.#mux === undefined) {
			this.#mux = this.#createMux(channelCarrier(this.#streams), { client: this.opened });
			// One that does not keep to the rules of streams is no peer. Where just their channel is closed, a goodbye follows.
			this.#mux.on('error', ({ code }) => code !== 'mux-lost' && this.#session.close('the streams are closed'));
		}
		return this.#mux;
	}

	#tellEarly(): void {
		const early = this.#early ?? [];
		this.#early = undefined;
		for (const channel of early) this.emit('datachannel', channel);
	}
}
