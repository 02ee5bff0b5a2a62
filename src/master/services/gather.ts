/** A text or binary message as a WebSocket frame of a server: final, not masked, not compressed (RFC 6455 section 5.2). */
export function frameOf(data: Uint8Array, binary: boolean): Buffer {
	const header = data.length < 126 ? 2 : data.length < 65_536 ? 4 : 10;
	const frame = Buffer.allocUnsafe(header + data.length);
	frame[0] = 0x80 | (binary ? 2 : 1);
	if (header === 2) {
		frame[1] = data.length;
	} else if (header === 4) {
		frame[1] = 126;
		frame.writeUInt16BE(data.length, 2);
	} else {
		frame[1] = 127;
		frame.writeBigUInt64BE(BigInt(data.length), 2);
	}
	frame.set(data, header);
	return frame;
}

/** What may gather, in bytes. Larger pieces are not sent faster. */
const GATHERED_BYTES = 64 * 1024;
/** How often longer than sending took at last frames are gathered: sending takes at most a fifth of the time… */
const REST = 4;
/** …unless frames would wait longer than this, in milliseconds; then it takes at most half of the time. */
const SHORT_REST = 20;
/** Frames never wait longer than this, in milliseconds. */
const LONGEST_REST = 1000;

/**
 * Gathers frames that go to many sockets, because the costs are those of the writes and not of the bytes. Alone, a frame
 * goes at once; while many come, each write takes what has come since the last one, and the more sockets there are, the
 * longer that is.
 *
 * Knows no clock: whoever holds it asks {@link due}, waits, and tells {@link sent}.
 */
export class Gather {
	#frames: Uint8Array[] = [];
	#bytes = 0;
	#notBefore = 0;

	get empty(): boolean {
		return this.#frames.length === 0;
	}

	/** Whether nothing more should be added before what there is has been sent. */
	get full(): boolean {
		return this.#bytes >= GATHERED_BYTES;
	}

	add(frame: Uint8Array): void {
		this.#frames.push(frame);
		this.#bytes += frame.length;
	}

	/** In how many milliseconds the frames should be sent. */
	due(now: number): number {
		return Math.max(0, this.#notBefore - now);
	}

	/** Gives all frames, in order, as one piece. */
	take(): Uint8Array {
		const [first] = this.#frames;
		const piece = this.#frames.length === 1 && first !== undefined ? first : Buffer.concat(this.#frames);
		this.#frames = [];
		this.#bytes = 0;
		return piece;
	}

	/** A piece was sent, from `started` to `ended`. */
	sent(started: number, ended: number): void {
		const took = ended - started;
		this.#notBefore = ended + Math.min(REST * took, Math.max(took, SHORT_REST), LONGEST_REST);
	}
}
