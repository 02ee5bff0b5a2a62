import { EnslavismError } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';

/** What `send` takes. */
export type MessageData = string | ArrayBuffer | ArrayBufferView;

/** Texts that cannot be longer than the bound are not counted: a code unit is at most three bytes of UTF-8. */
const SAFE_TEXT = Math.floor(LIMITS.serviceMessageBytes / 3);

/**
 * A message as a frame, within what services pass on.
 *
 * @throws EnslavismError `bad-option`, `message-too-large`
 */
export function frameOf(data: MessageData): { frame: string | Uint8Array; bytes: number } {
	const frame = typeof data === 'string' ? data : bytesOf(data);
	const bytes = sizeOf(frame);
	if (bytes <= LIMITS.serviceMessageBytes) return { frame, bytes };
	throw new EnslavismError(
		'message-too-large',
		`${bytes} bytes are more than a service passes on (${LIMITS.serviceMessageBytes})`,
	);
}

/** The message of a frame: text, or a buffer of its own, since Node cuts small messages out of larger buffers. */
export function messageIn(frame: string | Uint8Array): string | ArrayBuffer {
	if (typeof frame === 'string') return frame;
	const { buffer, byteOffset, byteLength } = frame;
	if (byteLength === buffer.byteLength) return buffer as ArrayBuffer;
	return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
}

function sizeOf(frame: string | Uint8Array): number {
	if (typeof frame !== 'string') return frame.byteLength;
	return frame.length <= SAFE_TEXT ? 3 * frame.length : new TextEncoder().encode(frame).length;
}

function bytesOf(data: unknown): Uint8Array {
	if (data instanceof Uint8Array) return data;
	if (data instanceof ArrayBuffer) return new Uint8Array(data);
	if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
	throw new EnslavismError('bad-option', 'send takes a string, an ArrayBuffer or a view of one');
}
