import { EnslavismError } from '../../wire/errors.js';
import * as LIMITS from '../../wire/limits.js';
import type { Carrier, CarrierHandler } from './carrier.js';

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
	addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
	addEventListener(type: 'open' | 'close' | 'bufferedamountlow', listener: () => void): void;
}

/** Bytes that may wait in the channel before more is held back, and the rest at which it goes on. */
const HIGH_BYTES = 1024 * 1024;
const LOW_BYTES = 512 * 1024;

/**
 * Carries streams over a data channel.
 *
 * @throws EnslavismError `bad-option` for a channel that is not ordered and reliable
 */
export function channelCarrier(channel: ChannelLike): Carrier {
	if (!channel.ordered || channel.maxRetransmits !== null || channel.maxPacketLifeTime !== null) {
		throw new EnslavismError('bad-option', 'streams need an ordered and reliable channel');
	}
	let waiting: (() => void)[] = [];
	const goOn = (): void => {
		if (channel.readyState === 'open') for (const step of waiting.splice(0)) step();
	};
	const whenOpen = (step: () => void): void => {
		if (channel.readyState === 'connecting') waiting.push(step);
		else if (channel.readyState === 'open') step();
	};
	const send = (pieces: Uint8Array[], done: () => void): void => {
		try {
			for (const piece of pieces) channel.send(piece as Uint8Array<ArrayBuffer>);
		} catch {
			// It is about to close, and says so itself.
			channel.close();
			return;
		}
		if (channel.bufferedAmount > HIGH_BYTES) waiting.push(done);
		else queueMicrotask(done);
	};
	return {
		messageBytes: LIMITS.muxMessageBytes,
		copies: true,
		attach: (handler: CarrierHandler) => {
			if ('binaryType' in channel && channel.binaryType === 'blob') channel.binaryType = 'arraybuffer';
			channel.bufferedAmountLowThreshold = LOW_BYTES;
			channel.addEventListener('message', ({ data }) => {
				if (data instanceof ArrayBuffer) handler.data(new Uint8Array(data));
			});
			channel.addEventListener('open', goOn);
			channel.addEventListener('bufferedamountlow', goOn);
			channel.addEventListener('close', () => {
				waiting = [];
				handler.closed();
			});
			if (channel.readyState === 'closed') queueMicrotask(() => handler.closed());
		},
		send: (pieces, done) => {
			// What has to wait is the one thing that is kept.
			const kept = channel.readyState === 'connecting' ? pieces.map((piece) => piece.slice()) : pieces;
			whenOpen(() => send(kept, done));
		},
		end: () => whenOpen(() => channel.close()),
		destroy: () => channel.close(),
	};
}
