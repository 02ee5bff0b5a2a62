import type { Stream } from './stream.js';
/** Frames to send. */
export interface Batch {
    /** One behind the other; the memory stays as it is, unless `reuse` was asked for. */
    pieces: Uint8Array[];
    /** Sum of their lengths. */
    bytes: number;
    /** Streams that have nothing more to send. */
    finished: Stream[];
}
/**
 * Puts frames one behind the other. Headers and data up to `packBytes` are copied together, so that many small frames
 * become one piece; longer data is passed on as it is.
 */
export declare class Packer {
    #private;
    /** Bytes put in since the last {@link take}. */
    bytes: number;
    /** @param reuses whether what {@link take} gave is done with at the next {@link header} */
    constructor(packBytes: number, reuses: boolean);
    /** @param dataBytes how much data follows: it is kept together with its header if it is packed at all */
    header(kind: number, id: number, length: number, dataBytes?: number): void;
    data(bytes: Uint8Array): void;
    /** What was put in since the last call. */
    take(): Uint8Array[];
}
