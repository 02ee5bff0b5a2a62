import { type Link, type LinkHandlers, openLink } from '../link/index.js';
import {
	type IceServer,
	type IceTransportPolicy,
	PATHS,
	type PathKind,
	type Platform,
	type RelayLink,
	relayLink,
	Session,
} from '../peer/index.js';
import * as CLOSE from '../wire/close-codes.js';
import {
	type AuthData,
	type ClientToMaster,
	Emitter,
	EnslavismError,
	type ErrorCode,
	type MasterToClient,
	newId,
	pathOf,
	type Read,
	urlBelow,
	withReason,
} from '../wire/index.js';
import * as WAITS from '../wire/waits.js';
import { directoryCopy } from './directory-copy.js';
import { SlaveConnection, type SlaveConnectionHost } from './slave-connection.js';

/** Options of a connection to a master. */
export interface MasterConnectionOptions {
	/** An object of JSON values for the master's `clientauth` listeners (`info.auth`), beside cookies. */
	auth?: AuthData;
	/** STUN and TURN servers for sessions, asked before those that the master tells of. Default: none. */
	iceServers?: IceServer[];
	/** `relay`: sessions go over TURN servers only, and never tell this end's own addresses. Default `all`. */
	iceTransportPolicy?: IceTransportPolicy;
	/** What may carry sessions: WebRTC, and the links by way of the master. Default both. */
	paths?: readonly PathKind[];
	/** Whether to come back when the link to the master is lost. Default `true`. */
	reconnect?: boolean;
}

export type MasterConnectionEvents = {
	/** The master has admitted this client and sent its list. */
	open: [];
	/** A slave is in the list, one that was there before too: with the same object, if its session is still open. */
	slaveadded: [slave: SlaveConnection];
	/** A slave has changed its user data, or its {@link SlaveConnection.availability}. */
	slaveupdated: [slave: SlaveConnection];
	/** A slave has left the list. */
	slaveremoved: [slave: SlaveConnection];
	/** The link is lost. Open sessions go on, and the list stays as it is. */
	disconnected: [error: EnslavismError];
	/** The link will be tried again in `delay` milliseconds; it is the attempt with this number since it was lost. */
	reconnecting: [attempt: number, delay: number];
	/** The link is back, and the list is the master's again: what changed meanwhile has been told. */
	reconnected: [];
	/** The end: by `close()`, by a refusal (`error.reason`), or because the link is lost and `reconnect` is `false`. */
	close: [error: EnslavismError];
	/** Something that belongs to no promise and closes nothing: user data of a slave that cannot be decoded. */
	error: [error: EnslavismError];
	/** The answer to {@link BaseMasterConnection.ask}, with the server if there is one. @internal */
	found: [answer: Extract<MasterToClient, { t: 'found' | 'absent' }>, slave: SlaveConnection | undefined];
};

/** A client's connection to its master: the live list of slaves. */
export class BaseMasterConnection extends Emitter<MasterConnectionEvents> {
	/** Resolves with the first list; rejects with `unreachable`, `refused`, `wrong-version`, `limit-reached` or `link-closed`. */
	declare readonly ready: Promise<void>;

