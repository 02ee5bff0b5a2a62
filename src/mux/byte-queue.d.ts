/**
 * Bytes that arrived and nobody has asked for. What waits takes about as much memory as it has bytes: small pieces
 * are copied together, and so is a piece of a much larger buffer, which it would keep alive.
 */
export declare class ByteQueue {
    #private;
    /** Bytes that wait. */
    bytes: number;
    push(bytes: Uint8Array): void;
    /** Takes out the next piece. */
    shift(): Uint8Array | undefined;
    clear(): void;
}
