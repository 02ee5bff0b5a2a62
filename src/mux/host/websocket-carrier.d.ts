import type { Carrier } from './carrier.js';
/** The part of a `WebSocket` that a carrier needs; browsers, Node and `ws` have it. */
export interface WebSocketLike {
    readonly readyState: number;
    readonly bufferedAmount: number;
    binaryType: string;
    send(data: Uint8Array<ArrayBuffer>, sent?: (error?: Error) => void): void;
    close(): void;
    /** Only `ws` has it, and only `ws` tells when a message has left. */
    terminate?(): void;
    addEventListener(type: 'message', listener: (event: {
        data: unknown;
    }) => void): void;
    addEventListener(type: 'open' | 'close' | 'error', listener: (event: unknown) => void): void;
}
/** Carries streams over a WebSocket, as binary messages; other messages are ignored. */
export declare function webSocketCarrier(socket: WebSocketLike): Carrier;
