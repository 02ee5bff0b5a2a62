import { base64 } from '../wire/index.js';
import type { IceCredentials } from './rtc.js';

/** What a slave publishes so that a client can write its answer itself. */
export interface DirectInfo {
	/** `sha-256` fingerprint of its certificate, as a description has it (RFC 8122 section 5). */
	fingerprint: string;
	/** Its candidates, without the `candidate:` before them (RFC 8839 section 5.1). */
	candidates: string[];
}

/** Bytes that become 24 characters of Base64, which are those of ICE; RFC 8839 section 5.4 asks for 22 of a password. */
const PWD_BYTES = 18;

/** Credentials for the other end's answer: nobody but the two ends and their master knows them. */
export function newCredentials(): IceCredentials {
	const word = () => base64(crypto.getRandomValues(new Uint8Array(PWD_BYTES)));
	return { ufrag: word(), pwd: word() };
}

/** The lines of an offer that its answer has otherwise, or not at all. */
const OWN_LINES = /^a=(candidate|end-of|fingerprint|ice-|max-message|setup).*\s+/gm;

/**
 * The answer that a slave would give to an offer as it is sent, which leaves the end that begins the DTLS handshake to the
 * client: whatever else the two ends agree on is what the offer says.
 */
export function directAnswer(offer: string, { fingerprint, candidates }: DirectInfo, ice: IceCredentials): string {
	const lines = [
		'setup:passive',
		'max-message-size:262144',
		`ice-ufrag:${ice.ufrag}`,
		`ice-pwd:${ice.pwd}`,
		`fingerprint:sha-256 ${fingerprint}`,
		...candidates.map((each) => `candidate:${each}`),
		'end-of-candidates',
	];
	return offer.replace(OWN_LINES, '') + lines.map((line) => `a=${line}\r\n`).join('');
}
