import {
	type Channel,
	type DataChannelOptions,
	type PathKind,
	type Platform,
	type RelayHandlers,
	type RelayPipe,
	type RtcConfig,
	Session,
} from '../peer/index.js';
import {
	type Availability,
	type ClientToMaster,
	type DirectoryEntry,
	decodeUserData,
	Emitter,
	EnslavismError,
	newId,
	withReason,
} from '../wire/index.js';
import * as WAITS from '../wire/waits.js';

/** Where a slave's session stands: `gone` when the slave has left the directory and there is no session. */
export type SlaveConnectionState = 'closed' | 'connecting' | 'open' | 'gone';

export type SlaveConnectionEvents = {
	/** The session is open: the slave has accepted, and a path carries messages. */
	open: [];
	/** The channels run over another path now; `undefined` while there is none. */
	pathchange: [path: PathKind | undefined];
	/** The slave rejected the session; `reason` is what it said. */
	rejected: [reason: string];
	/** The session is over, or could not be opened. */
	close: [error: EnslavismError];
	/** The slave opened a data channel. */
	datachannel: [channel: Channel];
	/** The slave changed its user data, or its availability. */
	updated: [];
};

/** What a slave's connection needs from the master's. @internal */
export interface SlaveConnectionHost {
	readonly platform: Platform;
	/** What a new WebRTC connection is made with. */
	readonly rtc: RtcConfig;
	/** What may carry a new session. */
	paths(): readonly PathKind[];
	/** Opens a way through the master; `undefined` while there is none. */
	openRelay(session: string, handlers: RelayHandlers): RelayPipe | undefined;
	send(message: ClientToMaster): unknown;
	/** Hands over the messages of a session, until it is released. */
	bind(session: string, peer: Session, connection: SlaveConnection): void;
	release(session: string): void;
	/** An error that belongs to nobody's promise. */
	report(error: EnslavismError): void;
}

/** A slave as a client sees it, and the client's session with it. */
export class SlaveConnection extends Emitter<SlaveConnectionEvents> {
	/** The slave's id; it stays the same while the slave is in the directory. */
	readonly id: string;

	readonly #host: SlaveConnectionHost;
	#entry: DirectoryEntry;
	#decoded: { of: string; value: unknown } | undefined;
	#listed = true;
	#session: { id: string; peer: Session } | undefined;

	/** @internal */
	constructor(host: SlaveConnectionHost, entry: DirectoryEntry) {
		super();
		this.#host = host;
		this.#entry = entry;
		this.id = entry.id;
	}

