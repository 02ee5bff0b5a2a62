/**
 * What the two ends of a session tell each other on the session's own data channel, once WebRTC is up: whether
 * they are still there, how far apart they are, and why one of them leaves.
 */
import * as v from 'valibot';
import { LIMITS } from './limits.js';
import { type Read, readMessage } from './messages.js';

/**
 * The control channel is negotiated out of band: both ends create it with this id, above the range that
 * channels are numbered in and below the number of streams that every implementation has.
 */
export const CONTROL_CHANNEL = { label: 'enslavism', id: 1022 } as const;

const Control = v.variant('t', [
	v.object({ t: v.literal('ping'), n: v.number() }),
	v.object({ t: v.literal('pong'), n: v.number() }),
	v.object({ t: v.literal('close'), reason: v.pipe(v.string(), v.maxLength(LIMITS.reasonLength)) }),
]);

export type Control = v.InferOutput<typeof Control>;

/** Reads one message of the control channel. */
export function readControl(text: string): Read<Control> {
	if (text.length > LIMITS.controlLength) return { ok: false, problem: 'too long' };
	return readMessage(Control, text);
}
