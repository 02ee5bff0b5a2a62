import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WebSocket } from 'ws';
import {
	type Availability,
	ClientToMaster,
	type Decision,
	type DirectoryEntry,
	decide,
	decodeUserData,
	Emitter,
	EnslavismError,
	newId,
	pathOf,
	type Reject,
	readMessage,
	type ServerName,
	SlaveToMaster,
} from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import * as WAITS from '../wire/waits.js';
import { AddressCount, type TrustProxy } from './addresses.js';
import { type AuthInfo, boundOfAuth } from './admission.js';
import { MemoryBackplane } from './backplane/memory.js';
import { Bundles } from './bundles.js';
import { type Admitted, type Door, Entrance } from './entrance.js';
import { Heartbeat } from './heartbeat.js';
import { Hub } from './hub.js';
import { type IceOptions, IceServers } from './ice-servers.js';
import { DEFAULT_LIMITS, type MasterLimits } from './limits.js';
import type { ClientLink, SlaveLink } from './members.js';
import { checkOptions } from './options.js';
import type { Origins } from './origins.js';
import { PeerLink } from './peer-link.js';
import type { RelayAllowances } from './relay.js';
import { ResumeTokens } from './resume-tokens.js';
import type { Service, ServiceRoute } from './service.js';
import { answerOther } from './status-page.js';
import { type AnyServer, WebServer } from './web-server.js';

/** Options of a master. */
export interface MasterOptions extends IceOptions {
	/** How long changes of the directory gather before they are sent, in milliseconds, 1 to 1000. Default 20. */
	tick?: number;
	/**
	 * Whether sessions may run over the links while there is no WebRTC connection, and how much they may send there.
	 * Default: yes, within the limits of {@link RelayAllowances}.
	 */
	relay?: RelayAllowances | false;
	/** Optional endpoints. Default: none. */
	services?: Service[];
	/** Bounds, see LIMITS.md. What is not named keeps its default. */
	limits?: Partial<MasterLimits>;
	/**
	 * Which pages may open links: `'*'`, a list of origins, or a function. Default: pages of the master's own origin, all names of
	 * the loopback counting as one. Programs that send no `Origin` header are not concerned.
	 */
	origins?: Origins;
	/** Whose `X-Forwarded-For` to believe: `true` for one proxy in front, their number, or a function of addresses. Default: nobody's. */
	trustProxy?: TrustProxy;
	/**
	 * With a secret, of at least 16 characters, ids of clients and slaves survive a restart of the master. Default: the environment's
	 * `ENSLAVISM_SECRET`, or none: then they survive the loss of a link.
	 */
	secret?: string;
	/** How long a slave that has lost its link stays in the list, in milliseconds, 0 to 600 000. Default 10 000. */
	grace?: number;
	/** From one sign of life to the next on each link, in milliseconds, 10 to 600 000. Default 15 000. */
	heartbeat?: number;
	/** Where a line goes that concerns the operator: a bundle that does not build. Default `console.error`. */
	log?: (line: string) => void;
}

/** A slave in a master's list. */
export interface ListedSlave {
	readonly id: string;
	/** What the slave says of itself. Decoded when asked for; `undefined` when it cannot be. */
	readonly userData: unknown;
	/** Whether it takes offers: not while it is `unreachable`, nor while it is `draining`. */
	readonly availability: Availability;
}

/** How a master closes. */
export interface MasterCloseOptions {
	/**
	 * Over how long the links are told to come back, in milliseconds, 0 to 300 000. Default: 2 ms for each client, at least 1000 and
	 * at most 60 000.
	 */
	spread?: number;
	/** When links that do not finish closing are cut, in milliseconds. Default and at most 2000. */
	deadline?: number;
}

/** Who wants a name, and which. */
export interface NameInfo extends LinkInfo {
	/** What stands before the name: that of the service of stream servers. */
	readonly prefix: string;
	/** What the `clientauth` listeners returned for it, merged; `undefined` if nothing. */
	readonly identity: object | undefined;
}

