import { HEADER_BYTES, setHeader } from './frame.js';

/** Memory that headers and small data are packed into. */
const SLAB_BYTES = 16 * 1024;

/**
 * Puts frames one behind the other. Headers and data up to `packBytes` are copied together, so that many small frames
 * become one piece; longer data is passed on as it is.
 */
export class Packer {
	/** Bytes put in since the last {@link take}. */
	bytes = 0;
	readonly #packBytes: number;
	readonly #reuses: boolean;
	#pieces: Uint8Array[] = [];
	#slab = new Uint8Array(0);
	#from = 0;
	#to = 0;

	/** @param reuses whether what {@link take} gave is done with at the next {@link header} */
	constructor(packBytes: number, reuses: boolean) {
		this.#packBytes = packBytes;
		this.#reuses = reuses;
	}

	/** @param dataBytes how much data follows: it is kept together with its header if it is packed at all */
	header(kind: number, id: number, length: number, dataBytes = 0): void {
		this.#reserve(HEADER_BYTES + (dataBytes > this.#packBytes ? 0 : dataBytes));
		setHeader(this.#slab, this.#to, kind, id, length);
		this.#advance(HEADER_BYTES);
	}

	data(bytes: Uint8Array): void {
		if (bytes.length > this.#packBytes) {
			this.#cut();
			this.#pieces.push(bytes);
			this.bytes += bytes.length;
			return;
		}
		this.#reserve(bytes.length);
		this.#slab.set(bytes, this.#to);
		this.#advance(bytes.length);
	}

	/** What was put in since the last call. */
	take(): Uint8Array[] {
		this.#cut();
		const pieces = this.#pieces;
		this.#pieces = [];
		this.bytes = 0;
		if (this.#reuses) {
			this.#from = 0;
			this.#to = 0;
		}
		return pieces;
	}

	#advance(bytes: number): void {
		this.#to += bytes;
		this.bytes += bytes;
	}

	#cut(): void {
		if (this.#to > this.#from) this.#pieces.push(this.#slab.subarray(this.#from, this.#to));
		this.#from = this.#to;
	}

	#reserve(bytes: number): void {
		if (this.#to + bytes <= this.#slab.length) return;
		this.#cut();
		// A carrier may still hold what was packed before.
		this.#slab = new Uint8Array(Math.max(SLAB_BYTES, bytes));
		this.#from = 0;
		this.#to = 0;
	}
}
