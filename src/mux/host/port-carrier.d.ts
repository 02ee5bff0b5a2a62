import type { Carrier } from './carrier.js';
/** The part of a `MessagePort` that a carrier needs; browsers and Node's worker threads have it. */
export interface PortLike {
    postMessage(message: unknown, transfer: ArrayBuffer[]): void;
    addEventListener(type: 'message' | 'close', listener: (event: object) => void): void;
    start(): void;
    close(): void;
}
/**
 * Carries streams over a `MessagePort`. A port does not say how much waits in it: the windows of the streams are the
 * bound.
 */
export declare function portCarrier(port: PortLike): Carrier;
