import * as CLOSE from '../wire/close-codes.js';
import { type EnslavismError, errorOfClose, restartDelay } from '../wire/index.js';
import * as WAITS from '../wire/waits.js';
import { Backoff } from './backoff.js';
import type { OpenSocket, Socket } from './socket.js';

/** What a lasting socket tells its owner. */
export interface LastingSocketHandlers {
	/** The socket is open, for the first time or again. */
	opened?(): void;
	message(data: string | Uint8Array): void;
	/** The socket was lost; in `delay` milliseconds comes the attempt with this number since it was open. */
	lost?(error: EnslavismError, delay: number, attempt: number, code: number): void;
	/** The end: `close()` was called, or the other side does not want this socket. Nothing comes after this. */
	closed(error: EnslavismError, code: number): void;
	/** The host has reason to believe that it is online again, and the socket does not wait for that. */
	woken?(): void;
}

/** Tells when the host has reason to believe that it is online again; returns how to stop. */
export type OnWake = (wake: () => void) => () => void;

export interface LastingSocketOptions {
	readonly url: string;
	/** Asked before each attempt. */
	readonly protocols: string[];
	readonly openSocket: OpenSocket;
	readonly onWake: OnWake;
	/** Whether to come back. Default `true`. */
	readonly reconnect?: boolean | undefined;
	/** Where being open is not enough: whether the other side has let this one in. Until then it does not come back. */
	readonly admitted?: boolean;
	/** Largest bound of the wait before an attempt, in milliseconds. Default 15 s. */
	readonly backoffCap?: number | undefined;
}

/** A WebSocket that comes back when it is lost. */
export interface LastingSocket {
	readonly state: 'opening' | 'open' | 'waiting' | 'closed';
	/** Bytes that have not left yet. */
	readonly bufferedAmount: number;
	/** Sends a frame if the socket is open; tells whether it was. */
	send(data: string | Uint8Array | Uint8Array[]): boolean;
	/** Closes the socket for good. `reason` has at most 123 bytes. */
	close(code?: number, reason?: string): void;
	/** Gives up on a socket that is no use any more, and comes back with a new one. */
	drop(code: number, reason?: string): void;
	/** Does that after so many milliseconds, counted from the last call, unless the socket is lost before. */
	dropIn(ms: number): void;
}

/**
 * Opens a socket that comes back when it is lost.
 *
 *     opening ──▶ open ──▶ waiting ──▶ opening …
 *        └──────────┴─────────┴──────▶ closed
 */
export function openLastingSocket(options: LastingSocketOptions, handlers: LastingSocketHandlers): LastingSocket {
	const backoff = new Backoff();
	let state: LastingSocket['state'] = 'opening';
	/** There is none while this waits, or when it is closed. */
	let current: Socket | undefined;
	/** The one wait of each state. */
	let timer: unknown;
	let openedAt = 0;
	let attempt = 0;

	const enter = (next: typeof state): void => {
		clearTimeout(timer);
		state = next;
	};
	const open = (): void => {
		enter('opening');
		const socket = options.openSocket(options.url, options.protocols, {
			opened: () => {
				if (current !== socket) return;
				enter('open');
				attempt = 0;
				openedAt = performance.now();
				handlers.opened?.();
			},
			message: (data) => {
				if (current === socket) handlers.message(data);
			},
			closed: (code, reason) => {
				if (current === socket) lost(code, reason);
			},
		});
		current = socket;
		dropIn(WAITS.linkOpen);
	};
	const lost = (code: number, reason: string): void => {
		const wasOpen = state === 'open';
		if (options.reconnect === false || options.admitted === false || CLOSE.FINAL.includes(code)) {
			end(code, reason, wasOpen);
			return;
		}
		current = undefined;
		enter('waiting');
		if (wasOpen && performance.now() - openedAt >= WAITS.backoffReset) backoff.reset();
		const delay = restartDelay(reason) || backoff.next(options.backoffCap);
		timer = setTimeout(open, delay);
		handlers.lost?.(errorOfClose(code, reason, wasOpen), delay, ++attempt, code);
	};
	const end = (code: number, reason: string, wasOpen: boolean): void => {
		current = undefined;
		enter('closed');
		stopWaking();
		handlers.closed(errorOfClose(code, reason, options.admitted ?? wasOpen), code);
	};
	const drop = (code: number, reason = ''): void => {
		if (!current) return;
		current.close(code, reason);
		lost(code, reason);
	};
	const dropIn = (ms: number): void => {
		clearTimeout(timer);
		timer = setTimeout(() => drop(CLOSE.timeout, 'no answer in time'), ms);
	};

	const stopWaking = options.onWake(() => {
		if (state === 'waiting') open();
		else handlers.woken?.();
	});
	open();
	return {
		get state() {
			return state;
		},
		get bufferedAmount() {
			return current?.bufferedAmount ?? 0;
		},
		send(data) {
			if (state !== 'open') return false;
			current?.send(data);
			return true;
		},
		close(code = CLOSE.normal, reason = '') {
			if (state === 'closed') return;
			current?.close(code, reason);
			end(code, reason, true);
		},
		drop,
		dropIn,
	};
}
