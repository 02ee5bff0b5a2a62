import * as CLOSE from '../wire/close-codes.js';
import {
	type AuthData,
	type EnslavismError,
	errorOfClose,
	type LinkKind,
	linkUrl,
	type Read,
	subprotocols,
} from '../wire/index.js';
import * as WAITS from '../wire/waits.js';
import type { OpenSocket, Socket } from './socket.js';

/** What a link tells its owner. Nothing comes after `closed`. */
export interface LinkHandlers<In> {
	/** The socket is open: the moment to introduce oneself. */
	opened?(): void;
	message(message: In): void;
	/** A binary frame arrived. Without it such a frame closes the link. */
	bytes?(bytes: Uint8Array): void;
	closed(error: EnslavismError): void;
}

/** How to open a link. */
export interface LinkOptions<In> {
	kind: LinkKind;
	/** URL of the master. */
	url: string;
	auth?: AuthData | undefined;
	openSocket: OpenSocket;
	read: (text: string) => Read<In>;
	handlers: LinkHandlers<In>;
}

/**
 * The WebSocket between a client or a slave and its master, from the asking side.
 *
 *     opening ──▶ admitted ──▶ closed
 *         └────────────────────▲
 *
 * A link is admitted by the master's first message; until then a bound runs.
 */
export class Link<In, Out> {
	#state: 'opening' | 'admitted' | 'closed' = 'opening';
	readonly #handlers: LinkHandlers<In>;
	readonly #read: (text: string) => Read<In>;
	readonly #socket: Socket;
	readonly #bound: unknown;

	/** @throws EnslavismError `bad-url`, `bad-auth` */
	constructor(options: LinkOptions<In>) {
		this.#handlers = options.handlers;
		this.#read = options.read;
		this.#socket = options.openSocket(linkUrl(options.url, options.kind), subprotocols(options.auth), {
			opened: () => this.#handlers.opened?.(),
			message: (data) => this.#receive(data),
			closed: (code, reason) => this.#end(code, reason),
		});
		this.#bound = setTimeout(() => this.#fail(CLOSE.timeout, 'no answer in time'), WAITS.linkOpen);
	}

	/** Sends a message; on a closed link it goes nowhere. */
	send(message: Out): void {
		this.#socket.send(JSON.stringify(message));
	}

	/** Sends a binary frame; on a closed link it goes nowhere. */
	sendBytes(bytes: Uint8Array): void {
		this.#socket.send(bytes);
	}

	/** Bytes that have not left yet. */
	get bufferedAmount(): number {
		return this.#socket.bufferedAmount;
	}

	/** Closes the link over something that cannot be read. */
	broken(): void {
		this.#fail(CLOSE.badMessage, '');
	}

	/** Closes the link; `closed` is told at once. A close frame has room for a reason of 123 bytes. */
	close(reason = ''): void {
		this.#fail(CLOSE.normal, reason);
	}

	#receive(data: string | Uint8Array): void {
		if (this.#state === 'closed') return;
		if (typeof data !== 'string' && this.#state === 'admitted' && this.#handlers.bytes !== undefined) {
			this.#handlers.bytes(data);
			return;
		}
		const read: Read<In> = typeof data === 'string' ? this.#read(data) : { ok: false, problem: 'binary' };
		if (!read.ok) {
			this.#fail(CLOSE.badMessage, read.problem);
			return;
		}
		if (this.#state === 'opening') {
			this.#state = 'admitted';
			clearTimeout(this.#bound);
		}
		try {
			this.#handlers.message(read.message);
		} catch {
			// Only a message that was read without its schema comes to this: listeners' exceptions never get here.
			this.#fail(CLOSE.badMessage, '');
		}
	}

	#fail(code: number, reason: string): void {
		if (this.#state === 'closed') return;
		this.#socket.close(code, reason);
		this.#end(code, reason);
	}

	#end(code: number, reason: string): void {
		if (this.#state === 'closed') return;
		const opened = this.#state === 'admitted';
		this.#state = 'closed';
		clearTimeout(this.#bound);
		this.#handlers.closed(errorOfClose(code, reason, opened));
	}
}
