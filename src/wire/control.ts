/**
 * What the two ends of a session tell each other on the session's own data channel, once WebRTC is up: whether
 * they are still there, how far apart they are, and why one of them leaves.
 */
import * as LIMITS from './limits.js';

/**
 * The control channel is negotiated out of band: both ends create it with this id, above the range that
 * channels are numbered in and below the number of streams that every implementation has.
 */
export const CONTROL_CHANNEL = { label: 'enslavism', id: 1022 } as const;

/**
 * A message of the control channel. A pong has the number of its ping. `ready` says that somebody listens on the
 * channel with this id, which the other end opened. `close` asks the other end to hang up once it
 * has read what was sent: `sent` names channels by id, with how many messages went out on each; with a `reason` it is
 * the whole session that ends.
 */
export type Control =
	| { t: 'ping'; n: number }
	| { t: 'pong'; n: number }
	| { t: 'ready'; n: number }
	| { t: 'close'; sent: Record<number, number>; reason?: string | undefined };

/** Reads one message of the control channel; `undefined` when it is none. */
export function readControl(text: string): Control | undefined {
	if (text.length > LIMITS.controlLength) return undefined;
	try {
		const message = JSON.parse(text) as Record<string, unknown>;
		const { t, n, sent, reason = '' } = message;
		const numbered = t === 'ping' || t === 'pong' || t === 'ready';
		const isClose = t === 'close' && Object(sent) === sent && typeof reason === 'string';
		if (numbered ? typeof n === 'number' : isClose) return message as Control;
	} catch {
		// Not JSON, or null.
	}
	return undefined;
}
