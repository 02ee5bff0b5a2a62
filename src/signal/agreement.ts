/** What two peers say to each other, as JSON texts over a piped socket, until they have a connection. */
import type { Candidate } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';

/**
 * `n` counts the attempts at WebRTC; what belongs to an older one is passed over. The side that opens offers and decides:
 * `rtc` when its end is open, `relay` when it has given up. The other one says `failed` when its end of an attempt has.
 */
export type Agreement =
	| { t: 'offer'; n: number; sdp: string }
	| { t: 'answer'; n: number; sdp: string }
	| ({ t: 'candidate'; n: number } & Pick<Candidate, 'candidate' | 'mid'>)
	| { t: 'failed'; n: number }
	| { t: 'rtc'; n: number }
	| { t: 'relay'; n: number };

/** Which fields a message has beside `n`, with their longest lengths. */
const FIELDS: Record<Agreement['t'], Record<string, number>> = {
	offer: { sdp: LIMITS.sdpLength },
	answer: { sdp: LIMITS.sdpLength },
	candidate: { candidate: LIMITS.candidateLength, mid: LIMITS.midLength },
	failed: {},
	rtc: {},
	relay: {},
};

/** Reads one message; `undefined` when it is none. */
export function readAgreement(data: string | ArrayBuffer): Agreement | undefined {
	if (typeof data !== 'string' || data.length > LIMITS.agreementLength) return undefined;
	try {
		const message = JSON.parse(data) as Record<string, unknown>;
		const fields = Object.hasOwn(FIELDS, String(message.t)) ? FIELDS[message.t as Agreement['t']] : undefined;
		if (fields === undefined || !Number.isInteger(message.n)) return undefined;
		const fits = ([name, length]: [string, number]): boolean => {
			const value = message[name];
			return typeof value === 'string' && value.length <= length;
		};
		return Object.entries(fields).every(fits) ? (message as Agreement) : undefined;
	} catch {
		return undefined;
	}
}
