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

/** A text may begin with U+FEFF, and keeps it. */
const DECODER = new TextDecoder('utf-8', { ignoreBOM: true });

/** Bytes of a frame before its payload. */
export const FRAME_BYTES = 11;

/** A frame read; `data` is the payload. */
export interface Frame {
	kind: number;
	channel: number;
	number: number;
	data: string | ArrayBuffer;
}

/** Writes a frame, `room` bytes into memory of its own. */
export function writeFrame(kind: number, channel: number, number: number, payload: Message = '', room = 0): Uint8Array {
	const data =
		typeof payload === 'string'
			? new TextEncoder().encode(payload)
			: payload instanceof ArrayBuffer
				? new Uint8Array(payload)
				: payload;
	const frame = new Uint8Array(room + FRAME_BYTES + data.length);
	const view = new DataView(frame.buffer, room);
	view.setUint8(0, kind);
	view.setUint32(1, channel);
	view.setUint16(5, number / 2 ** 32);
	view.setUint32(7, number);
	frame.set(data, room + FRAME_BYTES);
	return frame;
}

/** Reads a frame; `undefined` when it is none. */
export function readFrame(bytes: Uint8Array): Frame | undefined {
	if (bytes.length < FRAME_BYTES || (bytes[0] as number) > SILENT) return undefined;
	const view = new DataView(bytes.buffer, bytes.byteOffset);
	const kind = view.getUint8(0);
	// A copy: a view would keep all of what it came in, and a Buffer's slice is one.
	const payload = new Uint8Array(bytes.subarray(FRAME_BYTES));
	return {
		kind,
		channel: view.getUint32(1),
		number: view.getUint16(5) * 2 ** 32 + view.getUint32(7),
		data: kind === TEXT ? DECODER.decode(payload) : payload.buffer,
	};
}

/** The frame of a message. */
export function messageFrame(channel: number, number: number, message: Message, room = 0): Uint8Array {
	return writeFrame(typeof message === 'string' ? TEXT : BYTES, channel, number, message, room);
}
