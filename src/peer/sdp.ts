/** The few lines of a session description (RFC 8866) that a session reads or writes itself. */
import * as LIMITS from '../wire/limits.js';
import type { DescriptionType } from './rtc.js';

/** RFC 8839 section 5.4: `ice-char` is ALPHA / DIGIT / "+" / "/"; at least so many of a user fragment and of a password. */
const ICE_CHARS = /^[A-Za-z0-9+/]*$/;
const UFRAG_LEAST = 4;
const PWD_LEAST = 22;

/**
 * What is wrong with a description that came from outside, or `undefined`. The native library aborts the process
 * on some invalid ICE credentials, so these never come near it.
 */
export function problemOfSdp(sdp: string): string | undefined {
	if (!sdp.startsWith('v=0')) return 'it does not begin with v=0';
	const sections = valuesOf(sdp, 'm=');
	if (sections.length !== 1 || !sections[0]?.startsWith('application ')) return 'it must have one application section';
	const ufrags = valuesOf(sdp, 'a=ice-ufrag:');
	if (!areIce(ufrags, UFRAG_LEAST)) return 'its ice-ufrag is invalid';
	const pwds = valuesOf(sdp, 'a=ice-pwd:');
	if (!areIce(pwds, PWD_LEAST)) return 'its ice-pwd is invalid';
	if (valuesOf(sdp, 'a=fingerprint:').length === 0) return 'it has no fingerprint';
	return undefined;
}

/**
 * The description as it is sent. An offer says `active`: the client then begins the DTLS handshake itself as soon
 * as ICE is up, where by default the answerer would, a round trip later (RFC 8842 section 5.3 lets the offerer
 * choose). Only the copy that is sent changes, so the browser's own description stays `actpass`.
 */
export function sdpToSend(type: DescriptionType, sdp: string): string {
	return type === 'offer' ? sdp.replace('a=setup:actpass', 'a=setup:active') : sdp;
}

/** The largest message that whoever sent the description takes, in bytes: 0 means any, and nothing 64 KiB (RFC 8841 section 6). */
export function maxMessageSizeOf(sdp: string): number {
	return Number(/^a=max-message-size:(\d+)/m.exec(sdp)?.[1] ?? 64 * 1024) || Number.POSITIVE_INFINITY;
}

function areIce(values: string[], least: number): boolean {
	const isIce = (value: string): boolean =>
		value.length >= least && value.length <= LIMITS.iceLength && ICE_CHARS.test(value);
	return values.length > 0 && values.every(isIce);
}

/** A candidate with an address in place of the name under which its browser hides one. */
export function inPlaceOfName(candidate: string, address: string): string {
	return candidate.replace(/\S+\.local(?= )/, address);
}

function valuesOf(sdp: string, prefix: string): string[] {
	const values: string[] = [];
	for (const line of sdp.split('\n')) {
		if (line.startsWith(prefix)) values.push(line.slice(prefix.length).trimEnd());
	}
	return values;
}

/** A description without its candidates, and the candidates. */
export interface SplitSdp {
	sdp: string;
	mid: string;
	candidates: string[];
}

/** Takes the candidates out of a description with one section. */
export function splitCandidates(sdp: string): SplitSdp {
	return {
		sdp: sdp.replace(/^a=(candidate:.*|end-of-candidates)\r?\n/gm, ''),
		mid: valuesOf(sdp, 'a=mid:')[0] ?? '0',
		candidates: valuesOf(sdp, 'a=candidate:').map((value) => `candidate:${value}`),
	};
}
