import { Emitter } from '../../wire/emitter.js';
import { EnslavismError, type ErrorCode, isEnslavismError, rethrowLater } from '../../wire/errors.js';
import { type Batch, encodeMeta, Session, type Stream, type StreamHandler } from '../index.js';
import type { Carrier } from './carrier.js';
import { Incoming, Outgoing } from './opening.js';

/** Options of a mux. */
export interface MuxOptions {
	/** Whether this end numbers its streams as yamux's client. One end is the client, the other is not. */
	client: boolean;
	/**
	 * Whether streams begin with `meta`, which is Enslavism's own way to open them; both ends must agree. Turn it off to
	 * talk to another implementation of yamux. Default `true`.
	 */
	meta?: boolean | undefined;
	/** Streams that each end may have open at the same time. Default 10 000. */
	maxStreams?: number | undefined;
	/** Largest receive window of a stream, in bytes: 256 KiB, or more to let it grow. Default 4 MiB. */
	maxWindow?: number | undefined;
	/** A connection on which nothing arrives for this long, in ms, is asked, and after as long again lost. Default: never. */
	heartbeat?: number | undefined;
}

/** The part of an `AbortSignal` that is used; browsers and Node have it. */
export interface AbortSignalLike {
	readonly aborted: boolean;
	readonly reason?: unknown;
	addEventListener(type: 'abort', listener: () => void): void;
	removeEventListener(type: 'abort', listener: () => void): void;
}

/** Options of one stream. */
export interface StreamOptions {
	/** Resets the stream, for both ends, when it is aborted. The stream's error has the signal's reason as its cause. */
	signal?: AbortSignalLike | undefined;
}

export type MuxEvents<Face> = {
	/** The other end opened a stream. */
	stream: [stream: Face];
	/** The connection was lost, or the other end broke its rules; `close` follows. */
	error: [error: EnslavismError];
	/** The other end takes no more streams; those that are open go on. */
	leaving: [];
	/** The connection is closed. The last event. */
	close: [];
};

/** Bytes that a carrier may have in its hands. Enough to keep it busy, and little, so that turns are given out late. */
const IN_FLIGHT_BYTES = 256 * 1024;
/** Bytes handed to a byte stream at a time. */
const BATCH_BYTES = 128 * 1024;
/** How long, in ms, the last bytes may take to leave before the carrier is cut. */
const LAST_WORDS_MS = 5000;

/**
 * Many streams over one connection. `Face` is how a host shows a stream: a `Duplex` in Node, a pair of WHATWG streams
 * in a browser.
 */
export abstract class MuxBase<Face extends StreamHandler> extends Emitter<MuxEvents<Face>> {
	/** @internal */
	readonly session: Session;
	/** Whether the connection is closed. */
	closed = false;
	readonly #carrier: Carrier;
	readonly #hasMeta: boolean;
	readonly #batchBytes: number;
	#inFlight = 0;
	#isPumping = false;
	#isPumpDue = false;
	#isEnding = false;
	#error: EnslavismError | undefined;
	#heard = true;
	#beat: unknown;
	#closing: { resolve(): void }[] = [];
	#pings: { resolve(rtt: number): void; reject(error: EnslavismError): void }[] = [];

