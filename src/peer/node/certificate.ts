import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A certificate with its key. */
export interface Certificate {
	/** Both in PEM. */
	cert: string;
	key: string;
	/** SHA-256 of the certificate, in pairs of hexadecimal digits with colons between them (RFC 8122 section 5). */
	fingerprint: string;
}

let own: Certificate | undefined;

/** The certificate of this process, made when it is first asked for: whoever knows its fingerprint knows this process. */
export function ownCertificate(): Certificate {
	own ??= makeCertificate();
	return own;
}

/**
 * A certificate from two files in PEM.
 *
 * @throws Error for one that no session could be made with, and whatever reading or parsing them throws
 */
export function readCertificate(paths: { cert: string; key: string }): Certificate {
	const cert = readFileSync(paths.cert, 'utf8');
	const key = readFileSync(paths.key, 'utf8');
	// The native library would ask for the pass phrase at the terminal.
	if (key.includes('ENCRYPTED')) throw new Error('its key is encrypted');
	const parsed = new X509Certificate(cert);
	const privateKey = createPrivateKey(key);
	if (!parsed.checkPrivateKey(privateKey)) throw new Error('the key is not that of the certificate');
	const { asymmetricKeyType: type = '', asymmetricKeyDetails: { namedCurve, modulusLength = 0 } = {} } = privateKey;
	if (namedCurve !== 'prime256v1' && !(type === 'rsa' && modulusLength >= LEAST_RSA_BITS)) {
		const what = [type, namedCurve ?? (modulusLength || '')].join(' ').trim();
		throw new Error(`its key is ${what}; it takes ec P-256, or rsa of ${LEAST_RSA_BITS} bits or more`);
	}
	return { cert, key, fingerprint: parsed.fingerprint256 };
}

/** What browsers take at least. With other kinds of keys than these no handshake of the native library succeeds. */
const LEAST_RSA_BITS = 1024;

/**
 * DER (X.690), as far as a certificate (RFC 5280 section 4.1) needs it. WebRTC's certificates are signed by themselves
 * and known by their fingerprint, so nothing in them matters but the key.
 */
const der = (tag: number, ...parts: Uint8Array[]): Buffer => {
	const content = Buffer.concat(parts);
	const { length } = content;
	const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
	return Buffer.concat([Buffer.of(tag, ...size), content]);
};

const SEQUENCE = 0x30;
/** 1.2.840.10045.4.3.2: ECDSA with SHA-256. */
const ECDSA_SHA256 = der(SEQUENCE, der(6, Buffer.from('2a8648ce3d040302', 'hex')));
/** 2.5.4.3: a common name. */
const COMMON_NAME = der(6, Buffer.from('550403', 'hex'));

const YEARS = 50;

/** Makes one, with a key of its own. */
export function makeCertificate(namedCurve = 'P-256'): Certificate {
	const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
	const name = der(SEQUENCE, der(0x31, der(SEQUENCE, COMMON_NAME, der(0x0c, Buffer.from('enslavism')))));
	const time = (year: number): Buffer => der(0x18, Buffer.from(`${year}0101000000Z`));
	const year = new Date().getUTCFullYear();
	const serial = randomBytes(8);
	serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
	const body = der(
		SEQUENCE,
		der(0xa0, der(2, Buffer.of(2))),
		der(2, serial),
		ECDSA_SHA256,
		name,
		der(SEQUENCE, time(year - 1), time(year + YEARS)),
		name,
		publicKey.export({ type: 'spki', format: 'der' }),
	);
	const signature = sign('sha256', body, privateKey);
	const whole = der(SEQUENCE, body, ECDSA_SHA256, der(3, Buffer.of(0), signature));
	const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
	return {
		cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
		key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
		fingerprint: fingerprintOf(whole),
	};
}

function fingerprintOf(whole: Uint8Array): string {
	const digest = createHash('sha256').update(whole).digest('hex').toUpperCase();
	return (digest.match(/../g) ?? []).join(':');
}
