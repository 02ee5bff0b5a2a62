import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Server as TlsServer } from 'node:tls';

/** An `http.Server` or `https.Server`. */
export type AnyServer = Server | HttpsServer;

/** What a master answers itself. Each tells whether the request was its own. */
export interface WebHandlers {
	request(request: IncomingMessage, response: ServerResponse): boolean;
	upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
	/** The server failed: its address is taken, for example. */
	error(error: Error): void;
	listening(): void;
	/** Answers what is nobody else's, on a server of the master's own. */
	other(request: IncomingMessage, response: ServerResponse): void;
}

/**
 * The HTTP server below a master: its own, or one that belongs to the user.
 *
 * A shared server keeps every other listener of `request` and `upgrade`, whether added before or later: what is the
 * master's is taken out before the server's listeners are called at all.
 */
export class WebServer {
	readonly #server: AnyServer;
	readonly #own: boolean;
	readonly #detach: () => void;

	constructor(where: number | AnyServer, handlers: WebHandlers) {
		this.#own = typeof where === 'number';
		this.#server =
			typeof where === 'number'
				? createServer(PATIENCE, (request, response) => handlers.other(request, response))
				: where;
		this.#detach = attach(this.#server, handlers);
		if (typeof where === 'number') this.#server.listen(where);
		else if (this.#server.listening) queueMicrotask(() => handlers.listening());
	}

	/** Where the server listens; `null` when it does not. */
	address(): AddressInfo | null {
		const address = this.#server.address();
		return typeof address === 'object' ? address : null;
	}

	/** Lets go of a shared server; closes an own one, with its connections. */
	async close(): Promise<void> {
		this.#detach();
		if (!this.#own || !this.#server.listening) return;
		await new Promise<void>((resolve) => {
			this.#server.close(() => resolve());
			this.#server.closeAllConnections();
		});
	}
}

/** How long a request may take to arrive at a server of the master's own, in milliseconds: whoever sends one byte at a time is cut. */
const PATIENCE = { headersTimeout: 10_000, requestTimeout: 10_000, connectionsCheckingInterval: 5_000 };

/** Returns how to detach. */
function attach(server: AnyServer, handlers: WebHandlers): () => void {
	const before = server.emit;
	let attached = true;
	const emit = function (this: AnyServer, event: string, ...args: unknown[]): boolean {
		if (attached && event === 'request') {
			const [request, response] = args as [IncomingMessage, ServerResponse];
			if (handlers.request(request, response)) return true;
		}
		if (attached && event === 'upgrade') {
			const [request, socket, head] = args as [IncomingMessage, Socket, Buffer];
			const isOurs = /\bwebsocket\b/i.test(request.headers.upgrade ?? '');
			if (isOurs && handlers.upgrade(request, socket, head)) return true;
			if (server.listeners('upgrade').every((each) => each === ignore)) {
				if (isOurs) refuse(socket, 404, 'Not Found', 'Not found');
				else giveBack(server, request, socket, head);
				return true;
			}
		}
		return Reflect.apply(before, this, [event, ...args]);
	};
	server.emit = emit as typeof server.emit;
	// Without a listener Node takes an upgrade for a plain request; with one, every request that offers any protocol for an upgrade.
	server.on('upgrade', ignore);
	server.on('error', handlers.error);
	server.on('listening', handlers.listening);
	return () => {
		attached = false;
		if (server.emit === emit) server.emit = before;
		server.off('upgrade', ignore);
		server.off('error', handlers.error);
		server.off('listening', handlers.listening);
	};
}

function ignore(): void {}

/** Headers of an upgrade: without them Node takes the same request for a plain one. */
const OF_UPGRADES = /^(upgrade|http2-settings)$/i;

/** So many headers Node tells of, unless the server says otherwise. */
const MOST_HEADERS = 1000;

/** As Node keeps it: the answer that is being sent on this socket. */
type AnsweringSocket = Socket & { _httpMessage?: ServerResponse | null };

/**
 * Gives a request that wants another protocol than WebSockets (HTTP/2 as curl and Java ask for it) back to its server, which may answer as
 * if it had not (RFC 9110, section 7.8): on the same connection, from its first byte on.
 */
function giveBack(server: AnyServer, request: IncomingMessage, socket: Socket, head: Buffer): void {
	const before = (socket as AnsweringSocket)._httpMessage;
	if (before) {
		// Pipelined. Node has let go of the socket, but the answers before go first.
		const drain = (): boolean => before.emit('drain');
		socket.on('error', ignore).on('drain', drain);
		before.once('close', () => {
			socket.off('error', ignore).off('drain', drain);
			giveBack(server, request, socket, head);
		});
		return;
	}
	if (!socket.writable) return;
	const most = (server.maxHeadersCount ?? MOST_HEADERS) || Number.POSITIVE_INFINITY;
	if (request.rawHeaders.length / 2 >= most) {
		// The rest is dropped, which may have told the length of the body.
		refuse(socket, 431, 'Request Header Fields Too Large', 'Too many headers');
		return;
	}
	socket.unshift(Buffer.concat([plainHead(request), head]));
	// The time that a connection may be idle between requests.
	socket.setTimeout(0);
	// How a server is given a connection, see Node's documentation of the events.
	server.emit(server instanceof TlsServer ? 'secureConnection' : 'connection', socket);
}

/** The head of a request as it came, but for the wish for an upgrade. */
function plainHead({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
	const lines = [`${method} ${url} HTTP/${httpVersion}`];
	for (let at = 0; at < rawHeaders.length; at += 2) {
		const [name = '', value = ''] = rawHeaders.slice(at, at + 2);
		if (OF_UPGRADES.test(name)) continue;
		const isConnection = name.toLowerCase() === 'connection';
		const options = isConnection ? value.split(',').filter((each) => !OF_UPGRADES.test(each.trim())) : [value];
		if (options.length > 0) lines.push(`${name}: ${options.join(',')}`);
	}
	return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

/** Answers an upgrade request with an error and closes its socket. */
export function refuse(socket: Duplex, status: number, name: string, body: string): void {
	const bytes = Buffer.from(body);
	const head = [
		`HTTP/1.1 ${status} ${name}`,
		'Connection: close',
		'Content-Type: text/plain; charset=utf-8',
		'X-Content-Type-Options: nosniff',
		`Content-Length: ${bytes.length}`,
	];
	socket.on('error', ignore);
	socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), bytes]), () => socket.destroy());
}
