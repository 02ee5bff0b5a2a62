import * as LIMITS from '../../wire/limits.js';
import { Face, type StreamSource } from '../face/index.js';

/** A pair of WHATWG streams of bytes. */
export interface StreamPair {
	/** What the other end writes. */
	readonly readable: ReadableStream<Uint8Array>;
	/** Takes `ArrayBuffer`s and views of them. */
	readonly writable: WritableStream<ArrayBuffer | ArrayBufferView>;
}

/**
 * A piped socket or an echo as a pair of WHATWG streams of bytes, whatever the bounds of its messages are. Closing
 * `writable` closes it, in both directions: a socket has no other way.
 *
 * A socket cannot be made to wait: when 16 MiB are not read, the stream fails with `unread-overflow`.
 */
export function streamOf(source: StreamSource): StreamPair {
	let reading: ReadableStreamDefaultController<Uint8Array> | undefined;
	let writing: WritableStreamDefaultController | undefined;
	const end = (error?: unknown): void => {
		if (error === undefined) reading?.close();
		else reading?.error(error);
		reading = undefined;
	};
	const face = new Face(source, {
		data: (bytes) => {
			if ((reading?.desiredSize ?? 0) >= bytes.length) reading?.enqueue(bytes);
			else if (reading !== undefined) end(face.overflow());
		},
		ended: (error) => {
			end(error);
			if (error !== undefined) writing?.error(error);
		},
	});
	const readable = new ReadableStream<Uint8Array>(
		{
			start: (controller) => {
				reading = controller;
			},
			cancel: () => {
				reading = undefined;
				face.destroy();
			},
		},
		{ highWaterMark: LIMITS.channelBufferedBytes, size: (bytes) => bytes?.byteLength ?? 0 },
	);
	const writable = new WritableStream<ArrayBuffer | ArrayBufferView>({
		start: (controller) => {
			writing = controller;
		},
		write: (chunk) =>
			new Promise((resolve, reject) => {
				face.write(bytesOf(chunk), (error) => (error === undefined ? resolve() : reject(error)));
			}),
		close: () =>
			new Promise((resolve) => {
				face.end(() => {
					end();
					resolve();
				});
			}),
		abort: () => {
			face.destroy();
			end();
		},
	});
	return { readable, writable };
}

function bytesOf(chunk: ArrayBuffer | ArrayBufferView): Uint8Array {
	if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
	if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
	throw new TypeError('a stream takes ArrayBuffers and views of them');
}
