import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import * as CLOSE from '../wire/close-codes.js';
import { type AuthData, closeReason, PROTOCOL, readHandshake } from '../wire/index.js';
import * as WAITS from '../wire/waits.js';
import { type Admission, type AuthListener, admit } from './admission.js';
import { refuse } from './web-server.js';

/** Who has been admitted. */
export interface Admitted {
	/** Identity from the auth listeners, as an object and as it travels. */
	identity: object | undefined;
	encodedIdentity: string | undefined;
}

/** One way in: what is asked of those who come, and where they go. */
export interface Door {
	/** Which listeners decide, and what `authData` is for them: cookies, or what the other side gave. */
	kind: 'client' | 'slave';
	/** Name of the service, or the kind: for reasons. */
	name: string;
	/** What listeners are told as the name of the service; `undefined` for the links of clients and listed slaves. */
	service: string | undefined;
	/** Whether those who come speak Enslavism's own protocol. */
	ownProtocol: boolean;
	/** Largest frame that is read, in bytes. */
	maxFrameBytes: number;
	/** Whether there is no room. */
	full(): boolean;
	enter(socket: WebSocket, request: IncomingMessage, admitted: Admitted): void;
}

export interface EntranceOptions {
	/** The door for a path, percent-encoded and without query. */
	doorOf(path: string): Door | undefined;
	/** The auth listeners of a kind, as they stand now. */
	listenersOf(kind: Door['kind']): AuthListener[];
	/** How many may wait for the auth listeners. */
	pendingAuth: number;
	report(error: unknown): void;
}

/** Every WebSocket comes in here: version, room, auth, and then its door; or a refusal that it can understand. */
export class Entrance {
	readonly #options: EntranceOptions;
	readonly #servers = new Map<number, WebSocketServer>();
	/** Sockets that wait for the auth listeners. */
	readonly #pending = new Set<Duplex>();
	#closed = false;

	constructor(options: EntranceOptions) {
		this.#options = options;
	}

	/** Takes an upgrade request; tells whether it was the master's. */
	upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
		const path = (request.url ?? '').split('?', 1)[0] ?? '';
		const door = this.#options.doorOf(path);
		if (door === undefined) return false;
		socket.on('error', ignore);
		if (this.#closed) {
			refuse(socket, 503, 'Service Unavailable', 'the master is closing');
			return true;
		}
		void this.#decide(door, request, socket, head);
		return true;
	}

	/** Closes every socket. Resolves when they are gone. */
	async close(): Promise<void> {
		this.#closed = true;
		for (const socket of this.#pending) socket.destroy();
		const sockets = [...this.#servers.values()].flatMap((server) => [...server.clients]);
		await Promise.all(
			sockets.map((socket) => {
				socket.close(CLOSE.goingAway, 'the master is closing');
				return gone(socket);
			}),
		);
		for (const server of this.#servers.values()) server.close();
	}

	async #decide(door: Door, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
		const turnAway = (code: number, reason: string): void => {
			if (door.kind === 'slave' && code === CLOSE.refused && request.headers.origin === undefined) {
				refuse(socket, 401, 'Unauthorized', reason);
				return;
			}
			this.#open(door, request, socket, head, (ws) => ws.close(code, closeReason(reason)));
		};
		const handshake = readHandshake(request.headers['sec-websocket-protocol']);
		if (door.ownProtocol && !handshake.ours) return turnAway(CLOSE.wrongVersion, `this master speaks ${PROTOCOL}`);
		if (handshake.auth === undefined) return turnAway(CLOSE.badMessage, 'the authentication data cannot be read');
		const noRoom = `the master has no room for another ${door.name}`;
		if (door.full() || this.#pending.size >= this.#options.pendingAuth) return turnAway(CLOSE.limit, noRoom);
		const admission = await this.#admit(door, request, socket, handshake.auth);
		if (this.#closed) {
			socket.destroy();
			return;
		}
		if (!admission.admitted) {
			if (admission.error !== undefined) this.#options.report(admission.error);
			return turnAway(CLOSE.refused, admission.reason);
		}
		if (door.full()) return turnAway(CLOSE.limit, noRoom);
		this.#open(door, request, socket, head, (ws) => door.enter(ws, request, admission));
	}

	async #admit(door: Door, request: IncomingMessage, socket: Duplex, auth: AuthData): Promise<Admission> {
		this.#pending.add(socket);
		const address = request.socket.remoteAddress ?? '';
		const admission = await admit(door.kind, this.#options.listenersOf(door.kind), {
			request,
			auth,
			address,
			service: door.service,
		});
		this.#pending.delete(socket);
		return admission;
	}

	#open(door: Door, request: IncomingMessage, socket: Duplex, head: Buffer, then: (ws: WebSocket) => void): void {
		this.#server(door.maxFrameBytes).handleUpgrade(request, socket, head, (ws) => {
			// ws closes a socket with the fitting code after an error, an oversized frame for example.
			ws.on('error', ignore);
			try {
				then(ws);
			} catch (thrown) {
				ws.close(CLOSE.internal, 'the master failed');
				this.#options.report(thrown);
			}
		});
	}

	/** One WebSocket server for each size of frame: ws cuts off larger ones while they arrive. */
	#server(maxPayload: number): WebSocketServer {
		let server = this.#servers.get(maxPayload);
		if (server === undefined) {
			server = new WebSocketServer({ ...SERVER_OPTIONS, maxPayload });
			this.#servers.set(maxPayload, server);
		}
		return server;
	}
}

const SERVER_OPTIONS = {
	noServer: true,
	clientTracking: true,
	perMessageDeflate: false,
	closeTimeout: WAITS.socketClose,
	/** A browser gives up on an answer without a subprotocol when it asked for one; tokens are never chosen before it. */
	handleProtocols: (offered: Set<string>) => (offered.has(PROTOCOL) ? PROTOCOL : ([...offered][0] ?? false)),
};

function ignore(): void {}

/** Resolves when the socket is gone: ws cuts it when the other end does not finish the closing handshake in time. */
function gone(socket: WebSocket): Promise<void> {
	return new Promise((resolve) => {
		if (socket.readyState === socket.CLOSED) resolve();
		else socket.once('close', () => resolve());
	});
}
