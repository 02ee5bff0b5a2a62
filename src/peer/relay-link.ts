/**
 * The ways of a link's sessions through the master: one yamux connection for each link, a stream for each session, so
 * that each is flow-controlled by itself. A stream begins with its session's id; frames follow:
 *
 *     | length 8 | id | { | length 32 | frame | } …
 */
import { type LinkEngine, LinkMux, NO_HANDLER, StreamHead, streamHead } from '../mux/host/link-mux.js';
import { joined } from '../mux/pieces.js';
import type { Stream } from '../mux/stream.js';
import * as LIMITS from '../wire/limits.js';
import { FRAME_BYTES, writeFrame } from './frames.js';
import type { OpenRelay, RelayHandlers, RelayPipe } from './paths.js';

/** What the ways of a link need of it. */
export interface RelayLinkHost {
	/** What the streams run on. */
	engine?(): LinkEngine | undefined;
	/** Bytes that wait in the link's socket. */
	bufferedAmount(): number;
	sendBytes(bytes: Uint8Array): void;
	/** The other end of a session has opened a way to this one; tells whether somebody takes it, now or later. */
	opened(session: string, open: OpenRelay): boolean;
	/** What arrived cannot be read: the link is of no use any more. */
	broken(): void;
}

/** Bytes of a frame's length. */
const LENGTH_BYTES = 4;

/** The client's or slave's end of the ways over its link. */
export class RelayLink {
	readonly #host: RelayLinkHost;
	#mux: LinkMux | undefined;

	constructor(host: RelayLinkHost) {
		this.#host = host;
	}

	/** Opens a way for a session; the link is open. */
	open(session: string, handlers: RelayHandlers): RelayPipe | undefined {
		const mux = this.#open();
		try {
			const stream = mux.session.open();
			mux.session.write(stream, streamHead(session));
			return pipe(mux, stream, handlers);
		} catch {
			// As many as there may be.
			return undefined;
		}
	}

	/** Takes a binary frame of the link. */
	receive(bytes: Uint8Array): void {
		this.#open().receive(bytes);
	}

	/** The link is lost, and every way with it. */
	reset(): void {
		const mux = this.#mux;
		this.#mux = undefined;
		mux?.close();
	}

	#open(): LinkMux {
		const host = this.#host;
		this.#mux ??= new LinkMux(
			true,
			{
				get bufferedAmount() {
					return host.bufferedAmount();
				},
				sendBytes: (bytes) => host.sendBytes(bytes),
				opened: (stream) => this.#opened(this.#open(), stream),
				broken: () => host.broken(),
			},
			host.engine?.(),
		);
		return this.#mux;
	}

	/** Waits for the session's id, then for somebody to take the way. What comes before stays below a stream's window. */
	#opened(mux: LinkMux, stream: Stream): void {
		const head = new StreamHead();
		const early: Uint8Array[] = [];
		const hold = (bytes: Uint8Array): unknown => early.push(new Uint8Array(bytes));
		const ended = (): void => mux.session.end(stream);
		const data = (bytes: Uint8Array): void => {
			const read = head.push(bytes);
			if (read === undefined) return;
			hold(read.rest);
			stream.handler = { ...NO_HANDLER, ended, data: hold };
			const open: OpenRelay = (handlers) => (stream.closed ? undefined : pipe(mux, stream, handlers, early));
			if (!this.#host.opened(read.session, open)) mux.session.reset(stream, 'stream-refused');
		};
		stream.handler = { ...NO_HANDLER, ended, data };
	}
}

/** @param early what came before there were handlers; they hear of it once the caller has the pipe */
function pipe(mux: LinkMux, stream: Stream, handlers: RelayHandlers, early: Uint8Array[] = []): RelayPipe {
	let closed = false;
	let settled = false;
	const reader = new FrameReader((frame) => {
		if (!closed) handlers.frame(frame);
	});
	const take = (bytes: Uint8Array): void => {
		if (!reader.push(bytes)) mux.session.reset(stream, 'mux-protocol');
		mux.consume(stream, bytes.length);
	};
	const lost = (final: boolean): void => {
		if (closed) return;
		closed = true;
		handlers.lost(final);
	};
	queueMicrotask(() => {
		settled = true;
		for (const bytes of early) take(bytes);
	});
	stream.handler = {
		...NO_HANDLER,
		data: (bytes) => {
			if (settled) take(bytes);
			else early.push(new Uint8Array(bytes));
		},
		ended: () => {
			mux.session.end(stream);
			lost(false);
		},
		broken: (why) => lost(why === 'stream-refused'),
	};
	return {
		kind: 'relay',
		get queued() {
			return stream.queued;
		},
		send: (kind, channel, number, payload) => {
			const frame = writeFrame(kind, channel, number, payload, LENGTH_BYTES);
			new DataView(frame.buffer).setUint32(0, frame.length - LENGTH_BYTES);
			mux.session.write(stream, frame);
		},
		close: () => {
			closed = true;
			mux.session.end(stream);
		},
	};
}

/** Cuts a stream of bytes into frames. */
class FrameReader {
	readonly #tell: (frame: Uint8Array) => void;
	/** Pieces of a frame that is not whole, and how much of it is here. */
	#pieces: Uint8Array[] = [];
	#have = 0;
	#want = LENGTH_BYTES;

	constructor(tell: (frame: Uint8Array) => void) {
		this.#tell = tell;
	}

	/** Takes bytes; tells whether they can be frames. */
	push(bytes: Uint8Array): boolean {
		this.#pieces.push(bytes);
		this.#have += bytes.length;
		if (this.#have < this.#want) return true;
		const all = this.#pieces.length === 1 ? bytes : joined(this.#pieces, this.#have);
		let at = 0;
		for (;;) {
			this.#want = LENGTH_BYTES;
			if (all.length - at < LENGTH_BYTES) break;
			const length = new DataView(all.buffer, all.byteOffset + at).getUint32(0);
			if (length > LIMITS.messageBytes + FRAME_BYTES) return false;
			this.#want += length;
			if (all.length - at < this.#want) break;
			this.#tell(all.subarray(at + LENGTH_BYTES, at + this.#want));
			at += this.#want;
		}
		this.#pieces = at < all.length ? [all.slice(at)] : [];
		this.#have = all.length - at;
		return true;
	}
}
