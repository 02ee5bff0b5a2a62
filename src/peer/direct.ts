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

/**
 * The answer that a slave would give to an offer. The end that begins the DTLS handshake is the one that the offer,
 * as it is sent, leaves it to.
 */
export function directAnswer(offer: string, { fingerprint, candidates }: DirectInfo, ice: IceCredentials): string {
	const mid = /^a=mid:(.*?)\r?$/m.exec(offer)?.[1] ?? '0';
	const setup = offer.includes('a=setup:active') ? 'passive' : 'active';
	return [
		'v=0',
		'o=- 1 1 IN IP4 127.0.0.1',
		's=-',
		't=0 0',
		`a=group:BUNDLE ${mid}`,
		'a=msid-semantic: WMS',
		'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
		'c=IN IP4 0.0.0.0',
		`a=mid:${mid}`,
		'a=sendrecv',
		'a=sctp-port:5000',
		'a=max-message-size:262144',
		`a=setup:${setup}`,
		`a=ice-ufrag:${ice.ufrag}`,
		`a=ice-pwd:${ice.pwd}`,
		`a=fingerprint:sha-256 ${fingerprint}`,
		...candidates.map((each) => `a=candidate:${each}`),
		'a=end-of-candidates',
		'',
	].join('\r\n');
}
