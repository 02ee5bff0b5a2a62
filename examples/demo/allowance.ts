/** How often something may happen: `most` times at once, and `perSecond` on average. */
export class Allowance {
	readonly #most: number;
	readonly #perSecond: number;
	#left: number;
	#since = performance.now();

	constructor(most: number, perSecond: number) {
		this.#most = most;
		this.#perSecond = perSecond;
		this.#left = most;
	}

	/** Uses it once; tells whether it was allowed. */
	use(): boolean {
		const now = performance.now();
		this.#left = Math.min(this.#most, this.#left + ((now - this.#since) / 1000) * this.#perSecond);
		this.#since = now;
		if (this.#left < 1) return false;
		this.#left--;
		return true;
	}
}
