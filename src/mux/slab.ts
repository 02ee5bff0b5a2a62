/** Memory that small pieces share, one behind the other: each piece of memory has a price of its own. */
export class Slab {
	#bytes = new Uint8Array(0);
	#used = 0;

	/** @param size how much is shared where new memory is needed, at least `length` */
	take(length: number, size: number): Uint8Array {
		if (this.#used + length > this.#bytes.length) {
			this.#bytes = new Uint8Array(Math.max(length, size));
			this.#used = 0;
		}
		this.#used += length;
		return this.#bytes.subarray(this.#used - length, this.#used);
	}

	/** Lets go of what is left of it. */
	clear(): void {
		this.#bytes = new Uint8Array(0);
		this.#used = 0;
	}
}
