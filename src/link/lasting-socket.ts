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

/** Why a link is given up that says nothing. */
export const NO_ANSWER = 'no answer in time';

/** Tells when the host has reason to believe that it is online again; returns how to stop. */
export type OnWake = (wake: () => void) => () => void;

export interface LastingSocketOptions {
	/** Where to connect; asked before each attempt. */
	url: () => string;
	protocols: string[];
	openSocket: OpenSocket;
	onWake: OnWake;
	/** Whether to come back. Default `true`. */
	reconnect?: boolean | undefined;
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
		this.#socket?.close(code, reason);
		this.#lost(this.#socket, code, reason);
	}

	#open(): void {
		this.#enter('opening');
		const { openSocket, url, protocols } = this.#options;
		const socket = openSocket(url(), protocols, {
			opened: () => {
				if (this.#socket !== socket) return;
				this.#enter('open');
				this.#attempt = 0;
				this.#openedAt = performance.now();
				this.emit('open');
			},
			message: (data) => {
				if (this.#socket === socket) this.emit('message', data);
			},
			closed: (code, reason) => this.#lost(socket, code, reason),
		});
		this.#socket = socket;
		this.#timer = setTimeout(() => this.drop(CLOSE.timeout, NO_ANSWER), WAITS.linkOpen);
	}

	#enter(state: LastingSocket['state']): void {
		clearTimeout(this.#timer);
		this.#state = state;
	}

	/** A socket is over. There is none while this waits, or when it is closed. */
	#lost(socket: Socket | undefined, code: number, reason: string): void {
		if (socket === undefined || socket !== this.#socket) return;
		const wasOpen = this.#state === 'open';
		const error = errorOfClose(code, reason, wasOpen);
		if (this.#options.reconnect === false || CLOSE.FINAL.includes(code)) {
			this.#end(error, code);
			return;
		}
		this.#socket = undefined;
		this.#enter('waiting');
		if (wasOpen && performance.now() - this.#openedAt >= WAITS.backoffReset) this.#backoff.reset();
		this.#attempt++;
		const delay = restartDelay(reason) || this.#backoff.next();
		this.#timer = setTimeout(() => this.#open(), delay);
		this.emit('lost', error, delay, code);
	}

	#end(error: EnslavismError, code: number): void {
		this.#socket = undefined;
		this.#enter('closed');
		this.#stopWaking();
		this.emit('close', error, code);
	}
}
