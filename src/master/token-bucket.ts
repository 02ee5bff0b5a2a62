/** What a bucket allows: so much at once, and so much a second from then on. */
export interface Rate {
	readonly perSecond: number;
	readonly burst: number;
}

/** A rate limit. Knows no clock: time is an argument, in milliseconds. */
export class TokenBucket {
	readonly #rate: Rate;
	#left: number;
	#at: number;

	constructor(rate: Rate, now: number) {
		this.#rate = rate;
		this.#left = rate.burst;
		this.#at = now;
	}

	/** Takes `amount` out; tells whether it was there. */
	take(amount: number, now: number): boolean {
		const { perSecond, burst } = this.#rate;
		this.#left = Math.min(burst, this.#left + ((now - this.#at) / 1000) * perSecond);
		this.#at = now;
		if (this.#left < amount) return false;
		this.#left -= amount;
		return true;
	}
}
