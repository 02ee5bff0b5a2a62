import type { EnslavismError, ErrorCode } from '../wire/errors.js';
import * as LIMITS from '../wire/limits.js';

/** What happens to one stream. Handlers may call the session. */
export interface StreamHandler {
	/** Bytes arrived, in memory of the carrier's. Once they are used up, `consume` of its session wants to know. */
	data(bytes: Uint8Array): void;
	/** The other end sends no more. */
	ended(): void;
	/** The other end has accepted the stream. */
	accepted(): void;
	/** All that was written has left, and the end if it was told. */
	sent(): void;
	/**
	 * The stream was reset, by either end, or its session is over; nothing more happens to it.
	 *
	 * @param error what ended the session, if more is known than its code
	 */
	broken(why: ErrorCode, error?: EnslavismError): void;
}

/**
 * One direction of a stream:
 *
 *     open ──▶ ending ──▶ ended        (ending: what was written before the end still waits)
 */
type Direction = 'open' | 'ending' | 'ended';

/** The queue of a stream that has none. */
export const NO_BYTES: Uint8Array[] = [];

/** One stream of a `Session`, which alone changes it. */
export class Stream {
	readonly id: number;
	/** To be set before the carrier's next bytes. */
	handler: StreamHandler | undefined;
	/** Bytes written that have not left. */
	queued = 0;
	/** Whether nothing more can happen to it. */
	closed = false;
	/** Called when that is so. */
	left: (() => void) | undefined;
	/** @internal */
	output: Direction = 'open';
	/** @internal */
	input: Direction = 'open';
	/** @internal */
	queue = NO_BYTES;
	/** Batches under way that had the last of what was written. @internal */
	flying = 0;
	/** Bytes that may be sent. @internal */
	sendWindow = LIMITS.muxWindowBytes;
	/** Bytes that may arrive. @internal */
	window = LIMITS.muxWindowBytes;
	/** What `window` is filled up to. @internal */
	fullWindow = LIMITS.muxWindowBytes;
	/** Bytes used up that `window` has not been given back. @internal */
	used = 0;
	/** When `window` was last filled up, in ms. @internal */
	filled = 0;

	/** @internal */
	constructor(id: number) {
		this.id = id;
	}
}

/** Why a stream was reset, as the length of the resetting frame; yamux leaves that number free. */
export const RESET_CODES: readonly ErrorCode[] = [
	'stream-reset',
	'limit-reached',
	'bad-meta',
	'mux-protocol',
	'stream-refused',
	'mux-closed',
];
