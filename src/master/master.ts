import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import * as CLOSE from '../wire/close-codes.js';
import {
	ClientToMaster,
	closeReason,
	type DirectoryEntry,
	decodeUserData,
	Emitter,
	EnslavismError,
	type LinkKind,
	newId,
	PATHS,
	PROTOCOL,
	type Reject,
	readHandshake,
	readMessage,
	SlaveToMaster,
} from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import * as WAITS from '../wire/waits.js';
import { type Admission, type AuthInfo, admit } from './admission.js';
import { MemoryBackplane } from './backplane/memory.js';
import { Bundles } from './bundles.js';
import { type ClientLink, Hub, type SlaveLink } from './hub.js';
import { DEFAULT_LIMITS, type MasterLimits } from './limits.js';
import { PeerLink } from './peer-link.js';
import { type AnyServer, refuse, WebServer } from './web-server.js';

/** Options of a master. */
export interface MasterOptions {
	/** How long changes of the directory gather before they are sent, in milliseconds, 1 to 1000. Default 20. */
	tick?: number;
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
	readonly #sockets: WebSocketServer;
	readonly #bundles: Bundles;
	readonly #hub: Hub;
	readonly #limits: MasterLimits;
	readonly #log: (line: string) => void;
	#pendingAuth = 0;
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
		this.#hub = new Hub(new MemoryBackplane(), this.#limits, options.tick ?? DEFAULT_TICK, {
			added: (entry) => this.emit('slaveadded', listed(entry)),
			updated: (entry) => this.emit('slaveupdated', listed(entry)),
			removed: (entry) => this.emit('slaveremoved', listed(entry)),
		});
		this.#sockets = new WebSocketServer({
			noServer: true,
			clientTracking: true,
			perMessageDeflate: false,
			maxPayload: LIMITS.slaveFrameBytes,
			...({ closeTimeout: WAITS.socketClose } as object),
			handleProtocols: (offered: Set<string>) => (offered.has(PROTOCOL) ? PROTOCOL : ([...offered][0] ?? false)),
		});
		let settle: { resolve(): void; reject(error: Error): void };
		this.ready = new Promise((resolve, reject) => {
			settle = { resolve, reject };
		});
		this.ready.catch(() => {});
		this.#web = new WebServer(where, {
			request: (request, response) => this.#request(request, response),
			upgrade: (request, socket, head) => this.#upgrade(request, socket, head),
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
		const gone = [...this.#sockets.clients].map((socket) => closed(socket));
		this.#sockets.close();
		await Promise.all(gone);
		await Promise.all([this.#web.close(), this.#bundles.close()]);
	}

	#request(request: IncomingMessage, response: ServerResponse): boolean {
		return this.#bundles.serve(request, response);
	}

	#upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
		const path = (request.url ?? '').split('?', 1)[0];
		const kind = (Object.keys(PATHS) as LinkKind[]).find((each) => PATHS[each] === path);
		if (kind === undefined) return false;
		void this.#enter(kind, request, socket, head);
		return true;
	}

	async #enter(kind: LinkKind, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
		socket.on('error', ignore);
		const turnAway = (code: number, reason: string): void => this.#turnAway(kind, request, socket, head, code, reason);
		const handshake = readHandshake(request.headers['sec-websocket-protocol']);
		if (!handshake.ours) return turnAway(CLOSE.wrongVersion, `this master speaks ${PROTOCOL}`);
		if (handshake.auth === undefined) return turnAway(CLOSE.badMessage, 'the authentication data cannot be read');
		if (this.#full(kind)) return turnAway(CLOSE.limit, `the master has no room for another ${kind}`);
		this.#pendingAuth++;
		const admission = await admit(kind, this.take(`${kind}auth`), request, handshake.auth);
		this.#pendingAuth--;
		if (!admission.admitted) {
			if (admission.error !== undefined) this.#report(admission.error);
			return turnAway(CLOSE.refused, admission.reason);
		}
		if (this.#closing !== undefined) return turnAway(CLOSE.goingAway, 'the master is closing');
		if (this.#full(kind)) return turnAway(CLOSE.limit, `the master has no room for another ${kind}`);
		this.#sockets.handleUpgrade(request, socket, head, (ws) => this.#welcome(kind, ws, request, admission));
	}

	#full(kind: LinkKind): boolean {
		const { clients, slaves } = this.#hub.counts;
		if (this.#pendingAuth >= this.#limits.pendingAuth) return true;
		return kind === 'client' ? clients >= this.#limits.clients : slaves >= this.#limits.slaves;
	}

	#welcome(kind: LinkKind, ws: WebSocket, request: IncomingMessage, admission: Admission & { admitted: true }): void {
		const id = newId();
		if (kind === 'client') this.#welcomeClient(id, ws, admission.identity);
		else this.#welcomeSlave(id, ws, admission.identity);
		this.emit(`${kind}connection`, ws, { id, request });
	}

	#welcomeClient(id: string, ws: WebSocket, identity: string | undefined): void {
		const link: ClientLink = new PeerLink(ws, {
			id,
			maxFrameBytes: LIMITS.clientFrameBytes,
			backlogBytes: this.#limits.backlogBytes,
			read: (text) => readMessage(ClientToMaster, text),
			handlers: {
				message: (message) => this.#hub.clientSaid(link, message),
				closed: () => this.#hub.clientLeft(link),
			},
		});
		this.#hub.clientJoined(link, identity);
	}

	#welcomeSlave(id: string, ws: WebSocket, identity: string | undefined): void {
		const link: SlaveLink = new PeerLink(ws, {
			id,
			maxFrameBytes: LIMITS.slaveFrameBytes,
			backlogBytes: this.#limits.backlogBytes,
			read: (text) => readMessage(SlaveToMaster, text),
			handlers: {
				message: (message) => this.#hub.slaveSaid(link, message),
				closed: () => this.#hub.slaveLeft(link),
			},
		});
		this.#hub.slaveJoined(link, identity);
	}

	/** A Node slave is refused with an HTTP status; browsers see nothing but a close code, so clients get one. */
	#turnAway(
		kind: LinkKind,
		request: IncomingMessage,
		socket: Duplex,
		head: Buffer,
		code: number,
		reason: string,
	): void {
		if (kind === 'slave' && code === CLOSE.refused && request.headers.origin === undefined) {
			refuse(socket, 401, 'Unauthorized', reason);
			return;
		}
		this.#sockets.handleUpgrade(request, socket, head, (ws) => {
			ws.on('error', ignore);
			ws.close(code, closeReason(reason));
		});
	}

	#report(error: unknown): void {
		if (!this.emit('error', error)) this.#log(`enslavism: ${error instanceof Error ? error.stack : String(error)}`);
	}
}

const DEFAULT_TICK = 20;

function ignore(): void {}

/** Resolves when the socket is gone: ws cuts it when the other end does not finish the closing handshake in time. */
function closed(socket: WebSocket): Promise<void> {
	return new Promise((resolve) => {
		if (socket.readyState === socket.CLOSED) resolve();
		else socket.once('close', () => resolve());
	});
}

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
		if (!(name in DEFAULT_LIMITS)) throw new EnslavismError('bad-option', `there is no limit called "${name}"`);
		if (!(typeof value === 'number' && value >= 0)) {
			throw new EnslavismError('bad-option', `limits.${name} must be a number from 0 on`);
		}
	}
}
