import { EnslavismError } from '../wire/errors.js';
import * as LIMITS from '../wire/limits.js';
import { decodeUserData, encodeUserData } from '../wire/user-data.js';
/**
 * Enslavism's own opening: the first bytes of a stream say what it is for. The end that accepts it acknowledges the
 * stream once it has read them.
 *
 *     | length 16 | meta, encoded as user data, in UTF-8 |        length 0: nothing was said
 */
const LENGTH_BYTES = 2;
/**
 * The first bytes of a stream that is opened with `meta`.
 *
 * @throws EnslavismError `bad-meta` when it cannot be encoded, or takes more than 16 KiB
 */
export function encodeMeta(meta) {
    if (meta === undefined)
        return new Uint8Array(LENGTH_BYTES);
    const text = new TextEncoder().encode(encodeOrRefuse(meta));
    if (text.length > LIMITS.muxMetaBytes) {
        throw new EnslavismError('bad-meta', `meta takes ${text.length} bytes when encoded, the limit is ${LIMITS.muxMetaBytes}`);
    }
    const bytes = new Uint8Array(LENGTH_BYTES + text.length);
    bytes[0] = text.length >> 8;
    bytes[1] = text.length;
    bytes.set(text, LENGTH_BYTES);
    return bytes;
}
function encodeOrRefuse(meta) {
    try {
        return encodeUserData(meta, LIMITS.muxMetaBytes, 'bad-meta');
    }
    catch (cause) {
        if (cause instanceof EnslavismError && cause.code === 'bad-meta')
            throw cause;
        throw new EnslavismError('bad-meta', 'meta cannot be encoded', { cause });
    }
}
/** Reads the first bytes of a stream, however they are cut. */
export class MetaReader {
    /** What was said; only once {@link push} has given a number. */
    meta;
    #bytes = new Uint8Array(LENGTH_BYTES);
    #have = 0;
    /**
     * Takes what arrived.
     *
     * @returns how many of the bytes belonged to the opening once it is whole, `undefined` before
     * @throws EnslavismError `bad-meta` when it is too long or cannot be decoded
     */
    push(bytes) {
        let at = 0;
        for (;;) {
            const part = bytes.subarray(at, at + this.#bytes.length - this.#have);
            this.#bytes.set(part, this.#have);
            this.#have += part.length;
            at += part.length;
            if (this.#have < this.#bytes.length)
                return undefined;
            if (this.#have > LENGTH_BYTES)
                break;
            const length = (this.#bytes[0] << 8) | this.#bytes[1];
            if (length === 0)
                return at;
            this.#expect(length);
        }
        this.meta = decode(this.#bytes.subarray(LENGTH_BYTES));
        return at;
    }
    #expect(length) {
        if (length > LIMITS.muxMetaBytes)
            throw new EnslavismError('bad-meta', `meta of ${length} bytes is too long`);
        const grown = new Uint8Array(LENGTH_BYTES + length);
        grown.set(this.#bytes);
        this.#bytes = grown;
    }
}
function decode(text) {
    try {
        return decodeUserData(new TextDecoder('utf-8', { fatal: true }).decode(text));
    }
    catch (cause) {
        throw new EnslavismError('bad-meta', 'meta cannot be decoded', { cause });
    }
}
//# sourceMappingURL=opening.js.map