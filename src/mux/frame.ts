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

/** Reasons of a go-away. */
export const GO_AWAY_REASONS = { normal: 0, protocol: 1, internal: 2 } as const;

/** The 32-bit number at `at`. */
export function uint32(bytes: Uint8Array, at: number): number {
	const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
	return ((high << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0;
}

function setUint32(bytes: Uint8Array, at: number, value: number): void {
	bytes[at] = value >>> 24;
	bytes[at + 1] = value >>> 16;
	bytes[at + 2] = value >>> 8;
	bytes[at + 3] = value;
}

/** Writes a header at `at`. */
export function setHeader(bytes: Uint8Array, at: number, kind: number, id: number, length: number): void {
	setUint32(bytes, at, kind);
	setUint32(bytes, at + 4, id);
	setUint32(bytes, at + 8, length);
}
