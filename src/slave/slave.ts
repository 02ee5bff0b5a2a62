import { Link } from '../link/index.js';
import type { IceServer, IceTransportPolicy, Platform } from '../peer/index.js';
import {
	type AuthData,
	type Bound,
	type Decision,
	decide,
	Emitter,
	EnslavismError,
	encodeUserData,
	type MasterToSlave,
	type Read,
	type Reject,
	rethrowLater,
	type ServerName,
	type SlaveToMaster,
} from '../wire/index.js';
import type { ClientConnection } from './client-connection.js';
import { Incoming, type IncomingHost, type Offer } from './incoming.js';

/** Options of a slave. */
export interface SlaveOptions {
	/** STUN and TURN servers for sessions, asked before those that the master tells of. Default: none. */
	iceServers?: IceServer[];
	/** `relay`: sessions go over TURN servers only, and never tell this end's own addresses. Default `all`. */
	iceTransportPolicy?: IceTransportPolicy;
}

export type SlaveEvents = {
	/** A client asks for a session. Accepted unless a listener calls `reject`, at once or before its promise settles. */
	offer: [reject: Reject, offer: Offer];
	/** A client's session is open. Fires before any of its `datachannel` events. */
	connection: [client: ClientConnection];
	/** The link to the master is closed. Open sessions go on. */
	close: [error: EnslavismError];
	/** A listener of `offer` failed, or a session could not be taken. Without a listener it is an uncaught exception. */
	error: [error: unknown];
};

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

interface Waiting {
	resolve(slave: Slave): void;
	reject(error: EnslavismError): void;
}

/** A game host: registered with a master, it accepts or rejects clients and talks to those it accepted. */
export class Slave extends Emitter<SlaveEvents> {
	readonly #link: Link<MasterToSlave, SlaveToMaster>;
	readonly #sessions = new Map<string, Incoming>();
	readonly #connections = new Set<ClientConnection>();
	readonly #host: IncomingHost;
	readonly #dial: ((ticket: string) => void) | undefined;
	readonly #ownIceServers: IceServer[];
	#id = '';
	#state: 'registering' | 'open' | 'closed' = 'registering';
	#waiting: Waiting | undefined;
	/** What the master said before whoever awaits the slave could add a listener. */
	#held: MasterToSlave[] | undefined = [];

	/** Connects and registers. @internal */
	static async register(setup: SlaveSetup): Promise<Slave> {
		const data = encodeUserData(setup.userData);
		const url = setup.url ?? setup.platform.defaultMasterUrl();
		return new Promise((resolve, reject) => {
			new Slave(setup, url, data, { resolve, reject });
		});
	}

	private constructor(setup: SlaveSetup, url: string, data: string, waiting: Waiting) {
		super();
		this.#waiting = waiting;
		const { server } = setup;
		this.#dial = server?.dial;
		this.#ownIceServers = setup.options?.iceServers ?? [];
		this.#host = {
			createPeer: setup.platform.createPeer,
			rtc: { iceServers: this.#ownIceServers, iceTransportPolicy: setup.options?.iceTransportPolicy },
			send: (message) => this.#link.send(message),
			decide: (offer, bound) => this.#decide(offer, bound),
			connected: (connection) => this.#connected(connection),
			disconnected: (connection) => this.#connections.delete(connection),
			ended: (session) => this.#sessions.delete(session),
			report: (thrown) => this.#report(thrown),
		};
		this.#link = new Link({
			kind: setup.server === undefined ? 'slave' : 'server',
			url,
			auth: setup.auth,
			openSocket: setup.platform.openSocket,
			read: setup.read,
			handlers: {
				opened: () => this.#link.send({ t: 'register', data, ...(server && { server: server.name }) }),
				message: (message) => this.#receive(message),
				closed: (error) => this.#closed(error),
			},
		});
	}

	/** The id under which clients see this slave. */
	get id(): string {
		return this.#id;
	}

	/** `open` while the link to the master is, `closed` afterwards. */
	get state(): 'open' | 'closed' {
		return this.#state === 'open' ? 'open' : 'closed';
	}

	/** The clients with an open session. */
	get connections(): ClientConnection[] {
		return [...this.#connections];
	}

	/**
	 * Shows every client new user data.
	 *
	 * @throws EnslavismError `bad-user-data`, `user-data-too-large`, `link-closed`
	 */
	update(userData: unknown): void {
		const data = encodeUserData(userData);
		if (this.#state === 'closed') throw new EnslavismError('link-closed');
		this.#link.send({ t: 'update', data });
	}

	/** Leaves the directory and closes every session; clients see `reason`. */
	close(reason = ''): void {
		for (const session of [...this.#sessions.values()]) session.close(reason);
		this.#link.close();
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
				return;
			case 'offer':
				if (this.#state === 'open' && !this.#sessions.has(message.session)) {
					this.#sessions.set(message.session, new Incoming(this.#host, message));
				}
				return;
			case 'candidate':
				this.#sessions.get(message.session)?.candidate(message);
				return;
			case 'close':
				this.#sessions.get(message.session)?.closed(message.reason);
				return;
			case 'gone':
				this.#sessions.get(message.session)?.gone();
				return;
			case 'dial':
				this.#dial?.(message.ticket);
		}
	}

	#registered(id: string): void {
		if (this.#state !== 'registering') return;
		this.#state = 'open';
		this.#id = id;
		this.#waiting?.resolve(this);
		this.#waiting = undefined;
		// Messages that came in the same breath wait until whoever awaits the slave has added listeners.
		setTimeout(() => {
			const held = this.#held ?? [];
			this.#held = undefined;
			for (const message of held) this.#handle(message);
		}, 0);
	}

	#closed(error: EnslavismError): void {
		if (this.#state === 'closed') return;
		this.#state = 'closed';
		const waiting = this.#waiting;
		this.#waiting = undefined;
		if (waiting === undefined) this.emit('close', error);
		else waiting.reject(error);
	}

	#decide(offer: Offer, bound: Bound): Promise<Decision> {
		const calls = this.take('offer').map((listener) => (reject: Reject) => listener(reject, offer));
		return decide(calls, bound);
	}

	#connected(connection: ClientConnection): void {
		this.#connections.add(connection);
		this.emit('connection', connection);
	}

	#report(thrown: unknown): void {
		if (!this.emit('error', thrown)) rethrowLater(thrown);
	}
}
