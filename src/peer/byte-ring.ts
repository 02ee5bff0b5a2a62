import * as LIMITS from '../wire/limits.js';

/** Memory above this goes again when little of it is used: most channels are idle, or say little. */
const IDLE_BYTES = 64 * 1024;

/** Bytes that go in at one end and out at the other, in memory that is used again and again. */
export class ByteRing {
	#memory = new Uint8Array(0);
	/** Where the first byte is. */
	#first = 0;
	#length = 0;

	/** How many bytes of memory it has. */
	get capacity(): number {
		return this.#memory.length;
	}

	/** Copies bytes in. */
	put(bytes: Uint8Array): void {
		const length = this.#length + bytes.length;
		const size = this.#memory.length;
		if (length > size) this.#resize(Math.max(length, Math.min(2 * size, LIMITS.channelBufferedBytes), 1024));
		const at = (this.#first + this.#length) % (this.#memory.length || 1);
		const room = this.#memory.length - at;
		if (bytes.length <= room) this.#memory.set(bytes, at);
		else {
			this.#memory.set(bytes.subarray(0, room), at);
			this.#memory.set(bytes.subarray(room));
		}
		this.#length = length;
	}

	/** Lets go of the first bytes. */
	drop(length: number): void {
		this.#length -= length;
		const size = this.#memory.length;
		this.#first = (this.#first + length) % (size || 1);
		if (size > IDLE_BYTES && this.#length < size / 8) this.#resize(size / 4);
	}

	/** A copy of so many bytes, that many after the first. */
	read(offset: number, length: number): Uint8Array {
		const copy = new Uint8Array(length);
		const at = (this.#first + offset) % (this.#memory.length || 1);
		const tail = this.#memory.subarray(at, at + length);
		copy.set(tail);
		copy.set(this.#memory.subarray(0, length - tail.length), tail.length);
		return copy;
	}

	#resize(size: number): void {
		const memory = new Uint8Array(size);
		memory.set(this.read(0, this.#length));
		this.#memory = memory;
		this.#first = 0;
	}
}
