/**
 * What passes over a path's trunk, its one ordered and reliable stream of frames:
 *
 *     | kind 8 | channel 32 | number 48 | payload |
 *
 * Channel 0 is the session itself. `number` counts the messages of a reliable channel, is 0 for those of an unreliable
 * one, and is what an acknowledgement or a ping is about.
 */
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
export const FRAME_BYTES = 11;

/** Bytes of a frame's length, which goes before it in the way through the master, and of both together. */
export const LENGTH_BYTES = 4;
export const RELAYED_BYTES = LENGTH_BYTES + FRAME_BYTES;

/** Payloads up to this many bytes are copied by the path that they are handed to; longer ones are kept there until they have left. */
export const COPIED_BYTES = 4 * 1024;

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

/** Writes the head of a frame at `at`. */
export function writeHead(bytes: Uint8Array, at: number, kind: number, channel: number, number: number): void {
	const view = new DataView(bytes.buffer, bytes.byteOffset + at);
	view.setUint8(0, kind);
	view.setUint32(1, channel);
	view.setUint16(5, number / 2 ** 32);
	view.setUint32(7, number);
}

/** Writes a frame. */
export function writeFrame(kind: number, channel: number, number: number, payload: Message = ''): Uint8Array {
	const data = payloadOf(payload);
	const frame = new Uint8Array(FRAME_BYTES + data.length);
	writeHead(frame, 0, kind, channel, number);
	frame.set(data, FRAME_BYTES);
	return frame;
}

/** Reads a head at `at` and the payload behind it, which is nobody else's; `undefined` when they are no frame. */
export function frameOf(bytes: Uint8Array, at: number, payload: Uint8Array<ArrayBuffer>): Frame | undefined {
	const view = new DataView(bytes.buffer, bytes.byteOffset + at);
	const kind = view.getUint8(0);
	if (kind > SILENT) return undefined;
	return {
		kind,
		channel: view.getUint32(1),
		number: view.getUint16(5) * 2 ** 32 + view.getUint32(7),
		data: kind === TEXT ? DECODER.decode(payload) : payload.buffer,
	};
}

/** Reads a frame; `undefined` when it is none. */
export function readFrame(bytes: Uint8Array): Frame | undefined {
	if (bytes.length < FRAME_BYTES) return undefined;
	// A copy: a view would keep all of what it came in, and a Buffer's slice is one.
	return frameOf(bytes, 0, new Uint8Array(bytes.subarray(FRAME_BYTES)));
}

/** The frame of a message. */
export function messageFrame(channel: number, number: number, message: Message): Uint8Array {
	return writeFrame(typeof message === 'string' ? TEXT : BYTES, channel, number, message);
}
