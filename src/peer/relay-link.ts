/**
 * The ways of a link's sessions through the master: one yamux connection for each link, a stream for each session, so
 * that each is flow-controlled by itself. A stream begins with its session's id; frames follow:
 *
 *     | length 8 | id | { | length 32 | frame | } …
 */
import { type LinkEngine, LinkMux, NO_HANDLER, StreamHead, streamHead } from '../mux/host/link-mux.js';
import { Slab } from '../mux/slab.js';
import type { Stream } from '../mux/stream.js';
import * as LIMITS from '../wire/limits.js';
import type { OpenRelay, RelayHandlers, RelayPipe } from './carrier.js';
import {
	COPIED_BYTES,
	FRAME_BYTES,
	type Frame,
	frameOf,
	LENGTH_BYTES,
	payloadOf,
	RELAYED_BYTES,
	writeHead,
} from './frames.js';

/** What the ways of a link need of it. */
export interface RelayLinkHost {
	/** What the streams run on. */
	engine?(): LinkEngine | undefined;
	/** Bytes that wait in the link's socket. */
	bufferedAmount(): number;
	sendBytes(frames: Uint8Array[]): void;
	/** The other end of a session has opened a way to this one; tells whether somebody takes it, now or later. */
	opened(session: string, open: OpenRelay): boolean;
	/** What arrived cannot be read: the link is of no use any more. */
	broken(): void;
}

/** The client's or slave's end of the ways over its link. */
export class RelayLink {
	readonly #host: RelayLinkHost;
	readonly #writer = new FrameWriter();
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
			return pipe(mux, stream, handlers, this.#writer);
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
				sendBytes: (frames) => host.sendBytes(frames),
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
		const early = new Held();
		const hold = (bytes: Uint8Array): void => early.push(bytes);
		const ended = (): void => mux.session.end(stream);
		const data = (bytes: Uint8Array): void => {
			const read = head.push(bytes);
			if (read === undefined) return;
			hold(read.rest);
			stream.handler = { ...NO_HANDLER, ended, data: hold };
			const open: OpenRelay = (handlers) =>
				stream.closed ? undefined : pipe(mux, stream, handlers, this.#writer, early);
			if (!this.#host.opened(read.session, open)) mux.session.reset(stream, 'stream-refused');
		};
		stream.handler = { ...NO_HANDLER, ended, data };
	}
}

/** @param early what came before there were handlers; they hear of it once the caller has the pipe */
function pipe(
	mux: LinkMux,
	stream: Stream,
	handlers: RelayHandlers,
	writer: FrameWriter,
	early = new Held(),
): RelayPipe {
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
		if (!stream.closed && early.length > 0) take(early.take());
	});
	stream.handler = {
		...NO_HANDLER,
		data: (bytes) => {
			if (settled) take(bytes);
			else early.push(bytes);
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
		send: (...frame) => writer.write(frame, (bytes) => mux.session.write(stream, bytes)),
		close: () => {
			closed = true;
			mux.session.end(stream);
		},
	};
}

/** Bytes that wait for somebody: however small the pieces, they take no more than twice the memory. */
class Held {
	length = 0;
	#bytes = new Uint8Array(0);

	push(bytes: Uint8Array): void {
		const end = this.length + bytes.length;
		if (end > this.#bytes.length) {
			const grown = new Uint8Array(2 * end);
			grown.set(this.#bytes);
			this.#bytes = grown;
		}
		this.#bytes.set(bytes, this.length);
		this.length = end;
	}

	take(): Uint8Array {
		const bytes = this.#bytes.subarray(0, this.length);
		this.length = 0;
		this.#bytes = new Uint8Array(0);
		return bytes;
	}
}

/** Memory that small frames are written into, one behind the other: so they leave as one piece. */
const BLOCK_BYTES = 16 * 1024;

/** Writes frames with their lengths. */
class FrameWriter {
	readonly #slab = new Slab();

	/** @param write takes a frame, perhaps in two parts */
	write(
		[kind, channel, number, payload = '']: Parameters<RelayPipe['send']>,
		write: (bytes: Uint8Array) => void,
	): void {
		const data = payloadOf(payload);
		const isLong = data.length > COPIED_BYTES;
		const bytes = this.#slab.take(RELAYED_BYTES + (isLong ? 0 : data.length), BLOCK_BYTES);
		new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, FRAME_BYTES + data.length);
		writeHead(bytes, LENGTH_BYTES, kind, channel, number);
		if (!isLong) bytes.set(data, RELAYED_BYTES);
		write(bytes);
		if (isLong) write(data);
	}
}

/** Cuts a stream of bytes into frames. */
class FrameReader {
	readonly #tell: (frame: Frame | undefined) => void;
	/** The head of the frame that is being read, and how much of it is here. */
	readonly #head = new Uint8Array(RELAYED_BYTES);
	#have = 0;
	/** Its payload, and how much of it is to come. */
	#payload: Uint8Array<ArrayBuffer> | undefined;
	#left = 0;

	/** @param tell hears of each frame, and of `undefined` where something is none */
	constructor(tell: (frame: Frame | undefined) => void) {
		this.#tell = tell;
	}

	/** Takes bytes; tells whether they can be frames. */
	push(bytes: Uint8Array): boolean {
		let at = 0;
		while (at < bytes.length) {
			if (this.#payload === undefined) {
				const part = bytes.subarray(at, at + RELAYED_BYTES - this.#have);
				this.#head.set(part, this.#have);
				this.#have += part.length;
				at += part.length;
				if (this.#have < RELAYED_BYTES) break;
				this.#left = new DataView(this.#head.buffer).getUint32(0) - FRAME_BYTES;
				if (this.#left < 0 || this.#left > LIMITS.messageBytes) return false;
				this.#payload = new Uint8Array(this.#left);
			}
			const part = bytes.subarray(at, at + this.#left);
			this.#payload.set(part, this.#payload.length - this.#left);
			this.#left -= part.length;
			at += part.length;
			if (this.#left === 0) this.#end(this.#payload);
		}
		return true;
	}

	#end(payload: Uint8Array<ArrayBuffer>): void {
		this.#have = 0;
		this.#payload = undefined;
		this.#tell(frameOf(this.#head, LENGTH_BYTES, payload));
	}
}
