import { Emitter } from '../../wire/emitter.js';
import { EnslavismError } from '../../wire/errors.js';
import { Session, type Stream, type StreamHandler } from '../index.js';
import type { Carrier } from './carrier.js';
/** Options of a mux. */
export interface MuxOptions {
    /** Whether this end numbers its streams as yamux's client. One end is the client, the other is not. */
    client: boolean;
    /**
     * Whether streams begin with `meta`, which is Enslavism's own way to open them; both ends must agree. Turn it off to
     * talk to another implementation of yamux. Default `true`.
     */
    meta?: boolean | undefined;
    /** Streams that each end may have open at the same time. Default 10 000. */
    maxStreams?: number | undefined;
    /** Largest receive window of a stream, in bytes: 256 KiB, or more to let it grow. Default 4 MiB. */
    maxWindow?: number | undefined;
    /** A connection on which nothing arrives for this long, in ms, is asked, and after as long again lost. Default: never. */
    heartbeat?: number | undefined;
}
export type MuxEvents<Face> = {
    /** The other end opened a stream. */
    stream: [stream: Face];
    /** The connection was lost, or the other end broke its rules; `close` follows. */
    error: [error: EnslavismError];
    /** The other end takes no more streams; those that are open go on. */
    leaving: [];
    /** The connection is closed. The last event. */
    close: [];
};
/**
 * Many streams over one connection. `Face` is how a host shows a stream: a `Duplex` in Node, a pair of WHATWG streams
 * in a browser.
 */
export declare abstract class MuxBase<Face extends StreamHandler> extends Emitter<MuxEvents<Face>> {
    #private;
    /** @internal */
    readonly session: Session;
    /** Whether the connection is closed. */
    closed: boolean;
    /** @internal */
    constructor(carrier: Carrier, options: MuxOptions);
    /** How many streams are open. */
    get size(): number;
    /** What opens streams: the mux itself, under the name that tcp-stream-muxer gave it. */
    get StreamPool(): Pick<this, 'createStream' | 'openStream' | 'size'>;
    /**
     * Opens a stream that can be written to at once, before the other end has heard of it.
     *
     * @param meta any JavaScript value that is data, at most 16 KiB encoded; the other end's `stream.meta`
     * @throws EnslavismError `bad-meta`; `limit-reached` when this end has as many streams as it may; `mux-closed` when
     *   either end is closing
     */
    openStream(meta?: unknown): Face;
    /**
     * Opens a stream and waits until the other end has accepted it.
     *
     * @param meta see {@link openStream}
     * @param callback called with the stream when the other end has accepted it
     * @returns the same stream; rejects with what {@link openStream} throws, or with the code that the other end gave:
     *   `limit-reached`, `bad-meta`, `stream-refused`, `stream-reset`, `mux-closed`, `mux-lost`
     */
    createStream(meta?: unknown, callback?: (stream: Face) => void): Promise<Face>;
    /** Measures the round trip, in ms. Rejects with `mux-closed` or `mux-lost`. */
    ping(): Promise<number>;
    /** Opens and takes no more streams, lets those that are open finish, and closes the connection. Resolves then. */
    close(): Promise<void>;
    /** Closes the connection and all streams at once. */
    destroy(): void;
    /** Makes what the user sees of a stream. */
    protected abstract show(stream: Stream, meta: unknown): Face;
}
