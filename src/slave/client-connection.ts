import type { Channel, DataChannelOptions, PathKind, Session } from '../peer/index.js';
import { Emitter, type EnslavismError } from '../wire/index.js';

/** A client as its slave knows it before there is a session. */
export interface ClientInfo {
	/** The client's id: the same for all its sessions, as long as its link to the master lives. */
	readonly id: string;
	/** What the master's `clientauth` listener returned for it; `undefined` if nothing. */
	readonly auth: unknown;
}

export type ClientConnectionEvents = {
	/** The client opened a data channel. Fires before the channel's `open`. */
	datachannel: [channel: Channel];
	/** The channels run over another path now; `undefined` while there is none. */
	pathchange: [path: PathKind | undefined];
	/** The session is over. `error.reason` is what the other end gave as its reason, if it did. */
	close: [error: EnslavismError];
};

/** An open session with one client. */
export class ClientConnection extends Emitter<ClientConnectionEvents> implements ClientInfo {
	readonly id: string;
	readonly auth: unknown;
	/** The session's id, known to both ends and the master. */
	readonly session: string;
	readonly #peer: Session;

	/** @internal */
	constructor(session: string, client: ClientInfo, peer: Session) {
		super();
		this.session = session;
		this.id = client.id;
		this.auth = client.auth;
		this.#peer = peer;
		peer.on('datachannel', (channel) => this.emit('datachannel', channel));
		peer.on('path', (path) => this.emit('pathchange', path));
		peer.on('close', (error) => this.emit('close', error));
	}

	/** `open` or `closed`. */
	get state(): 'open' | 'closed' {
		return this.#peer.open ? 'open' : 'closed';
	}

	/** What carries the session: `rtc`, `relay` (through the master), or `undefined` while nothing does. */
	get path(): PathKind | undefined {
		return this.#peer.path;
	}

	/** The data channels that are open or opening. */
	get dataChannels(): Channel[] {
		return this.#peer.channels;
	}

	/**
	 * Opens a data channel to the client, which hears of it at its `datachannel` event; or, with `negotiated` and
	 * `id`, this end of a channel that both ends create. Resolves when `send` may be called.
	 *
	 * Rejects with `bad-option`, `limit-reached`, `rtc-failed` or `session-closed`.
	 */
	createDataChannel(name: string, options?: DataChannelOptions): Promise<Channel> {
		return this.#peer.createDataChannel(name, options);
	}

	/** Round-trip time to the client in milliseconds. Rejects with `session-closed`. */
	rtt(): Promise<number> {
		return this.#peer.rtt();
	}

	/** Closes the session and its channels on both ends; the client sees `reason`. What was sent before still arrives. */
	close(reason = ''): void {
		this.#peer.close(reason);
	}
}
