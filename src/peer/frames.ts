/**
 * What passes over a path's trunk, its one ordered and reliable stream of frames:
 *
 *     | kind 8 | channel 32 | number 64 | length 32 | payload |
 *
 * Channel 0 is the session itself. `number` (a double) counts the messages of a reliable channel, is 0 for those of an
 * unreliable one, and is what an acknowledgement or a ping is about. `length` is the payload's.
 */
import { joined } from '../mux/pieces.js';
import type { Message } from './numbering.js';

export const TEXT = 0;
export const BYTES = 1;
/** All messages of the channel below the number have arrived. */
export const ACK = 2;
export const PING = 3;
export const PONG = 4;
/** This end hears nothing over WebRTC any more, in the attempt of the number; it is said over the relay. */
export const SILENT = 5;

const ENCODER = new TextEncoder();

/** A text may begin with U+FEFF, and keeps it. */
const DECODER = new TextDecoder('utf-8', { ignoreBOM: true });

/** Bytes of a frame before its payload. */
export const HEAD_BYTES = 17;

/** A frame read; `data` is the payload. */
export interface Frame {
	kind: number;
	channel: number;
	number: number;
	data: string | ArrayBuffer;
}

/** A message's bytes. */
export function payloadOf(message: Message): Uint8Array {
	if (typeof message === 'string') return ENCODER.encode(message);
	return message instanceof ArrayBuffer ? new Uint8Array(message) : message;
}

/** The head of a frame. */
export function headOf(kind: number, channel: number, number: number, length: number): Uint8Array {
	const head = new Uint8Array(HEAD_BYTES);
	const view = new DataView(head.buffer);
	view.setUint8(0, kind);
	view.setUint32(1, channel);
	view.setFloat64(5, number);
	view.setUint32(13, length);
	return head;
}

/** How long the payload behind a head is. */
export function lengthOf(head: Uint8Array): number {
	return new DataView(head.buffer).getUint32(13);
}

/** Writes a frame. */
export function writeFrame(kind: number, channel: number, number: number, payload: Message = ''): Uint8Array {
	const data = payloadOf(payload);
	return joined([headOf(kind, channel, number, data.length), data]);
}

/** Reads a head and the payload behind it, which is nobody else's; `undefined` when they are no frame. */
export function frameOf(head: Uint8Array, payload: Uint8Array<ArrayBuffer>): Frame | undefined {
	const view = new DataView(head.buffer, head.byteOffset);
	const kind = view.getUint8(0);
	if (kind > SILENT) return undefined;
	return {
		kind,
		channel: view.getUint32(1),
		number: view.getFloat64(5),
		data: kind === TEXT ? DECODER.decode(payload) : payload.buffer,
	};
}

/** Reads a frame; `undefined` when it is none. */
export function readFrame(bytes: Uint8Array): Frame | undefined {
	if (bytes.length < HEAD_BYTES) return undefined;
	// A copy: a view would keep all of what it came in, and a Buffer's slice is one.
	return frameOf(bytes, new Uint8Array(bytes.subarray(HEAD_BYTES)));
}

/** The frame of a message. */
export function messageFrame(channel: number, number: number, message: Message): Uint8Array {
	return writeFrame(typeof message === 'string' ? TEXT : BYTES, channel, number, message);
}
