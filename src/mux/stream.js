import * as LIMITS from '../wire/limits.js';
/** The queue of a stream that has none. */
export const NO_BYTES = [];
/** One stream of a `Session`, which alone changes it. */
export class Stream {
    id;
    /** To be set before the carrier's next bytes. */
    handler;
    /** Bytes written that have not left. */
    queued = 0;
    /** Whether nothing more can happen to it. */
    closed = false;
    /** @internal */
    output = 'open';
    /** @internal */
    input = 'open';
    /** @internal */
    queue = NO_BYTES;
    /** Batches under way that had the last of what was written. @internal */
    flying = 0;
    /** Bytes that may be sent. @internal */
    sendWindow = LIMITS.muxWindowBytes;
    /** Bytes that may arrive. @internal */
    window = LIMITS.muxWindowBytes;
    /** What `window` is filled up to. @internal */
    fullWindow = LIMITS.muxWindowBytes;
    /** Bytes used up that `window` has not been given back. @internal */
    used = 0;
    /** When `window` was last filled up, in ms. @internal */
    filled = 0;
    /** @internal */
    constructor(id) {
        this.id = id;
    }
}
/** Why a stream was reset, as the length of the resetting frame; yamux leaves that number free. */
export const RESET_CODES = [
    'stream-reset',
    'limit-reached',
    'bad-meta',
    'mux-protocol',
    'stream-refused',
    'mux-closed',
];
//# sourceMappingURL=stream.js.map