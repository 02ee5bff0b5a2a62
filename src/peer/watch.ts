import { Timer } from './timer.js';

/** What a watch asks and tells. */
export interface WatchHandlers {
	/** Whether the other end owes an acknowledgement over the path. */
	waiting(): boolean;
	/** Asks the other end over the path; {@link Watch.answered} is to be called when it answers. */
	ask(): void;
	/** Nothing has been heard for too long. Tells whether that is the end of it; otherwise it is told again. */
	silent(): boolean;
}

/** How often it is looked, in milliseconds: once a round trip, within these. */
const LEAST_MS = 250;
const MOST_MS = 1000;

/** Looks in a row that find nothing until the path counts as silent: SCTP sends again within about a second what was lost. */
const LOOKS = 6;

/**
 * Watches whether anything is heard over a path, as long as something waits for an acknowledgement; nothing runs
 * otherwise. It counts looks rather than time, so that a host that slept, or had much to do, has not heard nothing.
 */
export class Watch {
	/** Whether anything was heard since the last look. */
	heard = false;
	readonly #handlers: WatchHandlers;
	readonly #timer = new Timer();
	#quiet = 0;
	/** When the other end was asked, if it has not answered. */
	#asked: number | undefined;
	/** The shortest round trip that was measured; 0 before. */
	#rtt = 0;

	constructor(handlers: WatchHandlers) {
		this.#handlers = handlers;
	}

	/** Something was sent that is to be acknowledged. */
	start(): void {
		if (this.#timer.running || !this.#handlers.waiting()) return;
		this.#quiet = 0;
		this.heard = false;
		this.#wait();
	}

	/** Asks, unless an answer is due: SCTP says it again until it arrives. */
	ask(): void {
		if (this.#asked !== undefined) return;
		this.#asked = performance.now();
		this.#handlers.ask();
	}

	/** The other end has answered; tells whether it was asked. */
	answered(): boolean {
		if (this.#asked === undefined) return false;
		const rtt = performance.now() - this.#asked;
		this.#rtt = Math.min(this.#rtt || rtt, rtt);
		this.#asked = undefined;
		return true;
	}

	/** The path is another one. */
	reset(): void {
		this.#timer.stop();
		this.#asked = undefined;
		this.#rtt = 0;
	}

	#wait(): void {
		this.#timer.set(Math.min(MOST_MS, Math.max(LEAST_MS, this.#rtt)), () => this.#look());
	}

	#look(): void {
		if (!this.#handlers.waiting()) return;
		this.#quiet = this.heard ? 0 : this.#quiet + 1;
		this.heard = false;
		if (this.#quiet > 0) this.ask();
		if (this.#quiet < LOOKS || !this.#handlers.silent()) this.#wait();
	}
}
