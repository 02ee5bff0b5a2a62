import type { ErrorCode } from '../wire/errors.js';
import * as LIMITS from '../wire/limits.js';
import { Engine, type EngineHandler, type EngineOptions } from './engine.js';
import { ACK, PING, SYN, WINDOW } from './frame.js';
import { Packer } from './packer.js';
import type { Stream } from './stream.js';

/** What happens to a session. */
export interface SessionHandler extends EngineHandler {
	/** The other end answered a ping, `rtt` ms after it was asked. */
	ponged?(rtt: number): void;
}

export interface SessionOptions extends EngineOptions {
	/** Data up to this many bytes is copied next to its header. Default 1 KiB. */
	packBytes?: number | undefined;
	/** Whether a batch is done with before the next one is pulled, so that its memory can be used again. Default `false`. */
	reuse?: boolean | undefined;
}

/** How old a measured round trip may be, in ms, when a window asks for it. */
const RTT_AGE = 250;

/**
 * All that yamux has: an {@link Engine} that also measures round trips, lets windows grow with them, packs small frames,
 * and goes away in peace.
 */
export class Session extends Engine {
	/** The last round trip, in ms; `undefined` before the first answer. */
	rtt: number | undefined;
	readonly #told: SessionHandler;
	/** Bytes by which the windows of open streams have grown. */
	#grown = 0;
	#refusing = false;
	#pings = 0;
	#pinged: number | undefined;
	#pongedAt = Number.NEGATIVE_INFINITY;

	constructor(options: SessionOptions, handler: SessionHandler) {
		super(options, handler, new Packer(options.packBytes ?? 1024, options.reuse ?? false));
		this.#told = handler;
	}

	/** Tells the other end that its stream is accepted. */
	accept(stream: Stream): void {
		if (!stream.closed) this.tell(WINDOW, ACK, stream.id, 0);
	}

	/** Asks the other end for a sign of life, unless an answer is due already. */
	ping(now: number): void {
		if (this.#pinged !== undefined || this.over) return;
		this.#pinged = now;
		this.tell(PING, SYN, 0, ++this.#pings);
	}

	/** Opens and takes no more streams; those that are open go on. */
	override leave(): void {
		if (this.#refusing || this.over) return;
		this.#refusing = true;
		super.leave();
	}

	/** How much a window grows that is filled up now: it doubles while its reader uses half of it in four round trips. */
	protected override growth(stream: Stream, now: number): number {
		const { fullWindow, filled } = stream;
		stream.filled = now;
		if (fullWindow >= this.maxWindow) return 0;
		if (now - this.#pongedAt > RTT_AGE) this.ping(now);
		if (this.rtt === undefined || now - filled > 4 * this.rtt) return 0;
		const room = Math.min(fullWindow, this.maxWindow - fullWindow, LIMITS.muxGrowthBytes - this.#grown);
		const grown = Math.max(0, room);
		this.#grown += grown;
		return grown;
	}

	protected override refusal(): ErrorCode | undefined {
		return this.#refusing ? 'mux-closed' : super.refusal();
	}

	protected override ponged(number: number, now: number): void {
		if (number !== this.#pings || this.#pinged === undefined) return;
		this.rtt = now - this.#pinged;
		this.#pinged = undefined;
		this.#pongedAt = now;
		this.#told.ponged?.(this.rtt);
	}

	protected override forget(stream: Stream): void {
		this.#grown -= stream.fullWindow - LIMITS.muxWindowBytes;
		super.forget(stream);
	}
}
