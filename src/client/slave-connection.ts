import type { Channel, DataChannelOptions, PathKind, Session } from '../peer/index.js';
import {
	type Availability,
	type DirectoryEntry,
	decodeUserData,
	Emitter,
	EnslavismError,
	withReason,
} from '../wire/index.js';
import type { DirectoryEvent, ListedEntry } from './directory-copy.js';

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

/** What a slave's connection needs from the master's. */
export interface SlaveConnectionHost {
	/** Makes a session with the slave, which begins when it is started. */
	open(slave: SlaveConnection): Session;
	/** An error that belongs to nobody's promise. */
	report(error: EnslavismError): void;
}

/** A slave as a client sees it, and the client's session with it. */
export class SlaveConnection extends Emitter<SlaveConnectionEvents> {
	/** The slave's id; it stays the same while the slave is in the directory. */
	declare readonly id: string;

	/** What the master says of the slave. @internal */
	declare entry: ListedEntry;
	readonly #host: SlaveConnectionHost;
	#decoded: { data: string; value: unknown } | undefined;
	#session: Session | undefined;

	/** @internal */
	constructor(host: SlaveConnectionHost, entry: DirectoryEntry) {
		super();
		this.#host = host;
		this.entry = entry;
		this.id = entry.id;
	}

	/** What the slave says of itself. Decoded when first asked for; `undefined` when it cannot be. */
	get userData(): unknown {
		const { data } = this.entry;
		if (this.#decoded?.data !== data) this.#decoded = { data, value: this.#decode(data) };
		return this.#decoded.value;
	}

	/** The identity that the master's `slaveauth` listener gave the slave, if it gave one. */
	get auth(): unknown {
		return this.#decode(this.entry.auth);
	}

	/**
	 * Whether the slave takes sessions: `ready`; `unreachable` while it has lost its master, and may come back; `draining` when it
	 * goes away and takes no new ones; `gone` when it has left the directory.
	 */
	get availability(): Availability | 'gone' {
		return this.entry.state ?? 'ready';
	}

	/** `closed`, `connecting`, `open`, or `gone`. */
	get state(): SlaveConnectionState {
		if (this.#session) return this.#session.open ? 'open' : 'connecting';
		return this.availability === 'gone' ? 'gone' : 'closed';
	}

	/** What carries the session: `rtc`, `relay` (through the master), or `undefined` while nothing does. */
	get path(): PathKind | undefined {
		return this.#session?.path;
	}

	/** The data channels that are open or opening, by name; of several with one name, the newest. */
	get dataChannels(): ReadonlyMap<string, Channel> {
		return new Map(this.#session?.channels.map((channel) => [channel.label, channel]));
	}

	/**
	 * Opens a session with the slave. Calling it again while it is open or opening waits for the same session.
	 *
	 * Rejects with `rejected` (and `reason`), `slave-gone`, `slave-unreachable`, `slave-draining`, `link-closed`, `connect-timeout`, `rtc-failed`,
	 * `no-common-path`, `limit-reached`, or `session-closed` when `close()` was called meanwhile.
	 */
	async connect(): Promise<void> {
		return this.#connected().opened;
	}

	/**
	 * Opens a data channel, and the session if need be. Resolves when `send` may be called.
	 *
	 * With `early: false` it waits for WebRTC; with `eager: true` it waits for nothing.
	 * Rejects with what {@link connect} rejects with, or with `bad-option` or `limit-reached`.
	 */
	async createDataChannel(name: string, options?: DataChannelOptions): Promise<Channel> {
		return this.#connected().createDataChannel(name, options);
	}

	/** Closes the session and its channels on both ends. `connect()` works again afterwards. */
	close(reason = ''): void {
		const session = this.#session;
		if (!session) return;
		// What was sent still leaves; the next session is another one.
		session.close(reason);
		this.#over(session, withReason('session-closed', reason));
	}

	/** Round-trip time to the slave in milliseconds. Rejects with `session-closed` without an open session. */
	async rtt(): Promise<number> {
		if (this.#session) return this.#session.rtt();
		throw new EnslavismError('session-closed');
	}

	/** The directory tells this of the slave. @internal */
	told(event: DirectoryEvent): void {
		if (event === 'slaveupdated') this.emit('updated');
		else if (event === 'slaveremoved') this.unlinked();
	}

	/** The slave has lost the master. A session that is open does not need it, if the slave is still there. @internal */
	unlinked(final = false): void {
		const session = this.#session;
		if (session?.open) session.probe(final);
		else session?.fail(new EnslavismError(this.availability === 'gone' ? 'slave-gone' : 'slave-unreachable'));
	}

	#connected(): Session {
		if (this.#session) return this.#session;
		if (this.availability === 'gone') throw new EnslavismError('slave-gone');
		const session = this.#host.open(this);
		session
			.on('open', () => this.emit('open'))
			.on('path', (path) => this.emit('pathchange', path))
			.on('datachannel', (channel) => this.emit('datachannel', channel))
			.on('close', (error) => this.#over(session, error));
		// Before it begins: it may be over as soon as it has.
		this.#session = session;
		session.start();
		return session;
	}

	#over(session: Session, error: EnslavismError): void {
		if (this.#session !== session) return;
		this.#session = undefined;
		if (error.code === 'rejected') this.emit('rejected', error.reason ?? '');
		this.emit('close', error);
	}

	#decode(encoded: string | undefined): unknown {
		try {
			return encoded === undefined ? undefined : decodeUserData(encoded);
		} catch (thrown) {
			this.#host.report(thrown as EnslavismError);
			return undefined;
		}
	}
}
