import { HEADER_BYTES, setHeader } from './frame.js';

/** Where an engine puts the frames that it sends, one behind the other. */
export interface FrameList {
	/** Bytes put in since the last {@link take}. */
	readonly bytes: number;
	/** @param dataBytes how much data follows */
	header(kind: number, id: number, length: number, dataBytes?: number): void;
	data(bytes: Uint8Array): void;
	/** What was put in since the last call. */
	take(): Uint8Array[];
}

/** Puts all frames together, for a carrier of messages. */
export class Pieces implements FrameList {
	bytes = 0;
	#pieces: Uint8Array[] = [];

	header(kind: number, id: number, length: number): void {
		const bytes = new Uint8Array(HEADER_BYTES);
		setHeader(bytes, 0, kind, id, length);
		this.data(bytes);
	}

	data(bytes: Uint8Array): void {
		this.#pieces.push(bytes);
		this.bytes += bytes.length;
	}

	take(): Uint8Array[] {
		const all = joined(this.#pieces, this.bytes);
		this.#pieces = [];
		this.bytes = 0;
		return [all];
	}
}

/** Pieces as one. */
export function joined(pieces: Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
	const bytes = new Uint8Array(length);
	let at = 0;
	for (const piece of pieces) {
		bytes.set(piece, at);
		at += piece.length;
	}
	return bytes;
}
