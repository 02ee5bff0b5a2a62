import { backoffBase, backoffCap } from '../wire/waits.js';

/**
 * When to try again: exponential backoff with full jitter, the one of the whole project. Full jitter (a wait anywhere
 * between nothing and the bound) spreads many who lost the same master better than a fixed share of the bound does.
 *
 * Knows no clock: {@link next} gives a wait in milliseconds, and the caller waits.
 */
export class Backoff {
	#bound = backoffBase;

	/**
	 * The wait before the next attempt, in milliseconds: at most 0.5 s, 1 s, 2 s … and then the cap.
	 *
	 * @param cap largest bound of a wait, in milliseconds; 15 s by default
	 */
	next(cap: number = backoffCap): number {
		const bound = Math.min(cap, this.#bound);
		this.#bound = 2 * bound;
		return Math.random() * bound;
	}

	/** An attempt has succeeded. */
	reset(): void {
		this.#bound = backoffBase;
	}
}
