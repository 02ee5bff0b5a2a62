import { EnslavismError } from '../wire/index.js';

/** Texts that cannot be longer than this are not counted: every host takes 64 KiB. */
const SAFE_TEXT_BYTES = 64 * 1024;

/** The size of a text in UTF-8, or what it is at most: a code unit is at most three bytes. */
export function textBytes(text: string): number {
	const most = text.length * 3;
	return most <= SAFE_TEXT_BYTES ? most : new TextEncoder().encode(text).length;
}

/** The bytes of what `send` takes. @throws EnslavismError `bad-option` */
export function bytesOf(data: ArrayBuffer | ArrayBufferView): Uint8Array {
	if (data instanceof Uint8Array) return data;
	if (data instanceof ArrayBuffer) return new Uint8Array(data);
	if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
	throw new EnslavismError('bad-option', 'send takes a string, an ArrayBuffer or a view of one');
}