	/** @internal */
	constructor(carrier: Carrier, options: MuxOptions) {
		super();
		if (typeof options?.client !== 'boolean') throw new EnslavismError('bad-option', 'client must be true or false');
		this.#carrier = carrier;
		this.#hasMeta = options.meta ?? true;
		const { messageBytes } = carrier;
		this.#batchBytes = messageBytes ?? BATCH_BYTES;
		this.session = new Session(
			{
				...options,
				...(messageBytes === undefined ? {} : { packBytes: messageBytes, frameBytes: messageBytes }),
				reuse: carrier.copies,
			},
			{
				opened: (stream) => this.#opened(stream),
				ready: () => this.#pumpSoon(),
				ponged: (rtt) => this.#ponged(rtt),
				leaving: () => this.emit('leaving'),
				stopped: (why) => this.#stopped(why),
			},
		);
		carrier.attach({
			data: (bytes) => {
				this.#heard = true;
				this.session.receive(bytes, performance.now());
				if (this.#closing.length > 0) this.#pumpSoon();
			},
			closed: (cause) => this.#carrierClosed(cause),
		});
		if (options.heartbeat !== undefined) this.#startHeartbeat(options.heartbeat);
	}

	/** How many streams are open. */
	get size(): number {
		return this.session.streams.size;
	}

	/** What opens streams: the mux itself, under the name that tcp-stream-muxer gave it. */
	get StreamPool(): Pick<this, 'createStream' | 'openStream' | 'size'> {
		return this;
	}

	/**
	 * Opens a stream that can be written to at once, before the other end has heard of it.
	 *
	 * @param meta any JavaScript value that is data, at most 16 KiB encoded; the other end's `stream.meta`
	 * @throws EnslavismError `bad-meta`; `limit-reached` when this end has as many streams as it may; `mux-closed` when
	 *   either end is closing
	 */
	openStream(meta?: unknown, { signal }: StreamOptions = {}): Face {
		const { stream, face } = this.#open(meta);
		stream.handler = face;
		if (signal !== undefined) this.#heed(signal, stream);
		return face;
	}

	/**
	 * Opens a stream and waits until the other end has accepted it.
	 *
	 * @param meta see {@link openStream}
	 * @param callback called with the stream when the other end has accepted it
	 * @returns the same stream; rejects with what {@link openStream} throws, or with the code that the other end gave:
	 *   `limit-reached`, `bad-meta`, `stream-refused`, `stream-reset`, `mux-closed`, `mux-lost`
	 */
	createStream(meta?: unknown, callback?: (stream: Face) => void, options: StreamOptions = {}): Promise<Face> {
		const created = this.#create(meta, options);
		if (callback !== undefined) {
			const call = (stream: Face): void => {
				try {
					callback(stream);
				} catch (thrown) {
					rethrowLater(thrown);
				}
			};
			// Whoever gave a callback may leave the promise alone.
			created.then(call, () => {});
		}
		return created;
	}

	/** Measures the round trip, in ms. Rejects with `mux-closed` or `mux-lost`. */
	ping(): Promise<number> {
		return new Promise((resolve, reject) => {
			if (this.session.over) {
				reject(new EnslavismError('mux-closed'));
				return;
			}
			this.#pings.push({ resolve, reject });
			this.session.ping(performance.now());
		});
	}

	/** Opens and takes no more streams, lets those that are open finish, and closes the connection. Resolves then. */
	close(): Promise<void> {
		return new Promise((resolve) => {
			if (this.closed) {
				resolve();
				return;
			}
			this.#closing.push({ resolve });
			this.session.leave();
			this.#pumpSoon();
		});
	}

	/** Closes the connection and all streams at once. */
	destroy(): void {
		this.session.stop('mux-closed');
	}

	/** Makes what the user sees of a stream. */
	protected abstract show(stream: Stream, meta: unknown): Face;

	#open(meta: unknown): { stream: Stream; face: Face } {
		const first = this.#hasMeta ? encodeMeta(meta) : undefined;
		if (!this.#hasMeta && meta !== undefined) throw new EnslavismError('bad-meta', 'this mux was made without meta');
		const stream = this.session.open();
		if (first !== undefined) this.session.write(stream, first);
		return { stream, face: this.show(stream, meta) };
	}

	async #create(meta: unknown, { signal }: StreamOptions): Promise<Face> {
		const { stream, face } = this.#open(meta);
		return new Promise<Face>((resolve, reject) => {
			stream.handler = new Outgoing(stream, face, resolve, reject);
			if (signal !== undefined) this.#heed(signal, stream);
		});
	}

