import * as LIMITS from '../../wire/limits.js';
import type { Carrier, CarrierHandler } from './carrier.js';

/** The part of a `WebSocket` that a carrier needs; browsers, Node and `ws` have it. */
export interface WebSocketLike {
	readonly readyState: number;
	readonly bufferedAmount: number;
	binaryType: string;
	send(data: Uint8Array<ArrayBuffer>, sent?: (error?: Error) => void): void;
	close(): void;
	/** Only `ws` has it, and only `ws` tells when a message has left. */
	terminate?(): void;
	addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
	addEventListener(type: 'open' | 'close' | 'error', listener: (event: unknown) => void): void;
}

const CONNECTING = 0;
const OPEN = 1;

/** Bytes that may wait in a browser's socket before more is held back. */
const HIGH_BYTES = 512 * 1024;
/** How often, in ms, a browser's socket is asked whether it has sent enough: it has no event for that. */
const POLL_MS = 5;

/** Carries streams over a WebSocket, as binary messages; other messages are ignored. */
export function webSocketCarrier(socket: WebSocketLike): Carrier {
	const early: (() => void)[] = [];
	const whenOpen = (step: () => void): void => {
		if (socket.readyState === CONNECTING) early.push(step);
		else if (socket.readyState === OPEN) step();
	};
	const drained = (done: () => void): void => {
		if (socket.readyState === OPEN && socket.bufferedAmount > HIGH_BYTES) setTimeout(() => drained(done), POLL_MS);
		else done();
	};
	const send = (pieces: Uint8Array[], done: () => void): void => {
		const last = pieces.length - 1;
		for (const [index, piece] of (pieces as Uint8Array<ArrayBuffer>[]).entries()) {
			if (socket.terminate === undefined) socket.send(piece);
			else socket.send(piece, index === last ? done : undefined);
		}
		if (socket.terminate === undefined) queueMicrotask(() => drained(done));
	};
	return {
		messageBytes: LIMITS.muxMessageBytes,
		// But for a client's masking, ws sends the very bytes that it was given.
		copies: socket.terminate === undefined,
		attach: (handler: CarrierHandler) => {
			let problem: unknown;
			socket.binaryType = 'arraybuffer';
			socket.addEventListener('message', ({ data }) => {
				if (data instanceof ArrayBuffer) handler.data(new Uint8Array(data));
			});
			socket.addEventListener('open', () => {
				for (const step of early.splice(0)) step();
			});
			socket.addEventListener('error', (event) => {
				problem = (event as { error?: unknown }).error ?? new Error('the WebSocket failed');
			});
			socket.addEventListener('close', () => handler.closed(problem));
			if (socket.readyState > OPEN) queueMicrotask(() => handler.closed(problem));
		},
		send: (pieces, done) => {
			// What has to wait is the one thing that is kept.
			const kept = socket.readyState === CONNECTING ? pieces.map((piece) => piece.slice()) : pieces;
			whenOpen(() => send(kept, done));
		},
		end: () => whenOpen(() => socket.close()),
		destroy: () => (socket.terminate === undefined ? socket.close() : socket.terminate()),
	};
}
