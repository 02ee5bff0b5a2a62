/** Somebody who gives signs of life, and is asked for them. */
export interface Living {
	/**
	 * Time for a sign of life. Tells whether the other end has given one since it was last asked.
	 */
	beat(): boolean;
	/** Two beats have passed without one. */
	lost(): void;
}

/** How many beats may pass unanswered. */
const MISSES = 2;

/** How often the timer runs in one interval: links that come in one second are asked in one second. */
const TURNS = 15;

interface Pulse {
	due: number;
	missed: number;
}

/**
 * The heartbeat of all links: one timer, and a queue in the order in which they are due, so that a turn costs nothing
 * for those that are not.
 */
export class Heartbeat {
	readonly #interval: number;
	readonly #pulses = new Map<Living, Pulse>();
	#timer: NodeJS.Timeout | undefined;

	/** @param interval from one beat to the next, in milliseconds */
	constructor(interval: number) {
		this.#interval = interval;
	}

	add(living: Living): void {
		this.#pulses.set(living, { due: performance.now() + this.#interval, missed: 0 });
		this.#timer ??= setInterval(() => this.#turn(), Math.max(1, this.#interval / TURNS));
	}

	delete(living: Living): void {
		this.#pulses.delete(living);
		if (this.#pulses.size === 0) this.close();
	}

	close(): void {
		clearInterval(this.#timer);
		this.#timer = undefined;
		this.#pulses.clear();
	}

	#turn(): void {
		const now = performance.now();
		for (const [living, pulse] of this.#pulses) {
			if (pulse.due > now) return;
			// Its place in the queue is the last one now; one that was put off while this process stood still begins anew.
			this.#pulses.delete(living);
			this.#pulses.set(living, pulse);
			pulse.due = now + this.#interval;
			pulse.missed = living.beat() ? 0 : pulse.missed + 1;
			if (pulse.missed >= MISSES) living.lost();
		}
	}
}