/** Who is behind a link. */
export interface LinkInfo {
	readonly id: string;
	readonly request: IncomingMessage;
}

export type MasterEvents = {
	/** A slave wants to register. Refused when a listener calls `reject`; what it returns becomes the slave's identity. */
	slaveauth: [authData: Record<string, unknown>, reject: Reject, info: AuthInfo];
	/** A client wants to connect; `authData` are its cookies. Otherwise the same. */
	clientauth: [authData: Record<string, unknown>, reject: Reject, info: AuthInfo];
	/** A stream server wants a name. Refused when a listener calls `reject`, at once or before its promise settles. */
	nameauth: [name: string, reject: Reject, info: NameInfo];
	/** A slave is connected. */
	slaveconnection: [ws: WebSocket, info: LinkInfo];
	/** A client is connected. */
	clientconnection: [ws: WebSocket, info: LinkInfo];
	slaveadded: [slave: ListedSlave];
	slaveupdated: [slave: ListedSlave];
	slaveremoved: [slave: ListedSlave];
	/** The server failed, or an auth listener threw. Without a listener it is logged. */
	error: [error: unknown];
};

/**
 * Keeps the list of slaves live in every client and introduces the two. It never touches what they then say to each
 * other.
 */
export class Master extends Emitter<MasterEvents> {
	/** Resolves when the master listens; rejects with `listen-failed`, or with `link-closed` when it is closed before. */
	readonly ready: Promise<void>;

	readonly #web: WebServer;
	readonly #entrance: Entrance;
	readonly #services: Service[];
	readonly #bundles: Bundles;
	readonly #hub: Hub;
	readonly #limits: MasterLimits;
	readonly #log: (line: string) => void;
	readonly #heartbeat: Heartbeat;
	readonly #tokens: ResumeTokens;
	#serviceLinks = 0;
	#neverReady: (error: EnslavismError) => void = () => {};
	#closing: Promise<void> | undefined;

