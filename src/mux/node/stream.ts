import { Duplex, type DuplexOptions } from 'node:stream';
import { EnslavismError, type ErrorCode, rethrowLater } from '../../wire/errors.js';
import { ByteQueue, type Session, type Stream, type StreamHandler } from '../index.js';

type Callback = (error?: Error | null) => void;

const HIGH_WATER_MARK = 64 * 1024;

const OPTIONS: DuplexOptions = { readableHighWaterMark: HIGH_WATER_MARK, writableHighWaterMark: HIGH_WATER_MARK };

/**
 * Listens for the errors of every stream, because Node ends the process for one that nobody listens for: what the other
 * end does must not have that power, but what this end does (a write after the end, for example) keeps it.
 */
function unlessItIsOurs(this: Duplex, error: Error): void {
	if (!(error instanceof EnslavismError) && this.listenerCount('error') === 1) rethrowLater(error);
}

/**
 * One stream as a Node `Duplex`. `end()` ends this end's direction only; `destroy()` resets both.
 *
 * What arrives and is not read waits here, at most the stream's window of bytes; then the other end has to wait. A
 * stream that was reset emits `error` with an `EnslavismError`. Nobody has to listen for it: the other end cannot bring
 * the process down.
 */
export class MuxStream extends Duplex implements StreamHandler {
	/** What the stream was opened with. */
	readonly meta: unknown;
	readonly #session: Session;
	readonly #stream: Stream;
	/** What arrived and is not in the `Duplex` yet. */
	#queue: ByteQueue | undefined;
	/** Bytes that arrived and the session has not been told are used up. */
	#unused = 0;
	#isWanted = false;
	#isEnded = false;
	#callback: Callback | undefined;

	/** @internal */
	constructor(session: Session, stream: Stream, meta: unknown) {
		super(OPTIONS);
		this.on('error', unlessItIsOurs);
		this.meta = meta;
		this.#session = session;
		this.#stream = stream;
	}

	/** The stream's number, the same at both ends. */
	get id(): number {
		return this.#stream.id;
	}

	/** The same as that of every `Readable`; here it also lets the other end go on. */
	override read(size?: number): unknown {
		const chunk: unknown = super.read(size);
		this.#credit();
		return chunk;
	}

	/** Like that of every `Readable`, but reading to the end leaves the other direction open. */
	override async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, undefined> {
		let isWhole = false;
		try {
			yield* this.iterator({ destroyOnReturn: false });
			isWhole = true;
		} finally {
			if (!isWhole) this.destroy();
		}
		return undefined;
	}

	/** @internal */
	data(bytes: Uint8Array): void {
		if (this.destroyed) return;
		this.#unused += bytes.length;
		// Handed through as it is if it does not stay; otherwise a queue sees to it that it takes no more than its size.
		if (this.#isWanted && this.readableFlowing === true && this.readableLength === 0) this.#push(bytes);
		else {
			this.#queue ??= new ByteQueue();
			this.#queue.push(bytes);
			this.#drain();
		}
		this.#credit();
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
		this.#done(null);
	}

	/** @internal */
	broken(why: ErrorCode, error = new EnslavismError(why)): void {
		// What arrived whole may still be read.
		if (this.#isEnded && !this.readableEnded && this.#callback === undefined) {
			this.once('end', () => this.destroy(error));
		} else this.destroy(error);
	}

	override _read(): void {
		this.#isWanted = true;
		this.#drain();
	}

	override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
		this.#write([{ chunk }], callback);
	}

	override _writev(chunks: { chunk: Buffer }[], callback: Callback): void {
		this.#write(chunks, callback);
	}

	override _final(callback: Callback): void {
		if (this.#stream.closed) {
			callback(new EnslavismError('stream-reset'));
			return;
		}
		this.#callback = callback;
		this.#session.end(this.#stream);
	}

	override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
		this.#session.reset(this.#stream);
		this.#queue = undefined;
		this.#done(error ?? new EnslavismError('stream-reset'));
		callback(error);
	}

	#write(chunks: { chunk: Buffer }[], callback: Callback): void {
		if (this.#stream.closed) {
			callback(new EnslavismError('stream-reset'));
			return;
		}
		this.#callback = callback;
		for (const { chunk } of chunks) this.#session.write(this.#stream, chunk);
		if (this.#stream.queued === 0) this.#done(null);
	}

	#done(error: Error | null): void {
		const callback = this.#callback;
		if (callback === undefined) return;
		this.#callback = undefined;
		try {
			callback(error);
		} catch (thrown) {
			rethrowLater(thrown);
		}
	}

	#drain(): void {
		const queue = this.#queue;
		while (this.#isWanted && queue !== undefined && queue.bytes > 0) this.#push(queue.shift() as Uint8Array);
		if (this.#isEnded && (queue === undefined || queue.bytes === 0)) this.#push(null);
	}

	#push(bytes: Uint8Array | null): void {
		// Said before, because a listener may ask for more meanwhile.
		this.#isWanted = false;
		try {
			if (this.push(bytes)) this.#isWanted = true;
		} catch (thrown) {
			rethrowLater(thrown);
			// The listener's own matter: the next bytes come as if it had returned.
			this.#isWanted = true;
		}
	}

	#credit(): void {
		const waiting = this.readableLength + (this.#queue?.bytes ?? 0);
		if (waiting >= this.#unused) return;
		const used = this.#unused - waiting;
		this.#unused = waiting;
		this.#session.consume(this.#stream, used, performance.now());
	}
}
