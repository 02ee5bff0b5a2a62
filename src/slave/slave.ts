import { type Link, openLink } from '../link/index.js';
import {
	type AddressOptions,
	type DirectInfo,
	type Endpoint,
	type IceServer,
	type IceTransportPolicy,
	incomingWays,
	PATHS,
	type PathKind,
	type Platform,
	type RelayLink,
} from '../peer/index.js';
import * as CLOSE from '../wire/close-codes.js';
import {
	type AuthData,
	type Bound,
	type Decision,
	decide,
	Emitter,
	EnslavismError,
	encodeUserData,
	type MasterToSlave,
	pathOf,
	type Read,
	type Reject,
	rethrowLater,
	type ServerName,
	type SlaveToMaster,
	urlBelow,
	withReason,
} from '../wire/index.js';
import * as WAITS from '../wire/waits.js';
import type { ClientConnection } from './client-connection.js';
import { Incoming, type IncomingHost, type Offer, type OfferMessage } from './incoming.js';

/** Options of a slave. */
export interface SlaveOptions extends AddressOptions {
	/** STUN and TURN servers for sessions, asked before those that the master tells of. Default: none. */
	iceServers?: IceServer[];
	/** `relay`: sessions go over TURN servers only, and never tell this end's own addresses. Default `all`. */
	iceTransportPolicy?: IceTransportPolicy;
	/** What may carry sessions: WebRTC, and the links by way of the master. Default both. */
	paths?: readonly PathKind[];
	/** Whether to come back when the link to the master is lost. Default `true`. */
	reconnect?: boolean;
}

/** How a slave drains. */
export interface DrainOptions {
	/** When it resolves though sessions are left, in milliseconds from now. Default 60 000. */
	deadline?: number;
}

export type SlaveEvents = {
	/** A client asks for a session. Accepted unless a listener calls `reject`, at once or before its promise settles. */
	offer: [reject: Reject, offer: Offer];
	/** A client's session is open. Fires before any of its `datachannel` events. */
	connection: [client: ClientConnection];
	/** The link to the master is lost. Open sessions go on. */
	disconnected: [error: EnslavismError];
	/** The link will be tried again in `delay` milliseconds; it is the attempt with this number since it was lost. */
	reconnecting: [attempt: number, delay: number];
	/** The link is back, and the slave in the directory. */
	reconnected: [];
	/** The end of the link: by `close()`, by a refusal, or because it is lost and `reconnect` is `false`. Open sessions go on. */
	close: [error: EnslavismError];
	/** A listener of `offer` failed, or a session could not be taken. Without a listener it is an uncaught exception. */
	error: [error: unknown];
};

/** Longest deadline of a drain, in milliseconds: a day. */
const LONGEST_DRAIN = 86_400_000;

/** Everything that `new Slave` takes, and its host. */
export interface SlaveSetup {
	platform: Platform;
	read: (text: string) => Read<MasterToSlave>;
	url?: string | undefined;
	userData: unknown;
	auth?: AuthData | undefined;
	options?: SlaveOptions | undefined;
	/** For a slave that is found by a name instead of being listed. */
	server?: ServerSetup | undefined;
}

/** What makes a slave a stream server. */
export interface ServerSetup {
	name: ServerName;
	/** The master itself wants to talk to the server, over a socket that the server opens at this ticket. */
	dial(ticket: string): void;
}

/** Why a client hears of the end of its session when it comes back. */
const ENDED = 'it ended while the link was lost';

interface Waiting {
	resolve(slave: Slave): void;
	reject(error: EnslavismError): void;
}

/** A game host: registered with a master, it accepts or rejects clients and talks to those it accepted. */
export class Slave extends Emitter<SlaveEvents> {
	readonly #link: Link<SlaveToMaster>;
	readonly #sessions = new Map<string, Incoming>();
	readonly #connections = new Set<ClientConnection>();
	readonly #host: IncomingHost;
	readonly #dial: ((ticket: string) => void) | undefined;
	readonly #ownIceServers: IceServer[];
	/** The sessions' ways over this link or the last one. */
	#relay: RelayLink | undefined;
	readonly #endpoint: Endpoint | undefined;
	/** Where the master has been told that this slave is reached. */
	#told: DirectInfo | undefined;
	#id = '';
	#data: string;
	#draining = false;
	#closing = false;
	/** Who waits for the last session to end. */
	#drained: (() => void)[] = [];
	#state: 'registering' | 'open' | 'reconnecting' | 'closed' = 'registering';
	#waiting: Waiting | undefined;
	/** What the master said before whoever awaits the slave could add a listener. */
	#held: (MasterToSlave | Uint8Array)[] | undefined = [];

