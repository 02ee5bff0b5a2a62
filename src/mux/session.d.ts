import { type ErrorCode } from '../wire/errors.js';
import { type Batch } from './packer.js';
import { Stream } from './stream.js';
/** What happens to a session. */
export interface SessionHandler {
    /** The other end opened a stream. It is refused unless it has a handler when this returns. */
    opened(stream: Stream): void;
    /** There is something to {@link Session.pull}. */
    ready(): void;
    /** The other end answered a ping, `rtt` ms after it was asked. */
    ponged(rtt: number): void;
    /** The other end takes no more streams; those that are open go on. */
    leaving(): void;
    /** The session is over: send what {@link Session.pull} still has, then close the carrier. */
    stopped(why: ErrorCode): void;
}
export interface SessionOptions {
    /** Whether this end is yamux's client, which numbers its streams oddly. One end is, the other is not. */
    client: boolean;
    /** Largest number of streams that each end may have open. Default 10 000. */
    maxStreams?: number | undefined;
    /** Largest window of a stream, in bytes. Default 4 MiB. */
    maxWindow?: number | undefined;
    /** Largest data of a frame, in bytes. Default 64 KiB. */
    frameBytes?: number | undefined;
    /** Data up to this many bytes is copied next to its header. Default 1 KiB. */
    packBytes?: number | undefined;
    /** Whether a batch is done with before the next one is pulled, so that its memory can be used again. Default `false`. */
    reuse?: boolean | undefined;
}
/**
 * Many streams over one ordered, reliable connection, as yamux describes them
 * (github.com/hashicorp/yamux/blob/master/spec.md). It knows no clock and no socket.
 *
 * The rule: give all that arrives to {@link receive}; after {@link SessionHandler.ready}, call {@link pull} until it
 * has nothing more, as fast as the carrier takes it, and {@link sent} for each batch that has left. Times are in ms, from any clock that does not go back.
 *
 * What yamux does not allow ends the session with a go-away where the frames themselves cannot be trusted any more,
 * and otherwise resets the one stream it is about.
 */
export declare class Session {
    #private;
    /** The streams that are open, by number. */
    readonly streams: Map<number, Stream>;
    /** The last round trip, in ms; `undefined` before the first answer. */
    rtt: number | undefined;
    /** Whether it takes and opens no more streams: it failed, or either end is leaving. */
    leaving: boolean;
    /** Whether nothing more can happen to it. */
    over: boolean;
    constructor(options: SessionOptions, handler: SessionHandler);
    /**
     * Opens a stream. It can be written to at once.
     *
     * @throws EnslavismError `limit-reached` when this end has as many as it may; `mux-closed` when either end is leaving
     */
    open(): Stream;
    /** Tells the other end that its stream is accepted. */
    accept(stream: Stream): void;
    /** Sends bytes; they must not change until {@link StreamHandler.sent}. */
    write(stream: Stream, bytes: Uint8Array): void;
    /** Sends no more on a stream after what was written; the other end may go on. */
    end(stream: Stream): void;
    /** Ends both directions of a stream at once, and drops what waits. */
    reset(stream: Stream, why?: ErrorCode): void;
    /** Says that `bytes` of a stream's data are used up, so that as many more may come. */
    consume(stream: Stream, bytes: number, now: number): void;
    /** Asks the other end for a sign of life, unless an answer is due already. */
    ping(now: number): void;
    /** Opens and takes no more streams; those that are open go on. */
    leave(): void;
    /** Ends the session and all its streams: its carrier is closed, or its owner wants no more of it. */
    stop(why: ErrorCode): void;
    /** The next frames to send, about `limit` bytes of them; `undefined` when there are none. */
    pull(limit: number): Batch | undefined;
    /** Says that a batch has left. Batches leave in order. */
    sent(batch: Batch): void;
    /** Takes what arrived. */
    receive(bytes: Uint8Array, now: number): void;
}
