/**
 * What the two ends of a session tell each other on channel 0 of its frames, as JSON. These messages are numbered, kept
 * and acknowledged like those of a reliable channel, so that none is lost when a path dies.
 */
import * as LIMITS from './limits.js';

/** The trunk of a session's WebRTC connection: the last of the streams that every implementation has room for. */
export const CONTROL_CHANNEL = { label: 'enslavism', id: 1022 } as const;

/**
 * A message of channel 0; `n` is the channel that it is about.
 *
 * - `open`: this end has opened the channel, with these options of `createDataChannel`; `id` is its stream over WebRTC.
 *   Of a negotiated channel both ends say so.
 * - `lane`: this end listens on the channel's own stream, in the attempt `a` to connect over WebRTC.
 * - `close`: this end closes the channel; `last` messages of it were sent. Answered with the same.
 * - `bye`: this end closes the session, once its channels are closed.
 */
export type Control =
	| {
			t: 'open';
			n: number;
			id: number;
			label: string;
			protocol?: string | undefined;
			ordered?: boolean | undefined;
			maxRetransmits?: number | undefined;
			maxPacketLifeTime?: number | undefined;
			negotiated?: boolean | undefined;
	  }
	| { t: 'lane'; n: number; a: number }
	| { t: 'close'; n: number; last: number }
	| { t: 'bye'; reason: string };

/** The keys of each message that are numbers. */
const NUMBERS = new Map<unknown, readonly string[]>([
	['open', ['n', 'id']],
	['lane', ['n', 'a']],
	['close', ['n', 'last']],
	['bye', []],
]);

/** Reads one message of channel 0; `undefined` when it is none. */
export function readControl(text: string): Control | undefined {
	if (text.length > LIMITS.controlLength) return undefined;
	try {
		const message = JSON.parse(text) as Record<string, unknown>;
		const { t, label = '', reason = '' } = message;
		const isText = typeof label === 'string' && typeof reason === 'string';
		if (isText && NUMBERS.get(t)?.every((key) => Number.isSafeInteger(message[key]))) {
			return { ...message, label, reason } as unknown as Control;
		}
	} catch {
		// Not JSON, or null.
	}
	return undefined;
}
