import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WebSocket } from 'ws';
import {
	ClientToMaster,
	type Decision,
	type DirectoryEntry,
	decide,
	decodeUserData,
	Emitter,
	EnslavismError,
	newId,
	PATHS,
	type Reject,
	readMessage,
	type ServerName,
	SlaveToMaster,
} from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import { type AuthInfo, boundOfAuth } from './admission.js';
import { MemoryBackplane } from './backplane/memory.js';
import { Bundles } from './bundles.js';
import { type Admitted, type Door, Entrance } from './entrance.js';
import { type ClientLink, Hub, type SlaveLink } from './hub.js';
import { type IceOptions, IceServers } from './ice-servers.js';
import { DEFAULT_LIMITS, type MasterLimits } from './limits.js';
import { PeerLink } from './peer-link.js';
import type { Service, ServiceRoute } from './service.js';
import { answerOther } from './status-page.js';
import { type AnyServer, WebServer } from './web-server.js';

/** Options of a master. */
export interface MasterOptions extends IceOptions {
	/** How long changes of the directory gather before they are sent, in milliseconds, 1 to 1000. Default 20. */
	tick?: number;
	/** Optional endpoints. Default: none. */
	services?: Service[];
	/** Bounds, see LIMITS.md. What is not named keeps its default. */
	limits?: Partial<MasterLimits>;
	/** Where a line goes that concerns the operator: a bundle that does not build. Default `console.error`. */
	log?: (line: string) => void;
}

/** A slave in a master's list. */
export interface ListedSlave {
	readonly id: string;
	/** What the slave says of itself. Decoded when asked for; `undefined` when it cannot be. */
	readonly userData: unknown;
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
	/** Resolves when the master listens; rejects with `listen-failed`. */
	readonly ready: Promise<void>;

	readonly #web: WebServer;
	readonly #entrance: Entrance;
	readonly #services: Service[];
	readonly #bundles: Bundles;
	readonly #hub: Hub;
	readonly #limits: MasterLimits;
	readonly #log: (line: string) => void;
	#serviceLinks = 0;
	#closing: Promise<void> | undefined;

	/**
	 * @param where a port to listen on (0 for a free one), or an `http.Server` or `https.Server`, listening or not
	 * @throws EnslavismError `bad-option`
	 */
	constructor(where: number | AnyServer, options: MasterOptions = {}) {
		super();
		checkOptions(where, options);
		this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
		this.#log = options.log ?? console.error;
		this.#bundles = new Bundles(this.#log);
		const ice = new IceServers(options, (error) => this.#report(error));
		this.#hub = new Hub(new MemoryBackplane(), this.#limits, options.tick ?? DEFAULT_TICK, ice, {
			added: (entry) => this.emit('slaveadded', listed(entry)),
			updated: (entry) => this.emit('slaveupdated', listed(entry)),
			removed: (entry) => this.emit('slaveremoved', listed(entry)),
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
			report: (error) => this.#report(error),
		});
		let settle: { resolve(): void; reject(error: Error): void };
		this.ready = new Promise((resolve, reject) => {
			settle = { resolve, reject };
		});
		this.ready.catch(() => {});
		this.#web = new WebServer(where, {
			request: (request, response) => this.#request(request, response),
			upgrade: (request, socket, head) => this.#entrance.upgrade(request, socket, head),
			other: (request, response) =>
				answerOther(request, response, { ...this.counts, services: this.#services.map(({ name }) => name) }),
			listening: () => settle.resolve(),
			error: (cause) => {
				settle.reject(new EnslavismError('listen-failed', `the master cannot listen: ${cause.message}`, { cause }));
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

	/** Closes every link and, if it is the master's own, the server. Resolves when nothing of it is left. */
	close(): Promise<void> {
		this.#closing ??= this.#close();
		return this.#closing;
	}

	async #close(): Promise<void> {
		this.#hub.close('the master is closing');
		await this.#entrance.close();
		for (const service of this.#services) service.close();
		await Promise.all([this.#web.close(), this.#bundles.close()]);
	}

	#request(request: IncomingMessage, response: ServerResponse): boolean {
		return this.#bundles.serve(request, response);
	}

	#doorOf(path: string): Door | undefined {
		if (path === PATHS.client) return this.#clientDoor;
		if (path === PATHS.slave) return this.#slaveDoor;
		if (path === PATHS.server && this.#hub.names.inUse) return this.#serverDoor;
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
		full: () => this.#hub.counts.clients >= this.#limits.clients,
		enter: (ws, request, { identity, encodedIdentity }) => {
			const id = newId();
			const link: ClientLink = new PeerLink(ws, {
				id,
				backlogBytes: this.#limits.backlogBytes,
				read: (text) => readMessage(ClientToMaster, text),
				handlers: {
					message: (message) => this.#hub.clientSaid(link, message),
					closed: () => this.#hub.clientLeft(link),
				},
			});
			this.#hub.clientJoined(link, encodedIdentity, identity);
			this.emit('clientconnection', ws, { id, request });
		},
	};

	readonly #slaveDoor: Door = {
		kind: 'slave',
		name: 'slave',
		service: undefined,
		ownProtocol: true,
		maxFrameBytes: LIMITS.slaveFrameBytes,
		full: () => this.#hub.counts.slaves >= this.#limits.slaves,
		enter: (ws, request, admitted) => this.#enterSlave(ws, request, admitted),
	};

	/** For slaves that have a name instead of being listed. Whoever may be a client may be one, if he may have the name. */
	readonly #serverDoor: Door = {
		...this.#slaveDoor,
		kind: 'client',
		name: 'stream server',
		service: 'stream servers',
		enter: (ws, request, admitted) =>
			this.#enterSlave(ws, request, admitted, (id, server) =>
				this.#mayHave(server, { id, request, prefix: server.prefix, identity: admitted.identity }),
			),
	};

	#enterSlave(
		ws: WebSocket,
		request: IncomingMessage,
		{ identity, encodedIdentity }: Admitted,
		mayHave?: (id: string, server: ServerName) => Promise<Decision>,
	): void {
		const id = newId();
		const link: SlaveLink = new PeerLink(ws, {
			id,
			backlogBytes: this.#limits.backlogBytes,
			read: (text) => readMessage(SlaveToMaster, text),
			handlers: {
				message: (message) => this.#hub.slaveSaid(link, message),
				closed: () => this.#hub.slaveLeft(link),
			},
		});
		this.#hub.slaveJoined(link, encodedIdentity, identity, mayHave && ((server) => mayHave(id, server)));
		this.emit('slaveconnection', ws, { id, request });
	}

