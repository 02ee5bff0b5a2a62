/** Bytes of randomness in an id: nobody guesses one of 2^128. */
const ID_BYTES = 16;

/** Ordinary Base64, with padding. */
export function base64(bytes: Uint8Array): string {
	let binary = '';
	for (const byte of bytes) binary += String.fromCharCode(byte);
	return btoa(binary);
}

/** The URL-safe alphabet of RFC 4648 section 5, without padding. */
export function base64url(bytes: Uint8Array): string {
	return base64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** The bytes of {@link base64url}; throws on anything else. */
export function fromBase64url(text: string): Uint8Array {
	return fromBase64(text.replaceAll('-', '+').replaceAll('_', '/'));
}

/** The bytes of {@link base64}; throws on anything else. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
	return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** A fresh id: 22 characters that nobody can guess. `crypto.randomUUID` is missing on plain `http:` pages. */
export function newId(): string {
	return base64url(crypto.getRandomValues(new Uint8Array(ID_BYTES)));
}
