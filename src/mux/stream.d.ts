import type { ErrorCode } from '../wire/errors.js';
/** What happens to one stream. Handlers may call the session. */
export interface StreamHandler {
    /** Bytes arrived, in memory of the carrier's. Once they are used up, `consume` of its session wants to know. */
    data(bytes: Uint8Array): void;
    /** The other end sends no more. */
    ended(): void;
    /** The other end has accepted the stream. */
    accepted(): void;
    /** All that was written has left, and the end if it was told. */
    sent(): void;
    /** The stream was reset, by either end, or its session is over; nothing more happens to it. */
    broken(why: ErrorCode): void;
}
/**
 * One direction of a stream:
 *
 *     open ──▶ ending ──▶ ended        (ending: what was written before the end still waits)
 */
type Direction = 'open' | 'ending' | 'ended';
/** The queue of a stream that has none. */
export declare const NO_BYTES: Uint8Array[];
/** One stream of a `Session`, which alone changes it. */
export declare class Stream {
    readonly id: number;
    /** To be set before the carrier's next bytes. */
    handler: StreamHandler | undefined;
    /** Bytes written that have not left. */
    queued: number;
    /** Whether nothing more can happen to it. */
    closed: boolean;
    /** @internal */
    output: Direction;
    /** @internal */
    input: Direction;
    /** @internal */
    queue: Uint8Array<ArrayBufferLike>[];
    /** Batches under way that had the last of what was written. @internal */
    flying: number;
    /** Bytes that may be sent. @internal */
    sendWindow: number;
    /** Bytes that may arrive. @internal */
    window: number;
    /** What `window` is filled up to. @internal */
    fullWindow: number;
    /** Bytes used up that `window` has not been given back. @internal */
    used: number;
    /** When `window` was last filled up, in ms. @internal */
    filled: number;
    /** @internal */
    constructor(id: number);
}
/** Why a stream was reset, as the length of the resetting frame; yamux leaves that number free. */
export declare const RESET_CODES: readonly ErrorCode[];
export {};