	/**
	 * @param where a port to listen on (0 for a free one), or an `http.Server` or `https.Server`, listening or not
	 * @throws EnslavismError `bad-option`
	 */
	constructor(where: number | AnyServer, options: MasterOptions = {}) {
		super();
		const secret = options.secret ?? (process.env.ENSLAVISM_SECRET || undefined);
		checkOptions(where, { ...options, secret });
		this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
		this.#log = options.log ?? console.error;
		this.#bundles = new Bundles(this.#log);
		const ice = new IceServers(options, (error) => this.#report(error));
		const heartbeat = options.heartbeat ?? WAITS.heartbeat;
		this.#tokens = new ResumeTokens(secret);
		this.#heartbeat = new Heartbeat(heartbeat);
		this.#hub = new Hub({
			backplane: new MemoryBackplane(),
			limits: this.#limits,
			tick: options.tick ?? DEFAULT_TICK,
			grace: options.grace ?? WAITS.grace,
			heartbeat,
			remembers: secret !== undefined,
			ice,
			relay: options.relay ?? {},
			events: {
				added: (entry) => this.emit('slaveadded', listed(entry)),
				updated: (entry) => this.emit('slaveupdated', listed(entry)),
				removed: (entry) => this.emit('slaveremoved', listed(entry)),
			},
		});
		this.#services = options.services ?? [];
		const { names } = this.#hub;
		for (const service of this.#services) {
			service.start?.({ names, tell: (slave, message) => this.#hub.tell(slave, message) });
		}
		this.#entrance = new Entrance({
			doorOf: (path) => this.#doorOf(path),
			listenersOf: (kind) => this.take(`${kind}auth`),
			pendingAuth: this.#limits.pendingAuth,
			linksPerAddress: this.#limits.linksPerAddress,
			addresses: new AddressCount(),
			origins: options.origins,
			trustProxy: options.trustProxy,
			report: (error) => this.#report(error),
		});
		let listens = (): void => {};
		this.ready = new Promise((resolve, reject) => {
			listens = resolve;
			this.#neverReady = reject;
		});
		this.ready.catch(() => {});
		this.#web = new WebServer(where, {
			request: (request, response) => this.#request(request, response),
			upgrade: (request, socket, head) => this.#entrance.upgrade(request, socket, head),
			other: (request, response) =>
				answerOther(request, response, { ...this.counts, services: this.#services.map(({ name }) => name) }),
			listening: () => {
				this.#hub.listening();
				listens();
			},
			error: (cause) => {
				this.#neverReady(new EnslavismError('listen-failed', `the master cannot listen: ${cause.message}`, { cause }));
				this.#report(cause);
			},
		});
	}

	/** Where the master listens; `null` before {@link ready} and after {@link close}. */
	address(): AddressInfo | null {
		return this.#web.address();
	}

	/** The slaves in the list now. */
	get slaves(): ListedSlave[] {
		return Array.from(this.#hub.entries, listed);
	}

	/** How many links there are. */
	get counts(): { clients: number; slaves: number } {
		return this.#hub.counts;
	}

	/**
	 * Closes every link, each told when to come back, and, if it is the master's own, the server. Resolves when nothing of it is
	 * left.
	 */
	close(options: MasterCloseOptions = {}): Promise<void> {
		this.#closing ??= this.#close(options);
		return this.#closing;
	}

	async #close({ spread = spreadOf(this.counts.clients), deadline = WAITS.socketClose }: MasterCloseOptions) {
		this.#neverReady(new EnslavismError('link-closed', 'the master is closed'));
		// Slaves come back first, so that clients find them there.
		this.#hub.close(
			(kind) => RETURN_AFTER + Math.random() * (kind === 'slave' ? Math.min(spread, SLAVES_SPREAD) : spread),
		);
		this.#heartbeat.close();
		await this.#entrance.close(deadline);
		for (const service of this.#services) service.close();
		await Promise.all([this.#web.close(), this.#bundles.close()]);
	}

	#request(request: IncomingMessage, response: ServerResponse): boolean {
		return this.#bundles.serve(request, response);
	}

	#doorOf(path: string): Door | undefined {
		if (path === pathOf('client')) return this.#clientDoor;
		if (path === pathOf('slave')) return this.#slaveDoor;
		if (path === pathOf('server') && this.#hub.names.inUse) return this.#serverDoor;
		for (const service of this.#services) {
			const route = service.route(path);
			if (route !== undefined) return this.#serviceDoor(service, route);
		}
		return undefined;
	}

	readonly #clientDoor: Door = {
		kind: 'client',
		name: 'client',
		service: undefined,
		ownProtocol: true,
		maxFrameBytes: LIMITS.clientFrameBytes,
		full: (returning) => !this.#hub.hasRoom('clients', returning),
		idOf: (resume, identity) => this.#tokens.verify(resume, { kind: 'client', identity }, Date.now()),
		enter: (ws, request, { identity, encodedIdentity, address, returning, since }) => {
			const id = returning ?? newId();
			const limits = this.#limits;
			const link: ClientLink = new PeerLink(ws, {
				id,
				backlogBytes: limits.backlogBytes,
				messages: { perSecond: limits.clientMessagesPerSecond, burst: limits.clientMessagesAtOnce },
				bytes: { perSecond: limits.clientBytesPerSecond, burst: limits.clientBytesAtOnce },
				heartbeat: this.#heartbeat,
				token: () => this.#tokens.issue({ kind: 'client', id, identity: encodedIdentity }, Date.now()),
				read: (text) => readMessage(ClientToMaster, text),
				handlers: {
					message: (message) => this.#hub.clientSaid(link, message, address),
					bytes: (bytes) => this.#hub.bytes(link, bytes),
					closed: (final) => this.#hub.clientLeft(link, final),
				},
			});
			this.#hub.clientJoined(link, encodedIdentity, identity, since);
			this.emit('clientconnection', ws, { id, request });
		},
	};

	readonly #slaveDoor: Door = {
		kind: 'slave',
		name: 'slave',
		service: undefined,
		ownProtocol: true,
		maxFrameBytes: LIMITS.slaveFrameBytes,
		full: (returning) => !this.#hub.hasRoom('slaves', returning),
		idOf: (resume, identity) => this.#tokens.verify(resume, { kind: 'slave', identity }, Date.now()),
		enter: (ws, request, admitted) => this.#enterSlave('slave', ws, request, admitted),
	};

	/** For slaves that have a name instead of being listed. Whoever may be a client may be one, if he may have the name. */
	readonly #serverDoor: Door = {
		...this.#slaveDoor,
		kind: 'client',
		name: 'stream server',
		service: 'stream servers',
		idOf: (resume, identity) => this.#tokens.verify(resume, { kind: 'server', identity }, Date.now()),
		enter: (ws, request, admitted) =>
			this.#enterSlave('server', ws, request, admitted, (id, server) =>
				this.#mayHave(server, { id, request, prefix: server.prefix, identity: admitted.identity }),
			),
	};

	#enterSlave(
		kind: 'slave' | 'server',
		ws: WebSocket,
		request: IncomingMessage,
		{ identity, encodedIdentity, returning }: Admitted,
		mayHave?: (id: string, server: ServerName) => Promise<Decision>,
	): void {
		const id = returning ?? newId();
		const limits = this.#limits;
		const link: SlaveLink = new PeerLink(ws, {
			id,
			backlogBytes: limits.backlogBytes,
			messages: { perSecond: limits.slaveMessagesPerSecond, burst: limits.slaveMessagesAtOnce },
			bytes: { perSecond: limits.slaveBytesPerSecond, burst: limits.slaveBytesAtOnce },
			heartbeat: this.#heartbeat,
			token: () => this.#tokens.issue({ kind, id, identity: encodedIdentity }, Date.now()),
			read: (text) => readMessage(SlaveToMaster, text),
			handlers: {
				message: (message) => this.#hub.slaveSaid(link, message),
				bytes: (bytes) => this.#hub.bytes(link, bytes),
				closed: (final) => this.#hub.slaveLeft(link, final),
			},
		});
		this.#hub.slaveJoined(link, encodedIdentity, identity, mayHave && ((server) => mayHave(id, server)));
		this.emit('slaveconnection', ws, { id, request });
	}

	async #mayHave({ name }: ServerName, info: NameInfo): Promise<Decision> {
		const calls = this.take('nameauth').map((listener) => (reject: Reject) => listener(name, reject, info));
		return decide(calls, boundOfAuth, (thrown) => this.#report(thrown));
	}

	#serviceDoor(service: Service, route: ServiceRoute): Door {
		return {
			kind: 'client',
			name: service.name,
			service: service.name,
			ownProtocol: false,
			maxFrameBytes: service.maxFrameBytes,
			full: () => this.#serviceLinks >= this.#limits.serviceLinks,
			idOf: () => undefined,
			enter: (ws, request, { identity, address }) => {
				this.#serviceLinks++;
				ws.on('close', () => this.#serviceLinks--);
				route(ws, { request, address, identity });
			},
		};
	}

	#report(error: unknown): void {
		if (!this.emit('error', error)) this.#log(`enslavism: ${error instanceof Error ? error.stack : String(error)}`);
	}
}

const DEFAULT_TICK = 20;

/** No link comes back sooner than this after the master has closed, in milliseconds: it needs a moment to start again. */
const RETURN_AFTER = 500;

/** Over how long slaves come back, in milliseconds: well within the grace time. */
const SLAVES_SPREAD = 1000;

/** Over how long so many clients come back, in milliseconds: five hundred a second are no burden. */
function spreadOf(clients: number): number {
	return Math.min(Math.max(2 * clients, 1000), 60_000);
}

function listed({ id, data, state }: DirectoryEntry): ListedSlave {
	return {
		id,
		availability: state ?? 'ready',
		get userData() {
			try {
				return decodeUserData(data);
			} catch {
				return undefined;
			}
		},
	};
}
