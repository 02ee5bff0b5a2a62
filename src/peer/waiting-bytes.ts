/** Memory that an empty queue keeps for what comes next. */
const KEPT_BYTES = 4 * 1024;

/** Bytes that wait, one behind the other: however small the pieces, they take no more than about twice the memory. */
export class WaitingBytes {
	#bytes: Uint8Array = new Uint8Array(0);
	#from = 0;
	#to = 0;

	get length(): number {
		return this.#to - this.#from;
	}

	/** Makes room for so many bytes at the end, to be written at once. */
	add(size: number): Uint8Array {
		if (this.#to + size > this.#bytes.length) {
			const { length } = this;
			const grown = new Uint8Array(2 * length + size);
			grown.set(this.take(length));
			this.#bytes = grown;
			this.#from = 0;
			this.#to = length;
		}
		this.#to += size;
		return this.#bytes.subarray(this.#to - size, this.#to);
	}

	/** Puts bytes at the end; where none wait they are not copied, and must not change. */
	push(bytes: Uint8Array): void {
		if (this.length > 0) this.add(bytes.length).set(bytes);
		else {
			this.#bytes = bytes;
			this.#from = 0;
			this.#to = bytes.length;
		}
	}

	/** A look at what waits. */
	peek(): DataView {
		return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + this.#from);
	}

	/** Takes out so many bytes. They may change as soon as others are added. */
	take(size: number): Uint8Array {
		this.#from += size;
		const taken = this.#bytes.subarray(this.#from - size, this.#from);
		if (this.length === 0) {
			this.#from = 0;
			this.#to = 0;
			if (this.#bytes.length > KEPT_BYTES) this.#bytes = new Uint8Array(0);
		}
		return taken;
	}
}
