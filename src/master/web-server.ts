import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

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
			const [request, socket, head] = args as [IncomingMessage, Duplex, Buffer];
			if (handlers.upgrade(request, socket, head)) return true;
			if (server.listeners('upgrade').every((each) => each === ignore)) return refuseUpgrade(socket);
		}
		return Reflect.apply(before, this, [event, ...args]);
	};
	server.emit = emit as typeof server.emit;
	// Without a listener Node takes an upgrade for a plain request.
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

function refuseUpgrade(socket: Duplex): true {
	refuse(socket, 404, 'Not Found', 'Not found');
	return true;
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
