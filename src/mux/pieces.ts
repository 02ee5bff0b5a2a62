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

/** Pieces as one. */
export function joined(pieces: Uint8Array[]): Uint8Array<ArrayBuffer> {
	const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
	let at = 0;
	for (const piece of pieces) {
		bytes.set(piece, at);
		at += piece.length;
	}
	return bytes;
}
