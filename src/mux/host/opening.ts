import { EnslavismError, type ErrorCode } from '../../wire/errors.js';
import { MetaReader, type Session, type Stream, type StreamHandler } from '../index.js';

/** A stream that the other end opened, until its meta is known. */
export class Incoming implements StreamHandler {
	readonly #session: Session;
	readonly #stream: Stream;
	readonly #known: (meta: unknown) => void;
	readonly #reader = new MetaReader();

	/** @param known gives the stream its next handler */
	constructor(session: Session, stream: Stream, known: (meta: unknown) => void) {
		this.#session = session;
		this.#stream = stream;
		this.#known = known;
	}

	data(bytes: Uint8Array): void {
		const stream = this.#stream;
		let own: number | undefined;
		try {
			own = this.#reader.push(bytes);
		} catch {
			this.#session.reset(stream, 'bad-meta');
			return;
		}
		// Too few to be worth a measurement of the time.
		this.#session.consume(stream, own ?? bytes.length, 0);
		if (own === undefined) return;
		this.#known(this.#reader.meta);
		if (own < bytes.length && !stream.closed) stream.handler?.data(bytes.subarray(own));
	}

	ended(): void {
		this.#session.reset(this.#stream, 'bad-meta');
	}

	accepted(): void {}
	sent(): void {}
	broken(): void {}
}

/** A stream that this end opened, until the other end has accepted it. */
export class Outgoing<Face extends StreamHandler> implements StreamHandler {
	readonly #stream: Stream;
	readonly #face: Face;
	readonly #resolve: (face: Face) => void;
	readonly #reject: (error: EnslavismError) => void;

	constructor(stream: Stream, face: Face, resolve: (face: Face) => void, reject: (error: EnslavismError) => void) {
		this.#stream = stream;
		this.#face = face;
		this.#resolve = resolve;
		this.#reject = reject;
	}

	data(bytes: Uint8Array): void {
		this.#face.data(bytes);
	}

	ended(): void {
		this.#face.ended();
	}

	accepted(): void {
		this.#stream.handler = this.#face;
		this.#face.accepted();
		this.#resolve(this.#face);
	}

	sent(): void {
		this.#face.sent();
	}

	broken(why: ErrorCode, error = new EnslavismError(why)): void {
		this.#face.broken(why, error);
		this.#reject(error);
	}
}
