/**
 * The first bytes of a stream that is opened with `meta`.
 *
 * @throws EnslavismError `bad-meta` when it cannot be encoded, or takes more than 16 KiB
 */
export declare function encodeMeta(meta: unknown): Uint8Array;
/** Reads the first bytes of a stream, however they are cut. */
export declare class MetaReader {
    #private;
    /** What was said; only once {@link push} has given a number. */
    meta: unknown;
    /**
     * Takes what arrived.
     *
     * @returns how many of the bytes belonged to the opening once it is whole, `undefined` before
     * @throws EnslavismError `bad-meta` when it is too long or cannot be decoded
     */
    push(bytes: Uint8Array): number | undefined;
}