	/** Connects and registers. @internal */
	static async register(setup: SlaveSetup): Promise<Slave> {
		const data = encodeUserData(setup.userData);
		const url = setup.url ?? setup.platform.defaultMasterUrl();
		const { options = {}, platform } = setup;
		const wantsRtc = options.paths?.includes('rtc') ?? true;
		const openEndpoint = wantsRtc ? platform.openEndpoint : undefined;
		const endpoint = await openEndpoint?.({
			...options,
			// Who goes over TURN only has nothing to publish.
			direct: options.direct !== false && options.iceTransportPolicy !== 'relay',
			iceServers: options.iceServers ?? [],
		});
		try {
			return await new Promise((resolve, reject) => {
				new Slave(setup, url, data, endpoint, { resolve, reject });
			});
		} catch (thrown) {
			endpoint?.close();
			throw thrown;
		}
	}

	private constructor(setup: SlaveSetup, url: string, data: string, endpoint: Endpoint | undefined, waiting: Waiting) {
		super();
		this.#waiting = waiting;
		const { server } = setup;
		this.#dial = server?.dial;
		this.#ownIceServers = setup.options?.iceServers ?? [];
		this.#endpoint = endpoint;
		endpoint?.onchange(() => {
			if (this.#state === 'open') this.#moved();
		});
		this.#data = data;
		this.#host = {
			createPeer: endpoint?.createPeer ?? setup.platform.createPeer,
			rtc: { iceServers: this.#ownIceServers, iceTransportPolicy: setup.options?.iceTransportPolicy },
			paths: setup.options?.paths ?? PATHS,
			send: (message) => this.#link.say(message),
			decide: (offer, bound) => this.#decide(offer, bound),
			connected: (connection) => this.#connected(connection),
			disconnected: (connection) => this.#connections.delete(connection),
			ended: (session) => this.#ended(session),
			report: (thrown) => this.#report(thrown),
		};
		this.#link = openLink(
			{
				url: urlBelow(url, pathOf(server ? 'server' : 'slave')),
				auth: setup.auth,
				openSocket: setup.platform.openSocket,
				onWake: setup.platform.onWake,
				reconnect: setup.options?.reconnect,
				backoffCap: WAITS.slaveBackoffCap,
				read: setup.read,
			},
			{
				opened: () => {
					this.#told = endpoint?.direct;
					this.#link.say({
						t: 'register',
						data: this.#data,
						draining: this.#draining || undefined,
						direct: this.#told,
						...(server && { server: server.name }),
					});
				},
				message: (message) => this.#receive(message),
				bytes: (bytes) => this.#bytes(bytes),
				lost: (error, delay, attempt) => this.#lost(error, attempt, delay),
				// Only a slave that has a name hears this.
				closed: (error, code) =>
					this.#closed(code === CLOSE.nameTaken ? withReason('server-already-exists', error.reason) : error),
			},
		);
	}

	/**
	 * The id under which clients see this slave. It survives the loss of the link within the master's grace time, and with the
	 * master's option `secret` also a restart of the master.
	 */
	get id(): string {
		return this.#id;
	}

	/** `open` while the link to the master is; `reconnecting` while it is lost; `closed` at the end. */
	get state(): 'open' | 'reconnecting' | 'closed' {
		return this.#state === 'registering' ? 'closed' : this.#state;
	}

	/** The clients with an open session. */
	get connections(): ClientConnection[] {
		return [...this.#connections];
	}

	/**
	 * Shows every client new user data; while the link is lost, as soon as it is back.
	 *
	 * @throws EnslavismError `bad-user-data`, `user-data-too-large`, `link-closed`
	 */
	update(userData: unknown): void {
		const data = encodeUserData(userData);
		if (this.#state === 'closed') throw new EnslavismError('link-closed');
		this.#data = data;
		this.#link.say({ t: 'update', data });
	}

	/**
	 * Prepares to go away: clients see the slave as `draining`, and no new session is opened. Resolves when the last session has
	 * ended, or at the deadline; `close()` then says goodbye to whoever is left.
	 *
	 * Rejects with `bad-option` for a deadline that is not from 0 to 86 400 000 ms.
	 */
	async drain({ deadline = WAITS.drain }: DrainOptions = {}): Promise<void> {
		if (!(deadline >= 0 && deadline <= LONGEST_DRAIN)) {
			throw new EnslavismError('bad-option', `deadline must be from 0 to ${LONGEST_DRAIN} milliseconds`);
		}
		if (!this.#draining) this.#link.say({ t: 'drain' });
		this.#draining = true;
		if (this.#sessions.size === 0) return;
		await new Promise<void>((resolve) => {
			const timer = setTimeout(resolve, deadline);
			this.#drained.push(() => {
				clearTimeout(timer);
				resolve();
			});
		});
	}

	/** Leaves the directory and closes every session; clients see `reason`. */
	close(reason = ''): void {
		this.#closing = true;
		for (const session of [...this.#sessions.values()]) session.close(reason);
		this.#endpoint?.close();
		this.#perhapsLeave();
	}

	/** The link stays while a session needs it to say its last words; that is bounded. */
	#perhapsLeave(): void {
		if (this.#closing && ![...this.#sessions.values()].some((session) => session.relayed)) this.#link.close();
	}

	#receive(message: MasterToSlave): void {
		if (this.#held !== undefined && this.#state === 'open') this.#held.push(message);
		else this.#handle(message);
	}

	#handle(message: MasterToSlave): void {
		switch (message.t) {
			case 'registered':
				this.#registered(message.id);
				return;
			case 'ice':
				this.#host.rtc.iceServers = [...this.#ownIceServers, ...message.servers];
				this.#endpoint?.use(this.#host.rtc.iceServers);
				return;
			case 'offer':
				this.#offered(message);
				return;
			case 'candidate':
				this.#sessions.get(message.session)?.candidate(message);
				return;
			case 'close':
				this.#sessions.get(message.session)?.closed(message.reason);
				return;
			case 'gone':
				this.#sessions.get(message.session)?.gone(message.final);
				return;
			case 'dial':
				this.#dial?.(message.ticket);
		}
	}

	/** Tells the master where this slave is reached, if that is somewhere else than it was told. */
	#moved(): void {
		const direct = this.#endpoint?.direct;
		if (JSON.stringify(direct) === JSON.stringify(this.#told)) return;
		this.#told = direct;
		this.#link.say({ t: 'moved', direct });
	}

	#offered(message: OfferMessage): void {
		const known = this.#sessions.get(message.session);
		if (known !== undefined) known.again(message);
		// It has ended while the client was away: what begins anew is another session.
		else if (message.known) this.#link.say({ t: 'close', session: message.session, reason: ENDED });
		else if (this.#state === 'open') this.#sessions.set(message.session, new Incoming(this.#host, message));
	}

	#bytes(bytes: Uint8Array): void {
		if (this.#held !== undefined) this.#held.push(bytes);
		else this.#relay?.receive(bytes);
	}

	#registered(id: string): void {
		this.#id = id;
		this.#relay = incomingWays(this.#link, (session, open) => this.#sessions.get(session)?.relay(open) ?? false);
		// It may have been found out while the master considered.
		this.#moved();
		if (this.#state === 'reconnecting') {
			this.#state = 'open';
			for (const session of [...this.#sessions.values()]) session.relinked();
			this.#link.saySessions(Array.from(this.#sessions, ([session, { client }]) => ({ session, peer: client })));
			this.emit('reconnected');
		}
		if (this.#state !== 'registering') return;
		this.#state = 'open';
		this.#waiting?.resolve(this);
		this.#waiting = undefined;
		// Messages that came in the same breath wait until whoever awaits the slave has added listeners.
		setTimeout(() => {
			const held = this.#held ?? [];
			this.#held = undefined;
			for (const each of held) {
				if (each instanceof Uint8Array) this.#relay?.receive(each);
				else this.#handle(each);
			}
		}, 0);
	}

	#lost(error: EnslavismError, attempt: number, delay: number): void {
		this.#relay?.close();
		if (this.#state === 'open') {
			this.#state = 'reconnecting';
			this.emit('disconnected', error);
		}
		// A listener may have closed it.
		if (this.#state === 'reconnecting') this.emit('reconnecting', attempt, delay);
	}

	#ended(session: string): void {
		this.#sessions.delete(session);
		this.#perhapsLeave();
		if (this.#sessions.size > 0) return;
		for (const resolve of this.#drained.splice(0)) resolve();
	}

	#closed(error: EnslavismError): void {
		if (this.#state === 'closed') return;
		const wasOpen = this.#state === 'open';
		this.#state = 'closed';
		this.#relay?.close();
		// Nobody can be introduced any more, also when it was not this end that closed the link.
		this.#endpoint?.close();
		const waiting = this.#waiting;
		this.#waiting = undefined;
		if (waiting !== undefined) {
			waiting.reject(error);
			return;
		}
		if (wasOpen && !this.#closing) this.emit('disconnected', error);
		this.emit('close', error);
	}

	#decide(offer: Offer, bound: Bound): Promise<Decision> {
		// An offer that was on its way when this slave began to drain.
		if (this.#draining || this.#closing) return Promise.resolve({ refusal: 'the slave is going away' });
		const calls = this.take('offer').map((listener) => (reject: Reject) => listener(reject, offer));
		return decide(calls, bound, (thrown) => this.#report(thrown));
	}

	#connected(connection: ClientConnection): void {
		this.#connections.add(connection);
		this.emit('connection', connection);
	}

	#report(thrown: unknown): void {
		if (!this.emit('error', thrown)) rethrowLater(thrown);
	}
}
