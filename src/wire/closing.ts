import * as CLOSE from './close-codes.js';
import { type EnslavismError, type ErrorCode, withReason } from './errors.js';
import * as WAITS from './waits.js';

/** The bytes of UTF-8 that a close frame has room for (RFC 6455 section 5.5: 125 less the code). */
const CLOSE_REASON_BYTES = 123;

/** Cuts a reason to what a close frame holds, at a character's edge. */
export function closeReason(reason: string): string {
	const bytes = new TextEncoder().encode(reason);
	if (bytes.length <= CLOSE_REASON_BYTES) return reason;
	let end = CLOSE_REASON_BYTES;
	while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
	return new TextDecoder().decode(bytes.subarray(0, end));
}

const BY_CODE: Record<number, ErrorCode> = {
	[CLOSE.badMessage]: 'bad-message',
	[CLOSE.refused]: 'refused',
	[CLOSE.wrongOrigin]: 'refused',
	[CLOSE.replaced]: 'replaced',
	[CLOSE.wrongVersion]: 'wrong-version',
	[CLOSE.slowReader]: 'limit-reached',
	[CLOSE.limit]: 'limit-reached',
	[CLOSE.tooBig]: 'limit-reached',
};

/** What a close of the link means to whoever was waiting for it. `opened` tells whether the link had been admitted. */
export function errorOfClose(code: number, reason: string, opened: boolean): EnslavismError {
	const known = BY_CODE[code] ?? (opened ? 'link-closed' : 'unreachable');
	return withReason(known, reason);
}

/** What a master that closes says to a link: a page sees nothing of a closing socket but its code and reason. */
export function restartReason(delay: number): string {
	return `the master is closing; come back in ${Math.round(delay)} ms`;
}

/** The delay in a {@link restartReason}, in milliseconds and within the bound of such waits; `NaN` in anything else. */
export function restartDelay(reason: string): number {
	return Math.min(Number(/ in (\d+) ms$/.exec(reason)?.[1]), WAITS.restart);
}
