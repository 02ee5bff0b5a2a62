import * as LIMITS from '../../wire/limits.js';
import { Engine } from '../engine.js';
import { HEADER_BYTES } from '../frame.js';
import { Packer } from '../packer.js';
import { joined } from '../pieces.js';
import type { Stream } from '../stream.js';

/** The socket that a {@link LinkMux} shares with others. */
export interface LinkMuxHost {
	/** Bytes that wait in the socket. */
	readonly bufferedAmount: number;
	/** Sends binary frames, together where that can be. */
	sendBytes(frames: Uint8Array[]): void;
	/** The other end opened a stream; it is refused unless it has a handler when this returns. */
	opened(stream: Stream): void;
	/** What arrived is not yamux. */
	broken(): void;
}

/** Bytes that may wait in the socket before more is held back, so that what else is said there need not wait long. */
const HIGH_BYTES = 64 * 1024;

/** How much data one stream sends before it is another one's turn. */
const FRAME_BYTES = 32 * 1024;

/** Data up to this many bytes is copied together with others. */
const PACK_BYTES = 4 * 1024;

/** How often, in ms, the socket is asked whether it has sent enough: browsers have no event for that. */
const POLL_MS = 4;

/** A handler of a stream that cares for nothing. */
export const NO_HANDLER = { data: () => {}, ended: () => {}, accepted: () => {}, sent: () => {}, broken: () => {} };

/** Streams over the binary frames of a WebSocket that carries other messages as well. */
export class LinkMux {
	readonly session: Engine;
	readonly #host: LinkMuxHost;
	#poll: unknown;
	#flushing = false;

	/** @param client whether this end is yamux's client */
	constructor(client: boolean, host: LinkMuxHost) {
		this.#host = host;
		this.session = new Engine(
			{ client, frameBytes: FRAME_BYTES, maxWindow: LIMITS.relayWindowBytes },
			{
				opened: (stream) => host.opened(stream),
				ready: () => this.#flush(),
				stopped: (why) => {
					clearTimeout(this.#poll);
					if (why !== 'mux-lost') host.broken();
				},
			},
			new Packer(PACK_BYTES, false),
		);
	}

	/** Takes a binary frame. */
	receive(bytes: Uint8Array): void {
		this.session.receive(bytes, performance.now());
	}

	/** Says that bytes of a stream are used up, so that as many more may come. */
	consume(stream: Stream, bytes: number): void {
		this.session.consume(stream, bytes, performance.now());
	}

	/** Lets everything leave that there is room for. */
	flush(): void {
		this.#send();
	}

	/** The socket is lost, and every stream with it. */
	close(): void {
		this.session.stop('mux-lost');
		clearTimeout(this.#poll);
	}

	/** Collects what is written in one breath. */
	#flush(): void {
		if (this.#flushing) return;
		this.#flushing = true;
		queueMicrotask(() => this.#send());
	}

	#send(): void {
		this.#flushing = false;
		clearTimeout(this.#poll);
		while (this.#host.bufferedAmount < HIGH_BYTES) {
			const batch = this.session.pull(HEADER_BYTES + FRAME_BYTES);
			if (batch === undefined) return;
			// As they are: to put them together costs more than a few frames of the socket.
			this.#host.sendBytes(batch.pieces);
			this.session.sent(batch);
		}
		if (!this.session.over) this.#poll = setTimeout(() => this.#send(), POLL_MS);
	}
}

/** Reads the id of the session that a stream is for, which it begins with: a byte of length, and the id. */
export class StreamHead {
	#read = new Uint8Array(0);

	/** Takes bytes; gives the session's id and what came behind it, once all of the id is there. */
	push(bytes: Uint8Array): { session: string; rest: Uint8Array } | undefined {
		this.#read = joined([this.#read, bytes]);
		const end = 1 + (this.#read[0] ?? 0);
		if (this.#read.length < end) return undefined;
		return { session: new TextDecoder().decode(this.#read.slice(1, end)), rest: this.#read.slice(end) };
	}
}

/** The bytes that a session's stream begins with. */
export function streamHead(session: string): Uint8Array {
	const id = new TextEncoder().encode(session);
	return Uint8Array.of(id.length, ...id);
}
