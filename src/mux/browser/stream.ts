import { EnslavismError, type ErrorCode } from '../../wire/errors.js';
import { ByteQueue, type Session, type Stream, type StreamHandler } from '../index.js';

/** Bytes that a writer may be ahead. */
const HIGH_WATER_MARK = 64 * 1024;

/**
 * One stream as a pair of WHATWG streams of bytes. Closing `writable` ends this end's direction only; aborting it, or
 * cancelling `readable`, resets both: yamux cannot stop one direction from its receiving end.
 *
 * What arrives and is not read waits here, at most the stream's window of bytes; then the other end has to wait.
 */
export class MuxStream implements StreamHandler {
	/** What the stream was opened with. */
	readonly meta: unknown;
	/** What the other end writes. */
	readonly readable: ReadableStream<Uint8Array>;
	/** Takes `ArrayBuffer`s and views of them; a write is done when it has left. */
	readonly writable: WritableStream<ArrayBuffer | ArrayBufferView>;
	readonly #session: Session;
	readonly #stream: Stream;
	readonly #queue = new ByteQueue();
	#reading: ReadableStreamDefaultController<Uint8Array> | undefined;
	#writing: WritableStreamDefaultController | undefined;
	#isWanted = false;
	#isEnded = false;
	#written: (() => void) | undefined;

	/** @internal */
	constructor(session: Session, stream: Stream, meta: unknown) {
		this.meta = meta;
		this.#session = session;
		this.#stream = stream;
		const reset = (): void => session.reset(stream);
		this.readable = new ReadableStream<Uint8Array>(
			{
				start: (controller) => {
					this.#reading = controller;
				},
				pull: () => {
					this.#isWanted = true;
					this.#drain();
				},
				cancel: reset,
			},
			// Nothing is read ahead: what waits, waits in the window.
			{ highWaterMark: 0 },
		);
		this.writable = new WritableStream<ArrayBuffer | ArrayBufferView>(
			{
				start: (controller) => {
					this.#writing = controller;
				},
				write: (chunk) => this.#write(bytesOf(chunk)),
				close: () => this.#leave(() => session.end(stream)),
				abort: reset,
			},
			{ highWaterMark: HIGH_WATER_MARK, size: (chunk) => chunk?.byteLength ?? 0 },
		);
	}

	/** The stream's number, the same at both ends. */
	get id(): number {
		return this.#stream.id;
	}

	/** @internal */
	data(bytes: Uint8Array): void {
		this.#queue.push(bytes);
		this.#drain();
	}

	/** @internal */
	ended(): void {
		this.#isEnded = true;
		this.#drain();
	}

	/** @internal */
	accepted(): void {}

	/** @internal */
	sent(): void {
		const written = this.#written;
		this.#written = undefined;
		written?.();
	}

	/** @internal */
	broken(why: ErrorCode, error = new EnslavismError(why)): void {
		// What arrived whole may still be read.
		if (!this.#isEnded) {
			this.#queue.clear();
			this.#reading?.error(error);
			this.#reading = undefined;
		}
		this.#writing?.error(error);
		this.sent();
	}

	#write(bytes: Uint8Array): Promise<void> | undefined {
		return bytes.length === 0 ? undefined : this.#leave(() => this.#session.write(this.#stream, bytes));
	}

	#leave(hand: () => void): Promise<void> {
		return new Promise((resolve) => {
			this.#written = resolve;
			hand();
		});
	}

	#drain(): void {
		const bytes = this.#isWanted ? this.#queue.shift() : undefined;
		if (bytes !== undefined) {
			this.#isWanted = false;
			this.#session.consume(this.#stream, bytes.length, performance.now());
			this.#reading?.enqueue(bytes);
		}
		if (this.#isEnded && this.#queue.bytes === 0) this.#close();
	}

	#close(): void {
		this.#reading?.close();
		this.#reading = undefined;
	}
}

function bytesOf(chunk: ArrayBuffer | ArrayBufferView): Uint8Array {
	if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
	if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
	throw new TypeError('a stream takes ArrayBuffers and views of them');
}
