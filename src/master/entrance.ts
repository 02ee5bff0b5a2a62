import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import * as CLOSE from '../wire/close-codes.js';
import { closeReason, type Handshake, type Position, PROTOCOL, readHandshake } from '../wire/index.js';
import * as WAITS from '../wire/waits.js';
import { type AddressCount, addressOf, hostOf, type TrustProxy } from './addresses.js';
import { type Admission, type AuthListener, admit } from './admission.js';
import { isAllowed, type Origins, WRONG_ORIGIN } from './origins.js';
import { refuse } from './web-server.js';

/** Who has been admitted. */
export interface Admitted {
	/** Identity from the auth listeners, as an object and as it travels. */
	identity: object | undefined;
	encodedIdentity: string | undefined;
	/** Address that it came from. */
	address: string;
	/** Id that it has proved to be its own from before. */
	returning: string | undefined;
	/** Where its list stands, if it says so. */
	since: Position | undefined;
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
	/** Whether there is no room for one that has or has not an id from before. */
	full(returning: string | undefined): boolean;
	/** The id that a resume token proves for somebody with this identity. */
	idOf(resume: string, identity: string | undefined): string | undefined;
	enter(socket: WebSocket, request: IncomingMessage, admitted: Admitted): void;
}

export interface EntranceOptions {
	/** The door for a path, percent-encoded and without query. */
	doorOf(path: string): Door | undefined;
	/** The auth listeners of a kind, as they stand now. */
	listenersOf(kind: Door['kind']): AuthListener[];
	/** How many may wait for the auth listeners. */
	pendingAuth: number;
	/** How many sockets one address may have. */
	linksPerAddress: number;
	addresses: AddressCount;
	origins: Origins | undefined;
	trustProxy: TrustProxy | undefined;
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

	/**
	 * Closes every socket. Resolves when they are gone.
	 *
	 * @param deadline when those are cut that do not finish closing, in milliseconds
	 */
	async close(deadline: number): Promise<void> {
		this.#closed = true;
		for (const socket of this.#pending) socket.destroy();
		const sockets = [...this.#servers.values()].flatMap((server) => [...server.clients]);
		const bound = setTimeout(() => {
			for (const socket of sockets) socket.terminate();
		}, deadline);
		await Promise.all(
			sockets.map((socket) => {
				socket.close(CLOSE.goingAway, 'the master is closing');
				return gone(socket);
			}),
		);
		clearTimeout(bound);
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
		const address = addressOf(request, this.#options.trustProxy);
		const objection = this.#objection(door, request, handshake, address);
		if (objection !== undefined) return turnAway(objection.code, objection.reason);
		this.#count(address, socket);
		const admission = await this.#admit(door, request, socket, handshake, address);
		if (this.#closed) {
			socket.destroy();
			return;
		}
		if (!admission.admitted) return turnAway(CLOSE.refused, admission.reason);
		const { resume, since } = handshake;
		const returning = resume === undefined ? undefined : door.idOf(resume, admission.encodedIdentity);
		if (door.full(returning)) return turnAway(CLOSE.limit, noRoom(door));
		this.#open(door, request, socket, head, (ws) =>
			door.enter(ws, request, { ...admission, address, returning, since }),
		);
	}

	/** What stands against a request before anybody is asked about it. */
	#objection(
		door: Door,
		request: IncomingMessage,
		handshake: Handshake,
		address: string,
	): { code: number; reason: string } | undefined {
		const { addresses, linksPerAddress, origins, pendingAuth, trustProxy } = this.#options;
		if (door.ownProtocol && !handshake.ours)
			return { code: CLOSE.wrongVersion, reason: `this master speaks ${PROTOCOL}` };
		if (!this.#isAllowed(origins, request, hostOf(request, trustProxy)))
			return { code: CLOSE.wrongOrigin, reason: WRONG_ORIGIN };
		if (handshake.auth === undefined)
			return { code: CLOSE.badMessage, reason: 'the authentication data cannot be read' };
		if (addresses.of(address) >= linksPerAddress)
			return { code: CLOSE.limit, reason: 'too many links from this address (linksPerAddress, trustProxy)' };
		// Whoever comes back has its room already; whether it does is known when it has been admitted.
		const full = handshake.resume === undefined && door.full(undefined);
		return full || this.#pending.size >= pendingAuth ? { code: CLOSE.limit, reason: noRoom(door) } : undefined;
	}

	/** A function of the operator's that throws refuses. */
	#isAllowed(origins: Origins | undefined, request: IncomingMessage, host: string): boolean {
		try {
			return isAllowed(origins, request, host);
		} catch (thrown) {
			this.#options.report(thrown);
			return false;
		}
	}

	#count(address: string, socket: Duplex): void {
		const { addresses } = this.#options;
		addresses.add(address);
		socket.once('close', () => addresses.remove(address));
	}

	async #admit(
		door: Door,
		request: IncomingMessage,
		socket: Duplex,
		handshake: Handshake,
		address: string,
	): Promise<Admission> {
		this.#pending.add(socket);
		const { listenersOf, report } = this.#options;
		const info = { request, auth: handshake.auth ?? {}, address, service: door.service };
		const admission = await admit(door.kind, listenersOf(door.kind), info, report);
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

function noRoom({ name }: Door): string {
	return `the master has no room for another ${name}`;
}

/** Resolves when the socket is gone: ws cuts it when the other end does not finish the closing handshake in time. */
function gone(socket: WebSocket): Promise<void> {
	return new Promise((resolve) => {
		if (socket.readyState === socket.CLOSED) resolve();
		else socket.once('close', () => resolve());
	});
}
