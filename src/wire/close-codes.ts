import { EnslavismError, type ErrorCode } from './errors.js';

/** Close codes of links, from the range that RFC 6455 section 7.4.2 leaves to applications. */
export const CLOSE_CODES = {
	/** A normal end. */
	normal: 1000,
	/** The master is going away. */
	goingAway: 1001,
	/** RFC 6455: a frame larger than the master reads. */
	tooBig: 1009,
	/** A message that is not JSON, or not one of the protocol's. */
	badMessage: 4400,
	/** An auth listener refused; the reason is the listener's. */
	refused: 4401,
	/** The other end speaks another protocol version. */
	wrongVersion: 4406,
	/** A slave did not register in time, or an auth listener did not decide in time. */
	timeout: 4408,
	/** The other end does not read fast enough; what waited for it was dropped with the link. */
	slowReader: 4413,
	/** A limit of the master was reached. */
	limit: 4429,
	/** The master failed. */
	internal: 4500,
} as const;

/** One of the numbers of {@link CLOSE_CODES}. */
export type CloseCode = (typeof CLOSE_CODES)[keyof typeof CLOSE_CODES];

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
	[CLOSE_CODES.badMessage]: 'bad-message',
	[CLOSE_CODES.refused]: 'refused',
	[CLOSE_CODES.wrongVersion]: 'wrong-version',
	[CLOSE_CODES.slowReader]: 'limit-reached',
	[CLOSE_CODES.limit]: 'limit-reached',
	[CLOSE_CODES.tooBig]: 'limit-reached',
};

/** What a close of the link means to whoever was waiting for it. `opened` tells whether the link had been admitted. */
export function errorOfClose(code: number, reason: string, opened: boolean): EnslavismError {
	const known = BY_CODE[code] ?? (opened ? 'link-closed' : 'unreachable');
	return new EnslavismError(known, reason === '' ? undefined : reason, { reason });
}
