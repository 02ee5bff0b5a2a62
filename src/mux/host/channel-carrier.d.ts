import type { Carrier } from './carrier.js';
/** The part of an `RTCDataChannel` that a carrier needs; a `Channel` of Enslavism has it too. */
export interface ChannelLike {
    readonly readyState: string;
    readonly ordered: boolean;
    readonly maxRetransmits: number | null;
    readonly maxPacketLifeTime: number | null;
    readonly bufferedAmount: number;
    bufferedAmountLowThreshold: number;
    binaryType?: string;
    send(data: Uint8Array<ArrayBuffer>): void;
    close(): void;
    addEventListener(type: 'message', listener: (event: {
        data: unknown;
    }) => void): void;
    addEventListener(type: 'open' | 'close' | 'bufferedamountlow', listener: () => void): void;
}
/**
 * Carries streams over a data channel.
 *
 * @throws EnslavismError `bad-option` for a channel that is not ordered and reliable
 */
export declare function channelCarrier(channel: ChannelLike): Carrier;
