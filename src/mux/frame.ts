/**
 * Frames of yamux. A header is 12 bytes, its numbers in network order; data follows it in data frames only.
 *
 *     | version 8 | type 8 | flags 16 | stream 32 | length 32 |
 *
 * Length is the number of bytes that follow (data), the bytes by which a window grows (window), a number of the
 * sender's (ping), or a reason (go-away).
 */

/** Bytes of a header. */
export const HEADER_BYTES = 12;

export const DATA = 0;
export const WINDOW = 1;
export const PING = 2;
export const GO_AWAY = 3;

export const SYN = 1;
export const ACK = 2;
export const FIN = 4;
export const RST = 8;

/** Why a stream was reset, as the length of the resetting frame: their places in `RESET_CODES`. */
export const LIMIT = 1;
export const PROTOCOL = 3;
export const REFUSED = 4;

/** Reasons of a go-away. */
export const GO_AWAY_REASONS = { normal: 0, protocol: 1, internal: 2 } as const;

/** Writes a header at `at`. */
export function setHeader(bytes: Uint8Array, at: number, kind: number, id: number, length: number): void {
	const view = new DataView(bytes.buffer, bytes.byteOffset + at);
	view.setUint32(0, kind);
	view.setUint32(4, id);
	view.setUint32(8, length);
}