	/** What the slave says of itself. Decoded when first asked for; `undefined` when it cannot be. */
	get userData(): unknown {
		const encoded = this.#entry.data;
		if (this.#decoded?.of !== encoded) this.#decoded = { of: encoded, value: this.#decode(encoded) };
		return this.#decoded.value;
	}

	/** The identity that the master's `slaveauth` listener gave the slave, if it gave one. */
	get auth(): unknown {
		return this.#entry.auth === undefined ? undefined : this.#decode(this.#entry.auth);
	}

	/**
	 * Whether the slave takes sessions: `ready`; `unreachable` while it has lost its master, and may come back; `draining` when it
	 * goes away and takes no new ones; `gone` when it has left the directory.
	 */
	get availability(): Availability | 'gone' {
		return this.#listed ? (this.#entry.state ?? 'ready') : 'gone';
	}

	/** `closed`, `connecting`, `open`, or `gone`. */
	get state(): SlaveConnectionState {
		if (this.#session !== undefined) return this.#session.peer.open ? 'open' : 'connecting';
		return this.#listed ? 'closed' : 'gone';
	}

	/** What carries the session: `rtc`, `relay` (through the master), or `undefined` while nothing does. */
	get path(): PathKind | undefined {
		return this.#session?.peer.path;
	}

	/** The data channels that are open or opening, by name; of several with one name, the newest. */
	get dataChannels(): ReadonlyMap<string, Channel> {
		return new Map(Array.from(this.#session?.peer.channels ?? [], (channel) => [channel.label, channel]));
	}

	/**
	 * Opens a session with the slave. Calling it again while it is open or opening waits for the same session.
	 *
	 * Rejects with `rejected` (and `reason`), `slave-gone`, `slave-unreachable`, `slave-draining`, `link-closed`, `connect-timeout`, `rtc-failed`,
	 * `no-common-path`, `limit-reached`, or `session-closed` when `close()` was called meanwhile.
	 */
	async connect(): Promise<void> {
		await this.#connected().opened;
	}

	/**
	 * Opens a data channel, and the session if need be. Resolves when `send` may be called.
	 *
	 * With `early: false` it waits for WebRTC; with `eager: true` it waits for nothing.
	 * Rejects with what {@link connect} rejects with, or with `bad-option` or `limit-reached`.
	 */
	async createDataChannel(name: string, options: DataChannelOptions = {}): Promise<Channel> {
		return this.#connected().createDataChannel(name, options);
	}

	/** Closes the session and its channels on both ends. `connect()` works again afterwards. */
	close(reason = ''): void {
		const session = this.#session;
		if (session === undefined) return;
		// What was sent still leaves; the next session is another one.
		session.peer.close(reason);
		this.#over(session.id, withReason('session-closed', reason));
	}

	/** Round-trip time to the slave in milliseconds. Rejects with `session-closed` without an open session. */
	async rtt(): Promise<number> {
		if (this.#session !== undefined) return this.#session.peer.rtt();
		throw new EnslavismError('session-closed');
	}

	/** The directory has a new entry for the slave. @internal */
	update(entry: DirectoryEntry): void {
		this.list(entry);
		this.emit('updated');
	}

	/** The slave is in the directory, perhaps again, or its entry is another where no user would see it. @internal */
	list(entry: DirectoryEntry): void {
		this.#listed = true;
		this.#entry = entry;
	}

	/** The slave has left the directory. @internal */
	unlist(): void {
		this.#listed = false;
		this.slaveUnlinked();
	}

	/** The slave has lost the master. A session that is open does not need it, if the slave is still there. @internal */
	slaveUnlinked(final = !this.#listed): void {
		const code = this.#listed ? 'slave-unreachable' : 'slave-gone';
		if (this.state === 'connecting') this.#session?.peer.fail(new EnslavismError(code));
		else this.#session?.peer.probe(final);
	}

	#connected(): Session {
		return this.#session?.peer ?? this.#open();
	}

	#open(): Session {
		if (!this.#listed) throw new EnslavismError('slave-gone');
		const host = this.#host;
		const paths = host.paths();
		if (paths.length === 0) throw new EnslavismError('no-common-path', 'the master does not relay');
		const id = newId();
		const peer = new Session({
			createPeer: host.platform.createPeer,
			rtc: () => host.rtc,
			makes: 'offer',
			timeout: WAITS.connect,
			paths,
			direct: this.#entry.direct,
			openRelay: (handlers) => host.openRelay(id, handlers),
			signals: {
				description: (_type, sdp, attempt, ice) =>
					host.send({ t: 'offer', session: id, slave: this.id, attempt, sdp, ice }),
				candidate: (candidate, attempt) => host.send({ t: 'candidate', session: id, attempt, ...candidate }),
			},
		});
		peer.on('open', () => this.emit('open'));
		peer.on('path', (path) => this.emit('pathchange', path));
		peer.on('close', (error) => {
			host.release(id);
			host.send({ t: 'close', session: id, reason: error.reason ?? '' });
			this.#over(id, error);
		});
		peer.on('datachannel', (channel) => this.emit('datachannel', channel));
		host.bind(id, peer, this);
		// Before it begins: it may be over as soon as it has.
		this.#session = { id, peer };
		peer.start();
		return peer;
	}

	#over(id: string, error: EnslavismError): void {
		if (this.#session?.id !== id) return;
		this.#session = undefined;
		if (error.code === 'rejected') this.emit('rejected', error.reason ?? '');
		this.emit('close', error);
	}

	#decode(encoded: string): unknown {
		try {
			return decodeUserData(encoded);
		} catch (thrown) {
			this.#host.report(thrown as EnslavismError);
			return undefined;
		}
	}
}
