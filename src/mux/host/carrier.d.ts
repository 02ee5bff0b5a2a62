/** What a carrier tells the streams that it carries. */
export interface CarrierHandler {
    /** Bytes arrived, in order; the memory is not changed later. */
    data(bytes: Uint8Array): void;
    /** The carrier is closed, by either end; `cause` when it was lost. Told once, and the last thing told. */
    closed(cause?: unknown): void;
}
/**
 * An ordered, reliable connection that carries streams: a byte stream, or messages whose bounds do not matter. It
 * may be connecting still; what is sent meanwhile waits.
 */
export interface Carrier {
    /** Largest message, in bytes; `undefined` for a byte stream. */
    readonly messageBytes: number | undefined;
    /** Whether `send` has done with the memory of the pieces when it returns. */
    readonly copies: boolean;
    /** Takes the handler, once. Nothing is told before this call, and nothing is lost before it either. */
    attach(handler: CarrierHandler): void;
    /** Sends pieces in order. `done` is called once they have left this process's hands, and more may follow. */
    send(pieces: Uint8Array[], done: () => void): void;
    /** Closes the connection after what was sent. */
    end(): void;
    /** Closes the connection at once. */
    destroy(): void;
}
