/** @typedef {{ received: number, sent: number, bytes: number, lost: number }} Rates a second; `lost` as a share */

/** Counts what goes over the unreliable channel. */
export class Traffic {
	#received = 0;
	#sent = 0;
	#bytes = 0;
	#since = performance.now();
	#firstTick = 0;
	#lastTick = 0;

	/** @param {number} bytes @param {number} tick */
	heard(bytes, tick) {
		this.#received++;
		this.#bytes += bytes;
		this.#firstTick ||= tick;
		this.#lastTick = Math.max(this.#lastTick, tick);
	}

	/** @param {number} bytes */
	said(bytes) {
		this.#sent++;
		this.#bytes += bytes;
	}

	/** What there was since the last call. @returns {Rates} */
	take() {
		const seconds = (performance.now() - this.#since) / 1000;
		const expected = this.#firstTick === 0 ? 0 : this.#lastTick - this.#firstTick + 1;
		const rates = {
			received: this.#received / seconds,
			sent: this.#sent / seconds,
			bytes: this.#bytes / seconds,
			lost: expected === 0 ? 0 : Math.max(0, 1 - this.#received / expected),
		};
		this.#received = this.#sent = this.#bytes = 0;
		this.#since = performance.now();
		this.#firstTick = this.#lastTick === 0 ? 0 : this.#lastTick + 1;
		this.#lastTick = 0;
		return rates;
	}
}