	async #mayHave({ name }: ServerName, info: NameInfo): Promise<Decision> {
		const calls = this.take('nameauth').map((listener) => (reject: Reject) => listener(name, reject, info));
		const decision = await decide(calls, boundOfAuth);
		if (decision.error !== undefined) this.#report(decision.error);
		return decision;
	}

	#serviceDoor(service: Service, route: ServiceRoute): Door {
		return {
			kind: 'client',
			name: service.name,
			service: service.name,
			ownProtocol: false,
			maxFrameBytes: service.maxFrameBytes,
			full: () => this.#serviceLinks >= this.#limits.serviceLinks,
			enter: (ws, request, { identity }) => {
				this.#serviceLinks++;
				ws.on('close', () => this.#serviceLinks--);
				route(ws, { request, address: request.socket.remoteAddress ?? '', identity });
			},
		};
	}

	#report(error: unknown): void {
		if (!this.emit('error', error)) this.#log(`enslavism: ${error instanceof Error ? error.stack : String(error)}`);
	}
}

const DEFAULT_TICK = 20;

function listed({ id, data }: DirectoryEntry): ListedSlave {
	return {
		id,
		get userData() {
			try {
				return decodeUserData(data);
			} catch {
				return undefined;
			}
		},
	};
}

function checkOptions(where: unknown, { tick, limits = {} }: MasterOptions): void {
	const isPort = typeof where === 'number' && Number.isInteger(where) && where >= 0 && where <= 65_535;
	const isServer = typeof where === 'object' && where !== null && 'listen' in where && 'emit' in where;
	if (!isPort && !isServer) {
		throw new EnslavismError('bad-option', 'a master takes a port (0 to 65535), an http.Server or an https.Server');
	}
	if (tick !== undefined && !(tick >= 1 && tick <= 1000)) {
		throw new EnslavismError('bad-option', 'tick must be from 1 to 1000 milliseconds');
	}
	for (const [name, value] of Object.entries(limits)) {
		if (!Object.hasOwn(DEFAULT_LIMITS, name))
			throw new EnslavismError('bad-option', `there is no limit called "${name}"`);
		if (!(typeof value === 'number' && value >= 0)) {
			throw new EnslavismError('bad-option', `limits.${name} must be a number from 0 on`);
		}
	}
}
