import { EnslavismError } from '../wire/index.js';

/** Longer texts are counted by the host, which is slow to begin. */
const SHORT_TEXT = 4096;

/** The size of a text in UTF-8, near enough: half of a surrogate pair counts as half of one. */
export function textBytes(text: string): number {
	if (text.length > SHORT_TEXT) return new TextEncoder().encode(text).length;
	let bytes = text.length;
	for (let at = 0; at < text.length; at++) {
		const unit = text.charCodeAt(at);
		if (unit > 0x7f) bytes += unit > 0x7ff && unit >> 11 !== 0x1b ? 2 : 1;
	}
	return bytes;
}

/** The bytes of what `send` takes. @throws EnslavismError `bad-option` */
export function bytesOf(data: ArrayBuffer | ArrayBufferView): Uint8Array {
	if (data instanceof Uint8Array) return data;
	if (data instanceof ArrayBuffer) return new Uint8Array(data);
	if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
	throw new EnslavismError('bad-option', 'send takes a string, an ArrayBuffer or a view of one');
}