	#heed(signal: AbortSignalLike, stream: Stream): void {
		const abort = (): void => {
			const error = new EnslavismError('stream-reset', 'the stream was aborted', { cause: signal.reason });
			this.session.reset(stream, 'stream-reset', error);
		};
		if (signal.aborted) {
			abort();
			return;
		}
		signal.addEventListener('abort', abort);
		stream.left = () => signal.removeEventListener('abort', abort);
	}

	#opened(stream: Stream): void {
		if (this.listenerCount('stream') === 0) return;
		if (this.#hasMeta) {
			stream.handler = new Incoming(this.session, stream, (meta) => this.#accept(stream, meta));
		} else this.#accept(stream, undefined);
	}

	#accept(stream: Stream, meta: unknown): void {
		const face = this.show(stream, meta);
		stream.handler = face;
		this.session.accept(stream);
		this.emit('stream', face);
	}

	/** Sends after the current turn, so that what one turn writes goes out together. */
	#pumpSoon(): void {
		if (this.#isPumpDue || this.#isPumping) return;
		this.#isPumpDue = true;
		queueMicrotask(() => {
			this.#isPumpDue = false;
			this.#pump();
		});
	}

	#pump(): void {
		if (this.#isPumping || this.closed || this.#isEnding) return;
		this.#isPumping = true;
		while (this.#inFlight < IN_FLIGHT_BYTES) {
			const batch = this.session.pull(this.#batchBytes);
			if (batch === undefined) break;
			this.#inFlight += batch.bytes;
			this.#carrier.send(batch.pieces, () => this.#sent(batch));
		}
		this.#isPumping = false;
		const isDone = this.session.over || (this.#closing.length > 0 && this.size === 0);
		if (isDone && this.#inFlight < IN_FLIGHT_BYTES) this.#end();
	}

	#sent(batch: Batch): void {
		this.#inFlight -= batch.bytes;
		this.session.sent(batch);
		this.#pump();
	}

	#ponged(rtt: number): void {
		for (const { resolve } of this.#pings.splice(0)) resolve(rtt);
	}

	#stopped(why: ErrorCode): void {
		if (why !== 'mux-closed') this.#error ??= new EnslavismError(why);
		this.#pumpSoon();
		if (this.closed) return;
		// A carrier that does not drain must not keep the rest.
		unref(
			setTimeout(() => {
				if (!this.closed) this.#carrier.destroy();
			}, LAST_WORDS_MS),
		);
	}

	#end(): void {
		if (this.#isEnding) return;
		this.#isEnding = true;
		this.session.stop('mux-closed');
		this.#carrier.end();
	}

	#carrierClosed(cause: unknown): void {
		if (this.closed) return;
		this.closed = true;
		clearTimeout(this.#beat);
		const isLost = cause !== undefined || (this.size > 0 && !this.session.leaving);
		if (isLost) this.#error ??= isEnslavismError(cause) ? cause : new EnslavismError('mux-lost', '', { cause });
		const error = this.#error;
		this.session.stop(error?.code ?? 'mux-closed', error);
		for (const { reject } of this.#pings.splice(0)) reject(error ?? new EnslavismError('mux-closed'));
		for (const { resolve } of this.#closing.splice(0)) resolve();
		if (error !== undefined) this.emit('error', error);
		this.emit('close');
	}

	#startHeartbeat(ms: number): void {
		let asked = false;
		const beat = (): void => {
			if (this.#heard) asked = false;
			else if (asked) {
				this.#error = new EnslavismError('mux-lost', 'the other end is silent');
				this.#carrier.destroy();
				return;
			} else {
				asked = true;
				this.session.ping(performance.now());
			}
			this.#heard = false;
			this.#beat = unref(setTimeout(beat, ms));
		};
		this.#beat = unref(setTimeout(beat, ms));
	}
}

/** Lets a Node process end although the timer runs; browsers have nothing like it. */
function unref(timer: unknown): unknown {
	(timer as { unref?: () => void }).unref?.();
	return timer;
}
