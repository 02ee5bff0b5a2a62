import * as CLOSE from '../wire/close-codes.js';
import { Emitter, type EnslavismError, errorOfClose, restartDelay } from '../wire/index.js';
import * as WAITS from '../wire/waits.js';
import { Backoff } from './backoff.js';
import type { OpenSocket, Socket } from './socket.js';

export type LastingSocketEvents = {
	/** The socket is open, for the first time or again. */
	open: [];
	message: [data: string | Uint8Array];
	/** The socket was lost; it will be tried again in `delay` milliseconds. */
	lost: [error: EnslavismError, delay: number, code: number];
	/** The end: `close()` was called, or the other side does not want this socket. Nothing comes after this. */
	close: [error: EnslavismError, code: number];
};

/** Tells when the host has reason to believe that it is online again; returns how to stop. */
export type OnWake = (wake: () => void) => () => void;

export interface LastingSocketOptions {
	/** Where to connect; asked before each attempt. */
	url: () => string;
	protocols: string[];
	openSocket: OpenSocket;
	onWake: OnWake;
	/** Whether to come back. Default `true`. */
	reconnect?: boolean;
	/** Largest bound of the wait before an attempt, in milliseconds. Default 15 s. */
	backoffCap?: number | undefined;
}

/**
 * A WebSocket that comes back when it is lost.
 *
 *     opening ──▶ open ──▶ waiting ──▶ opening …
 *        └──────────┴─────────┴──────▶ closed
 */
export class LastingSocket extends Emitter<LastingSocketEvents> {
	#state: 'opening' | 'open' | 'waiting' | 'closed' = 'opening';
	readonly #options: LastingSocketOptions;
	readonly #backoff: Backoff;
	readonly #stopWaking: () => void;
	#socket: Socket | undefined;
	#timer: unknown;
	#openedAt = 0;
	#attempt = 0;

	constructor(options: LastingSocketOptions) {
		super();
		this.#options = options;
		this.#backoff = new Backoff(Math.random, options.backoffCap);
		this.#stopWaking = options.onWake(() => {
			if (this.#state === 'waiting') this.#open();
		});
		this.#open();
	}

	get state(): 'opening' | 'open' | 'waiting' | 'closed' {
		return this.#state;
	}

	/** Which attempt since the socket was last open is made next. */
	get attempt(): number {
		return this.#attempt;
	}

	/** Bytes that have not left yet. */
	get bufferedAmount(): number {
		return this.#socket?.bufferedAmount ?? 0;
	}

	/** Sends a frame if the socket is open; tells whether it was. */
	send(data: string | Uint8Array | Uint8Array[]): boolean {
		if (this.#state !== 'open') return false;
		this.#socket?.send(data);
		return true;
	}

	/** Closes the socket for good. `reason` has at most 123 bytes. */
	close(code: number = CLOSE.normal, reason = ''): void {
		if (this.#state === 'closed') return;
		this.#socket?.close(code, reason);
		this.#end(errorOfClose(code, reason, true), code);
	}

	/** Gives up on a socket that is no use any more, and comes back with a new one. */
	drop(code: number, reason: string): void {
		if (this.#state !== 'opening' && this.#state !== 'open') return;
		this.#socket?.close(code, reason);
		this.#lost(code, reason);
	}

	#open(): void {
		clearTimeout(this.#timer);
		this.#state = 'opening';
		const { openSocket, url, protocols } = this.#options;
		const socket = openSocket(url(), protocols, {
			opened: () => {
				if (this.#socket === socket) this.#opened();
			},
			message: (data) => {
				if (this.#socket === socket && this.#state === 'open') this.emit('message', data);
			},
			closed: (code, reason) => {
				if (this.#socket === socket) this.#lost(code, reason);
			},
		});
		this.#socket = socket;
		this.#timer = setTimeout(() => {
			this.drop(CLOSE.timeout, 'the socket did not open in time');
		}, WAITS.linkOpen);
	}

	#opened(): void {
		clearTimeout(this.#timer);
		this.#state = 'open';
		this.#attempt = 0;
		this.#openedAt = performance.now();
		this.emit('open');
	}

	#lost(code: number, reason: string): void {
		if (this.#state === 'closed' || this.#state === 'waiting') return;
		const wasOpen = this.#state === 'open';
		const error = errorOfClose(code, reason, wasOpen);
		this.#socket = undefined;
		clearTimeout(this.#timer);
		if (this.#options.reconnect === false || CLOSE.FINAL.includes(code)) {
			this.#end(error, code);
			return;
		}
		if (wasOpen && performance.now() - this.#openedAt >= WAITS.backoffReset) this.#backoff.reset();
		this.#state = 'waiting';
		this.#attempt++;
		const delay = restartDelay(code, reason) ?? this.#backoff.next();
		this.#timer = setTimeout(() => this.#open(), delay);
		this.emit('lost', error, delay, code);
	}

	#end(error: EnslavismError, code: number): void {
		this.#state = 'closed';
		this.#socket = undefined;
		clearTimeout(this.#timer);
		this.#stopWaking();
		this.emit('close', error, code);
	}
}
