import { EnslavismError, type ErrorCode } from '../../wire/errors.js';
import { type Session, type Stream, type StreamHandler } from '../index.js';
/** A stream that the other end opened, until its meta is known. */
export declare class Incoming implements StreamHandler {
    #private;
    /** @param known gives the stream its next handler */
    constructor(session: Session, stream: Stream, known: (meta: unknown) => void);
    data(bytes: Uint8Array): void;
    ended(): void;
    accepted(): void;
    sent(): void;
    broken(): void;
}
/** A stream that this end opened, until the other end has accepted it. */
export declare class Outgoing<Face extends StreamHandler> implements StreamHandler {
    #private;
    constructor(stream: Stream, face: Face, resolve: (face: Face) => void, reject: (error: EnslavismError) => void);
    data(bytes: Uint8Array): void;
    ended(): void;
    accepted(): void;
    sent(): void;
    broken(why: ErrorCode): void;
}