	readonly #platform: Platform;
	readonly #link: Link<ClientToMaster>;
	readonly #sessions = new Map<string, { peer: Session; slave: SlaveConnection }>();
	readonly #directory = directoryCopy<SlaveConnection>(
		(entry) => {
			// A session that is open has outlived the slave's place in the list.
			const known = [...this.#sessions.values()].find(({ slave }) => slave.id === entry.id);
			return known?.slave ?? new SlaveConnection(this.#host, entry);
		},
		(event, slave) => {
			slave.told(event);
			this.emit(event, slave);
		},
	);
	readonly #host: SlaveConnectionHost = {
		open: (slave) => {
			if (this.#closing) throw new EnslavismError('link-closed');
			const { iceServers = [], paths = PATHS } = this.options;
			const usable = paths.filter((path) => path === 'rtc' || this.#relay);
			if (usable.length === 0) throw new EnslavismError('no-common-path', 'the master does not relay');
			const session = newId();
			const peer = new Session({
				createPeer: this.#platform.createPeer,
				rtc: () => ({ ...this.options, iceServers: [...iceServers, ...this.#iceServers] }),
				makes: 'offer',
				timeout: WAITS.connect,
				paths: usable,
				direct: slave.entry.direct,
				openRelay: (handlers) => this.#relay?.open(session, handlers),
				signals: {
					description: (_type, sdp, attempt, ice) =>
						this.#link.say({
							t: 'offer',
							session,
							slave: slave.id,
							attempt,
							sdp,
							ice,
							known: peer.paths.accepted || undefined,
						}),
					candidate: (candidate, attempt) => this.#link.say({ t: 'candidate', session, attempt, ...candidate }),
				},
			});
			this.#sessions.set(session, { peer, slave });
			return peer.on('close', (error) => {
				this.#sessions.delete(session);
				this.#perhapsLeave();
				this.#link.say({ t: 'close', session, reason: error.reason ?? '' });
			});
		},
		report: (error) => this.emit('error', error),
	};
	/** What the link tells. */
	readonly #handlers: LinkHandlers<MasterToClient> = {
		message: (message) => {
			const { peer, slave } = this.#sessions.get((message as { session: string }).session) ?? {};
			switch (message.t) {
				case 'welcome':
					this.#id = message.id;
					this.#relay = message.relay === false ? undefined : relayLink(this.#link);
					if (this.#state === 'reconnecting') this.#returned();
					return;
				case 'snapshot':
				case 'delta':
					// Something of the list is missing: another link begins with all of it.
					if (!this.#directory.take(message)) this.#link.drop(CLOSE.internal);
					else if (message.t === 'snapshot') this.#opened();
					return;
				case 'resumed':
					if (message.seq === this.#directory.seq) this.#opened();
					else this.#link.drop(CLOSE.internal);
					return;
				case 'ice':
					this.#iceServers = message.servers;
					return;
				case 'answer':
					peer?.paths.accept(message.relay, message.rtc);
					if (message.sdp !== undefined) peer?.paths.description('answer', message.sdp, message.attempt);
					return;
				case 'candidate':
					peer?.paths.candidate(message, message.attempt);
					return;
				case 'rejected':
					// Of a session that is open just another attempt to connect over WebRTC was not wanted.
					if (peer?.open === false) peer.fail(withReason(message.code as ErrorCode, message.reason));
					return;
				case 'close':
					peer?.closed(withReason(peer.open ? 'session-closed' : 'rtc-failed', message.reason));
					return;
				case 'gone':
					slave?.unlinked(message.final);
					return;
				default:
					this.emit(
						'found',
						message,
						message.t === 'found' ? new SlaveConnection(this.#host, message.slave) : undefined,
					);
			}
		},
		bytes: (bytes) => this.#relay?.receive(bytes),
		lost: (error, delay, attempt) => {
			this.#relay?.close();
			if (this.#state === 'open') {
				this.#state = 'reconnecting';
				this.emit('disconnected', error);
			}
			// A listener may have closed it.
			if (this.#state !== 'closed') this.emit('reconnecting', attempt, delay);
		},
		closed: (error) => {
			const wasOpen = this.#state === 'open';
			this.#state = 'closed';
			if (wasOpen && !this.#closing) this.emit('disconnected', error);
			// A session that is open needs the master no more, nor does one that says its last words; another one can never open.
			this.#relay?.close();
			for (const { peer } of [...this.#sessions.values()]) {
				if (!peer.open && !peer.leaving) peer.fail(withReason('link-closed', error.reason));
			}
			this.#directory.take({ epoch: '', seq: 0, settled: true });
			this.emit('close', error);
		},
		woken: () => {
			// While the link is away an offer would go nowhere; when it is back they are woken as well.
			if (this.#state === 'open') for (const { peer } of [...this.#sessions.values()]) peer.paths.wake(false);
		},
	};
	/** The sessions' ways over this link or the last one; `undefined` where the master has told that it does not relay. */
	#relay: RelayLink | undefined;
	/** STUN and TURN servers that the master has told of. */
	#iceServers: IceServer[] = [];
	/** URL of the master. */
	declare readonly url: string;
	/** What the connection was made with. @internal */
	declare readonly options: MasterConnectionOptions;
	#id: string | undefined;
	#state: 'opening' | 'open' | 'reconnecting' | 'closed' = 'opening';
	#closing = false;

	/** @throws EnslavismError `bad-url`, `bad-auth` */
	constructor(
		platform: Platform,
		read: (text: string) => Read<MasterToClient>,
		url?: string,
		options: MasterConnectionOptions = {},
	) {
		super();
		this.url = url ?? platform.defaultMasterUrl();
		this.options = options;
		this.#platform = platform;
		this.ready = new Promise((resolve, reject) => this.on('open', resolve).on('close', reject));
		this.ready.catch(() => {});
		this.#link = openLink(
			{ ...options, ...platform, url: urlBelow(this.url, pathOf('client')), since: this.#directory, read },
			this.#handlers,
		);
	}

	/**
	 * This client's id, as slaves see it; `undefined` before the master has admitted it. It survives the loss of the link, and with
	 * the master's option `secret` also a restart of the master.
	 */
	get id(): string | undefined {
		return this.#id;
	}

	/** `opening`, `open`, `reconnecting` or `closed`. */
	get state(): 'opening' | 'open' | 'reconnecting' | 'closed' {
		return this.#state;
	}

	/** The slaves in the list now. */
	get slaves(): SlaveConnection[] {
		return [...this.#directory.slaves.values()];
	}

	/** Asks for a stream server; {@link MasterConnectionEvents.found} tells the answer. @internal */
	ask(message: Extract<ClientToMaster, { t: 'find' }>): void {
		this.#link.say(message);
	}

	/** Closes the link for good, and every session with it. */
	close(): void {
		this.#closing = true;
		for (const { slave } of [...this.#sessions.values()]) slave.close();
		this.#perhapsLeave();
	}

	/** The link stays while a session needs it to say its last words; that is bounded. */
	#perhapsLeave(): void {
		for (const { peer } of this.#sessions.values()) if (peer.relayed) return;
		if (this.#closing) this.#link.close();
	}

	/** Tells the master, and tries what is missing: it may know nothing of it. */
	#returned(): void {
		// The others were never heard of, as far as is known here, and are offered again.
		const list = [];
		for (const [session, { peer, slave }] of this.#sessions) {
			if (peer.paths.accepted) list.push({ session, peer: slave.id });
		}
		this.#link.saySessions(list);
		for (const { peer } of [...this.#sessions.values()]) peer.paths.wake();
	}

	#opened(): void {
		const before = this.#state;
		if (before === 'closed' || before === 'open') return;
		this.#state = 'open';
		this.emit(before === 'opening' ? 'open' : 'reconnected');
	}
}
