/** What the stream faces of the two hosts share: a source of messages as a pair of byte streams, without the streams. */
import * as CLOSE from '../../wire/close-codes.js';
import { EnslavismError } from '../../wire/index.js';
import * as LIMITS from '../../wire/limits.js';

/** The part of a piped socket, or of an echo, that a stream needs. */
export interface StreamSource {
	readonly bufferedAmount: number;
	/** Of a piped socket. An echo keeps what is sent before it is open. */
	readonly readyState?: 'connecting' | 'open' | 'closed';
	/** Of an echo. */
	readonly closed?: boolean;
	send(data: Uint8Array): void;
	close(code?: number, reason?: string): void;
	on(event: 'open', listener: () => void): unknown;
	on(event: 'message', listener: (event: { readonly data: string | ArrayBuffer }) => void): unknown;
	on(event: 'close', listener: (end: SourceEnd) => void): unknown;
}

/** How a source tells its end: a close event of a socket, or an error. */
export interface SourceEnd {
	readonly code: number | string;
	readonly reason?: string | undefined;
}

/** What a stream hears. */
export interface SourceHandler {
	/** Bytes, also those of a text. */
	data(bytes: Uint8Array): void;
	/** The end; without an error if the other side has closed in order. */
	ended(error: EnslavismError | undefined): void;
}

/** Bytes that may wait in a source before a writer has to. */
const HIGH_BYTES = 512 * 1024;
/** How often, in milliseconds, a source is asked whether enough has left: sockets of browsers have no event for that. */
const POLL = 5;

/** A source as the two directions of a stream. */
export class Face {
	readonly #source: StreamSource;
	readonly #handler: SourceHandler;
	#over = false;
	/** Tells the writer that it may go on. */
	#waiting: (() => void) | undefined;

	constructor(source: StreamSource, handler: SourceHandler) {
		this.#source = source;
		this.#handler = handler;
		source.on('message', ({ data }) => {
			if (!this.#over) handler.data(typeof data === 'string' ? new TextEncoder().encode(data) : new Uint8Array(data));
		});
		source.on('open', () => this.#look());
		source.on('close', ({ code, reason = '' }) => this.#closed(code, reason));
		if (source.readyState === 'closed' || source.closed === true) queueMicrotask(() => this.#closed(1000, ''));
	}

	/** Sends; `done` is called when more may follow. Throws what `send` of the source does. */
	write(bytes: Uint8Array, done: (error?: EnslavismError) => void): void {
		this.#when(() => {
			try {
				// In pieces that a service takes.
				for (let at = 0; at < bytes.length; at += LIMITS.relayedMessageBytes) {
					this.#source.send(bytes.subarray(at, at + LIMITS.relayedMessageBytes));
				}
			} catch (thrown) {
				done(thrown as EnslavismError);
				return;
			}
			this.#when(done);
		});
	}

	/** Closes the source after what was written. A socket has no way to close one direction only. */
	end(done: () => void): void {
		this.#when(() => {
			this.#over = true;
			this.#source.close();
			done();
		});
	}

	/** Closes the source at once. @param code of the close, if this end is to blame */
	destroy(code: number = CLOSE.normal, reason = ''): void {
		if (this.#over) return;
		this.#over = true;
		this.#waiting = undefined;
		this.#source.close(code, reason);
	}

	/** Past what may wait for a reader the source is closed. */
	overflow(): EnslavismError {
		this.destroy(CLOSE.slowReader, 'the stream is not read');
		return new EnslavismError('unread-overflow', 'the stream is not read');
	}

	#when(step: () => void): void {
		this.#waiting = step;
		this.#look();
	}

	/** Lets the writer go on, when the source is open and not too much waits in it; after its end, too. */
	#look(): void {
		const step = this.#waiting;
		if (step === undefined || (!this.#over && this.#source.readyState === 'connecting')) return;
		if (!this.#over && this.#source.bufferedAmount > HIGH_BYTES) {
			setTimeout(() => this.#look(), POLL);
			return;
		}
		this.#waiting = undefined;
		step();
	}

	#closed(code: number | string, reason: string): void {
		if (this.#over) return;
		this.#over = true;
		const isOrderly = code === CLOSE.normal || code === 'link-closed';
		this.#handler.ended(isOrderly ? undefined : new EnslavismError('link-closed', reason, { reason }));
		this.#look();
	}
}
