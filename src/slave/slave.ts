import { Link } from '../link/index.js';
import {
	type AddressOptions,
	type Endpoint,
	type IceServer,
	type IceTransportPolicy,
	type PathKind,
	type Platform,
	RelayLink,
} from '../peer/index.js';
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
	type SlaveToMaster,
} from '../wire/index.js';
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
	readonly #ownIceServers: IceServer[];
	readonly #relay = new RelayLink({
		bufferedAmount: () => this.#link.bufferedAmount,
		sendBytes: (bytes) => this.#link.sendBytes(bytes),
		opened: (session, open) => this.#sessions.get(session)?.relay(open) ?? false,
		broken: () => this.#link.broken(),
	});
	readonly #endpoint: Endpoint | undefined;
	#id = '';
	#state: 'registering' | 'open' | 'closed' = 'registering';
	#leaving = false;
	#waiting: Waiting | undefined;
	/** What the master said before whoever awaits the slave could add a listener. */
	#held: (MasterToSlave | Uint8Array)[] | undefined = [];

	/** Connects and registers. @internal */
	static async register(setup: SlaveSetup): Promise<Slave> {
		const data = encodeUserData(setup.userData);
		const url = setup.url ?? setup.platform.defaultMasterUrl();
		const { options = {}, platform } = setup;
		const endpoint = await platform.openEndpoint?.({
			...options,
			// Who goes over TURN only has nothing to publish.
			direct: options.direct !== false && options.iceTransportPolicy !== 'relay',
			iceServers: () => options.iceServers ?? [],
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
		this.#ownIceServers = setup.options?.iceServers ?? [];
		this.#endpoint = endpoint;
		endpoint?.onchange(() => {
			if (this.#state === 'open') this.#link.send({ t: 'moved', direct: endpoint.direct });
		});
		this.#host = {
			createPeer: endpoint?.createPeer ?? setup.platform.createPeer,
			rtc: { iceServers: this.#ownIceServers, iceTransportPolicy: setup.options?.iceTransportPolicy },
			paths: setup.options?.paths ?? ['rtc', 'relay'],
			send: (message) => this.#link.send(message),
			decide: (offer, bound) => this.#decide(offer, bound),
			connected: (connection) => this.#connected(connection),
			disconnected: (connection) => this.#connections.delete(connection),
			ended: (session) => {
				this.#sessions.delete(session);
				this.#perhapsLeave();
			},
			report: (thrown) => this.#report(thrown),
		};
		this.#link = new Link({
			kind: 'slave',
			url,
			auth: setup.auth,
			openSocket: setup.platform.openSocket,
			read: setup.read,
			handlers: {
				opened: () => this.#link.send({ t: 'register', data, direct: endpoint?.direct }),
				message: (message) => this.#receive(message),
				bytes: (bytes) => this.#bytes(bytes),
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
		this.#endpoint?.close();
		this.#leaving = true;
		this.#perhapsLeave();
	}

	/** The link stays while a session needs it to say its last words; that is bounded. */
	#perhapsLeave(): void {
		if (this.#leaving && ![...this.#sessions.values()].some((session) => session.relayed)) this.#link.close();
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
				this.#offered(message);
				return;
			case 'candidate':
				this.#sessions.get(message.session)?.candidate(message);
				return;
			case 'close':
				this.#sessions.get(message.session)?.closed(message.reason);
				return;
			case 'gone':
				this.#sessions.get(message.session)?.gone();
		}
	}

	#offered(message: OfferMessage): void {
		const known = this.#sessions.get(message.session);
		if (known !== undefined) known.again(message);
		else if (this.#state === 'open') this.#sessions.set(message.session, new Incoming(this.#host, message));
	}

	#bytes(bytes: Uint8Array): void {
		if (this.#held !== undefined) this.#held.push(bytes);
		else this.#relay.receive(bytes);
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
			for (const each of held) {
				if (each instanceof Uint8Array) this.#relay.receive(each);
				else this.#handle(each);
			}
		}, 0);
	}

	#closed(error: EnslavismError): void {
		if (this.#state === 'closed') return;
		this.#state = 'closed';
		this.#relay.reset();
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
