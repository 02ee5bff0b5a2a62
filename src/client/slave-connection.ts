import { type Channel, type DataChannelOptions, type IceServer, type Platform, Session } from '../peer/index.js';
import {
	type Availability,
	type ClientToMaster,
	type DirectoryEntry,
	decodeUserData,
	Emitter,
	EnslavismError,
	type ErrorCode,
	newId,
	withReason,
} from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import * as WAITS from '../wire/waits.js';

/** Where a slave's session stands: `gone` when the slave has left the directory and there is no session. */
export type SlaveConnectionState = 'closed' | 'connecting' | 'open' | 'gone';

export type SlaveConnectionEvents = {
	/** The session is open. */
	open: [];
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
	readonly iceServers: IceServer[];
	send(message: ClientToMaster): unknown;
	/** Hands over the messages of a session to this connection, until it is released. */
	bind(session: string, connection: SlaveConnection): void;
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
	/** Sessions in a row that failed at once. */
	#attempts = 0;
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

	/** What carries the session: `rtc` when it is open. */
	get path(): 'rtc' | undefined {
		return this.state === 'open' ? 'rtc' : undefined;
	}

	/** The data channels that are open or opening, by name; of several with one name, the newest. */
	get dataChannels(): ReadonlyMap<string, Channel> {
		return new Map(Array.from(this.#session?.peer.channels ?? [], (channel) => [channel.label, channel]));
	}

	/**
	 * Opens a session with the slave. Calling it again while it is open or opening waits for the same session.
	 *
	 * Rejects with `rejected` (and `reason`), `slave-gone`, `slave-unreachable`, `slave-draining`, `link-closed`, `connect-timeout`, `rtc-failed`,
	 * `limit-reached`, or `session-closed` when `close()` was called meanwhile.
	 */
	async connect(): Promise<void> {
		await this.#persist((peer) => peer.opened);
	}

	/**
	 * Opens a data channel, and the session if need be. Resolves when `send` may be called.
	 *
	 * Rejects with what {@link connect} rejects with, or with `bad-option` or `limit-reached`.
	 */
	async createDataChannel(name: string, options: DataChannelOptions = {}): Promise<Channel> {
		return this.#persist((peer) => peer.createDataChannel(name, options));
	}

	/** Closes the session and its channels on both ends. `connect()` works again afterwards. */
	close(reason = ''): void {
		const session = this.#session;
		if (session === undefined) return;
		session.peer.close(reason);
		this.#over(session.id, withReason('session-closed', reason));
	}

	/** Round-trip time to the slave in milliseconds. Rejects with `session-closed` without an open session. */
	async rtt(): Promise<number> {
		if (this.#session !== undefined) return this.#session.peer.rtt();
		throw new EnslavismError('session-closed');
	}

	/** A message of this connection's session arrived from the master. @internal */
	signal(): Session | undefined {
		return this.#session?.peer;
	}

	/** The master or the slave ended the session. A slave that gives up one that never opened has failed. @internal */
	ended(code: ErrorCode, reason: string): void {
		const peer = this.#session?.peer;
		if (code !== 'session-closed') peer?.fail(withReason(code, reason));
		else if (peer?.open === false) peer.fail(withReason('rtc-failed', reason));
		else peer?.closed(withReason(code, reason));
	}

	/** The directory has a new entry for the slave. @internal */
	update(entry: DirectoryEntry): void {
		this.#entry = entry;
		this.emit('updated');
	}

	/** The slave has left the directory. @internal */
	unlist(): void {
		this.#listed = false;
		this.slaveUnlinked();
	}

	/** The slave has lost the master. A session that is open does not need it, if the slave is still there. @internal */
	slaveUnlinked(): void {
		if (this.state === 'connecting') this.ended(this.#listed ? 'slave-unreachable' : 'slave-gone', '');
		else this.#session?.peer.probe();
	}

	/** The link has come back. What was said meanwhile is lost: a session that is not open is begun anew. @internal */
	relinked(): void {
		const session = this.#session;
		if (session === undefined || session.peer.open) return;
		const lost = new EnslavismError('rtc-failed', 'the link to the master was lost');
		this.#over(session.id, lost, 0);
		session.peer.fail(lost);
	}

	/** Does something with the session; if that failed while opening and is tried anew, with the next one. */
	async #persist<T>(action: (peer: Session) => Promise<T>): Promise<T> {
		const peer = this.#connected();
		try {
			return await action(peer);
		} catch (error) {
			if (this.#session !== undefined && (error as EnslavismError).code === 'rtc-failed') return this.#persist(action);
			throw error;
		}
	}

	#connected(): Session {
		this.#session ??= this.#open();
		return this.#session.peer;
	}

	#open(): { id: string; peer: Session } {
		if (!this.#listed) throw new EnslavismError('slave-gone');
		const host = this.#host;
		const id = newId();
		const peer = new Session({
			createPeer: host.platform.createPeer,
			rtc: { iceServers: host.iceServers },
			makes: 'offer',
			timeout: WAITS.connect,
			signals: {
				description: (_type, sdp) => host.send({ t: 'offer', session: id, slave: this.id, sdp }),
				candidate: (candidate) => host.send({ t: 'candidate', session: id, ...candidate }),
			},
		});
		const started = performance.now();
		peer.on('open', () => this.emit('open'));
		peer.on('close', (error) => this.#over(id, error, performance.now() - started));
		peer.on('datachannel', (channel) => this.emit('datachannel', channel));
		host.bind(id, this);
		peer.start();
		return { id, peer };
	}

	/** @param age how long the session had been opening, if it failed */
	#over(id: string, error: EnslavismError, age = WAITS.retry): void {
		if (this.#session?.id !== id) return;
		const reason = error.reason ?? '';
		this.#session = undefined;
		this.#host.release(id);
		this.#host.send({ t: 'close', session: id, reason });
		if (this.#listed && error.code === 'rtc-failed' && age < WAITS.retry && this.#attempts++ < LIMITS.retries) {
			this.#session = this.#open();
			return;
		}
		this.#attempts = 0;
		if (error.code === 'rejected') this.emit('rejected', reason);
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
