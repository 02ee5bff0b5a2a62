import { EnslavismError } from '../../wire/errors.js';
import { MetaReader } from '../index.js';
/** A stream that the other end opened, until its meta is known. */
export class Incoming {
    #session;
    #stream;
    #known;
    #reader = new MetaReader();
    /** @param known gives the stream its next handler */
    constructor(session, stream, known) {
        this.#session = session;
        this.#stream = stream;
        this.#known = known;
    }
    data(bytes) {
        const stream = this.#stream;
        let own;
        try {
            own = this.#reader.push(bytes);
        }
        catch {
            this.#session.reset(stream, 'bad-meta');
            return;
        }
        // Too few to be worth a measurement of the time.
        this.#session.consume(stream, own ?? bytes.length, 0);
        if (own === undefined)
            return;
        this.#known(this.#reader.meta);
        if (own < bytes.length && !stream.closed)
            stream.handler?.data(bytes.subarray(own));
    }
    ended() {
        this.#session.reset(this.#stream, 'bad-meta');
    }
    accepted() { }
    sent() { }
    broken() { }
}
/** A stream that this end opened, until the other end has accepted it. */
export class Outgoing {
    #stream;
    #face;
    #resolve;
    #reject;
    constructor(stream, face, resolve, reject) {
        this.#stream = stream;
        this.#face = face;
        this.#resolve = resolve;
        this.#reject = reject;
    }
    data(bytes) {
        this.#face.data(bytes);
    }
    ended() {
        this.#face.ended();
    }
    accepted() {
        this.#stream.handler = this.#face;
        this.#face.accepted();
        this.#resolve(this.#face);
    }
    sent() {
        this.#face.sent();
    }
    broken(why) {
        this.#face.broken(why);
        this.#reject(new EnslavismError(why));
    }
}
//# sourceMappingURL=opening.js.map