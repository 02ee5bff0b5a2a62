import { backoffBase, backoffCap } from '../wire/waits.js';

/**
 * When to try again: exponential backoff with full jitter, the one of the whole project. Full jitter (a wait anywhere
 * between nothing and the bound) spreads many who lost the same master better than a fixed share of the bound does.
 *
 * Knows no clock: {@link next} gives a wait in milliseconds, and the caller waits.
 */
export class Backoff {
	readonly #random: () => number;
	readonly #cap: number;
	#attempt = 0;

	/**
	 * @param random numbers from 0 (included) to 1 (excluded)
	 * @param cap largest bound of a wait, in milliseconds; 15 s by default
	 */
	constructor(random: () => number = Math.random, cap: number = backoffCap) {
		this.#random = random;
		this.#cap = cap;
	}

	/** How many attempts there were since the last success. */
	get attempt(): number {
		return this.#attempt;
	}

	/** The wait before the next attempt, in milliseconds: at most 0.5 s, 1 s, 2 s … and then the cap. */
	next(): number {
		const bound = Math.min(this.#cap, backoffBase * 2 ** this.#attempt);
		this.#attempt++;
		return this.#random() * bound;
	}

	/** An attempt has succeeded. */
	reset(): void {
		this.#attempt = 0;
	}
}
