import { Emitter } from '../../wire/emitter.js';
import { EnslavismError, rethrowLater } from '../../wire/errors.js';
import { encodeMeta, Session } from '../index.js';
import { Incoming, Outgoing } from './opening.js';
/** Bytes that a carrier may have in its hands. Enough to keep it busy, and little, so that turns are given out late. */
const IN_FLIGHT_BYTES = 256 * 1024;
/** Bytes handed to a byte stream at a time. */
const BATCH_BYTES = 128 * 1024;
/** How long, in ms, the last bytes may take to leave before the carrier is cut. */
const LAST_WORDS_MS = 5000;
/**
 * Many streams over one connection. `Face` is how a host shows a stream: a `Duplex` in Node, a pair of WHATWG streams
 * in a browser.
 */
export class MuxBase extends Emitter {
    /** @internal */
    session;
    /** Whether the connection is closed. */
    closed = false;
    #carrier;
    #hasMeta;
    #batchBytes;
    #inFlight = 0;
    #isPumping = false;
    #isPumpDue = false;
    #isEnding = false;
    #error;
    #heard = true;
    #beat;
    #closing = [];
    #pings = [];
    /** @internal */
    constructor(carrier, options) {
        super();
        if (typeof options?.client !== 'boolean')
            throw new EnslavismError('bad-option', 'client must be true or false');
        this.#carrier = carrier;
        this.#hasMeta = options.meta ?? true;
        const { messageBytes } = carrier;
        this.#batchBytes = messageBytes ?? BATCH_BYTES;
        this.session = new Session({
            ...options,
            ...(messageBytes === undefined ? {} : { packBytes: messageBytes, frameBytes: messageBytes }),
            reuse: carrier.copies,
        }, {
            opened: (stream) => this.#opened(stream),
            ready: () => this.#pumpSoon(),
            ponged: (rtt) => this.#ponged(rtt),
            leaving: () => this.emit('leaving'),
            stopped: (why) => this.#stopped(why),
        });
        carrier.attach({
            data: (bytes) => {
                this.#heard = true;
                this.session.receive(bytes, performance.now());
                if (this.#closing.length > 0)
                    this.#pumpSoon();
            },
            closed: (cause) => this.#carrierClosed(cause),
        });
        if (options.heartbeat !== undefined)
            this.#startHeartbeat(options.heartbeat);
    }
    /** How many streams are open. */
    get size() {
        return this.session.streams.size;
    }
    /** What opens streams: the mux itself, under the name that tcp-stream-muxer gave it. */
    get StreamPool() {
        return this;
    }
    /**
     * Opens a stream that can be written to at once, before the other end has heard of it.
     *
     * @param meta any JavaScript value that is data, at most 16 KiB encoded; the other end's `stream.meta`
     * @throws EnslavismError `bad-meta`; `limit-reached` when this end has as many streams as it may; `mux-closed` when
     *   either end is closing
     */
    openStream(meta) {
        const { stream, face } = this.#open(meta);
        stream.handler = face;
        return face;
    }
    /**
     * Opens a stream and waits until the other end has accepted it.
     *
     * @param meta see {@link openStream}
     * @param callback called with the stream when the other end has accepted it
     * @returns the same stream; rejects with what {@link openStream} throws, or with the code that the other end gave:
     *   `limit-reached`, `bad-meta`, `stream-refused`, `stream-reset`, `mux-closed`, `mux-lost`
     */
    createStream(meta, callback) {
        const created = this.#create(meta);
        if (callback !== undefined) {
            const call = (stream) => {
                try {
                    callback(stream);
                }
                catch (thrown) {
                    rethrowLater(thrown);
                }
            };
            // Whoever gave a callback may leave the promise alone.
            created.then(call, () => { });
        }
        return created;
    }
    /** Measures the round trip, in ms. Rejects with `mux-closed` or `mux-lost`. */
    ping() {
        return new Promise((resolve, reject) => {
            if (this.session.over) {
                reject(new EnslavismError('mux-closed'));
                return;
            }
            this.#pings.push({ resolve, reject });
            this.session.ping(performance.now());
        });
    }
    /** Opens and takes no more streams, lets those that are open finish, and closes the connection. Resolves then. */
    close() {
        return new Promise((resolve) => {
            if (this.closed) {
                resolve();
                return;
            }
            this.#closing.push({ resolve });
            this.session.leave();
            this.#pumpSoon();
        });
    }
    /** Closes the connection and all streams at once. */
    destroy() {
        this.session.stop('mux-closed');
    }
    #open(meta) {
        const first = this.#hasMeta ? encodeMeta(meta) : undefined;
        if (!this.#hasMeta && meta !== undefined)
            throw new EnslavismError('bad-meta', 'this mux was made without meta');
        const stream = this.session.open();
        if (first !== undefined)
            this.session.write(stream, first);
        return { stream, face: this.show(stream, meta) };
    }
    async #create(meta) {
        const { stream, face } = this.#open(meta);
        return new Promise((resolve, reject) => {
            stream.handler = new Outgoing(stream, face, resolve, reject);
        });
    }
    #opened(stream) {
        if (this.listenerCount('stream') === 0)
            return;
        if (this.#hasMeta) {
            stream.handler = new Incoming(this.session, stream, (meta) => this.#accept(stream, meta));
        }
        else
            this.#accept(stream, undefined);
    }
    #accept(stream, meta) {
        const face = this.show(stream, meta);
        stream.handler = face;
        this.session.accept(stream);
        this.emit('stream', face);
    }
    /** Sends after the current turn, so that what one turn writes goes out together. */
    #pumpSoon() {
        if (this.#isPumpDue || this.#isPumping)
            return;
        this.#isPumpDue = true;
        queueMicrotask(() => {
            this.#isPumpDue = false;
            this.#pump();
        });
    }
    #pump() {
        if (this.#isPumping || this.closed || this.#isEnding)
            return;
        this.#isPumping = true;
        while (this.#inFlight < IN_FLIGHT_BYTES) {
            const batch = this.session.pull(this.#batchBytes);
            if (batch === undefined)
                break;
            this.#inFlight += batch.bytes;
            this.#carrier.send(batch.pieces, () => this.#sent(batch));
        }
        this.#isPumping = false;
        const isDone = this.session.over || (this.#closing.length > 0 && this.size === 0);
        if (isDone && this.#inFlight < IN_FLIGHT_BYTES)
            this.#end();
    }
    #sent(batch) {
        this.#inFlight -= batch.bytes;
        this.session.sent(batch);
        this.#pump();
    }
    #ponged(rtt) {
        for (const { resolve } of this.#pings.splice(0))
            resolve(rtt);
    }
    #stopped(why) {
        if (why !== 'mux-closed')
            this.#error ??= new EnslavismError(why);
        this.#pumpSoon();
        if (this.closed)
            return;
        // A carrier that does not drain must not keep the rest.
        unref(setTimeout(() => {
            if (!this.closed)
                this.#carrier.destroy();
        }, LAST_WORDS_MS));
    }
    #end() {
        if (this.#isEnding)
            return;
        this.#isEnding = true;
        this.session.stop('mux-closed');
        this.#carrier.end();
    }
    #carrierClosed(cause) {
        if (this.closed)
            return;
        this.closed = true;
        clearTimeout(this.#beat);
        const isLost = cause !== undefined || (this.size > 0 && !this.session.leaving);
        if (isLost)
            this.#error ??= new EnslavismError('mux-lost', '', { cause });
        this.session.stop(isLost ? 'mux-lost' : 'mux-closed');
        const error = this.#error;
        for (const { reject } of this.#pings.splice(0))
            reject(error ?? new EnslavismError('mux-closed'));
        for (const { resolve } of this.#closing.splice(0))
            resolve();
        if (error !== undefined)
            this.emit('error', error);
        this.emit('close');
    }
    #startHeartbeat(ms) {
        let asked = false;
        const beat = () => {
            if (this.#heard)
                asked = false;
            else if (asked) {
                this.#error = new EnslavismError('mux-lost', 'the other end is silent');
                this.#carrier.destroy();
                return;
            }
            else {
                asked = true;
                this.session.ping(performance.now());
            }
            this.#heard = false;
            this.#beat = unref(setTimeout(beat, ms));
        };
        this.#beat = unref(setTimeout(beat, ms));
    }
}
/** Lets a Node process end although the timer runs; browsers have nothing like it. */
function unref(timer) {
    timer.unref?.();
    return timer;
}
//# sourceMappingURL=mux.js.map