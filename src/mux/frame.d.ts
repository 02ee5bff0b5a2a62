/**
 * Frames of yamux. A header is 12 bytes, its numbers in network order; data follows it in data frames only.
 *
 *     | version 8 | type 8 | flags 16 | stream 32 | length 32 |
 *
 * Length is the number of bytes that follow (data), the bytes by which a window grows (window), a number of the
 * sender's (ping), or a reason (go-away).
 */
/** Bytes of a header. */
export declare const HEADER_BYTES = 12;
export declare const DATA = 0;
export declare const WINDOW = 1;
export declare const PING = 2;
export declare const GO_AWAY = 3;
export declare const SYN = 1;
export declare const ACK = 2;
export declare const FIN = 4;
export declare const RST = 8;
/** Reasons of a go-away. */
export declare const GO_AWAY_REASONS: {
    readonly normal: 0;
    readonly protocol: 1;
    readonly internal: 2;
};
/** The 32-bit number at `at`. */
export declare function uint32(bytes: Uint8Array, at: number): number;
/** Writes a header at `at`. */
export declare function setHeader(bytes: Uint8Array, at: number, kind: number, id: number, length: number): void;
