import { EnslavismError, type ErrorCode } from '../wire/errors.js';
import * as LIMITS from '../wire/limits.js';
import { ACK, DATA, FIN, GO_AWAY, GO_AWAY_REASONS, HEADER_BYTES, PING, RST, SYN, uint32, WINDOW } from './frame.js';
import { type Batch, Packer } from './packer.js';
import { NO_BYTES, RESET_CODES, Stream } from './stream.js';

/** What happens to a session. */
export interface SessionHandler {
	/** The other end opened a stream. It is refused unless it has a handler when this returns. */
	opened(stream: Stream): void;
	/** There is something to {@link Session.pull}. */
	ready(): void;
	/** The other end answered a ping, `rtt` ms after it was asked. */
	ponged(rtt: number): void;
	/** The other end takes no more streams; those that are open go on. */
	leaving(): void;
	/** The session is over: send what {@link Session.pull} still has, then close the carrier. */
	stopped(why: ErrorCode): void;
}

export interface SessionOptions {
	/** Whether this end is yamux's client, which numbers its streams oddly. One end is, the other is not. */
	client: boolean;
	/** Largest number of streams that each end may have open. Default 10 000. */
	maxStreams?: number | undefined;
	/** Largest window of a stream, in bytes. Default 4 MiB. */
	maxWindow?: number | undefined;
	/** Largest data of a frame, in bytes. Default 64 KiB. */
	frameBytes?: number | undefined;
	/** Data up to this many bytes is copied next to its header. Default 1 KiB. */
	packBytes?: number | undefined;
	/** Whether a batch is done with before the next one is pulled, so that its memory can be used again. Default `false`. */
	reuse?: boolean | undefined;
}

const MAX_UINT32 = 0xffff_ffff;

/** How old a measured round trip may be, in ms, when a window asks for it. */
const RTT_AGE = 250;

/**
 * Many streams over one ordered, reliable connection, as yamux describes them
 * (github.com/hashicorp/yamux/blob/master/spec.md). It knows no clock and no socket.
 *
 * The rule: give all that arrives to {@link receive}; after {@link SessionHandler.ready}, call {@link pull} until it
 * has nothing more, as fast as the carrier takes it, and {@link sent} for each batch that has left. Times are in ms, from any clock that does not go back.
 *
 * What yamux does not allow ends the session with a go-away where the frames themselves cannot be trusted any more,
 * and otherwise resets the one stream it is about.
 */
export class Session {
	/** The streams that are open, by number. */
	readonly streams = new Map<number, Stream>();
	/** The last round trip, in ms; `undefined` before the first answer. */
	rtt: number | undefined;
	/** Whether it takes and opens no more streams: it failed, or either end is leaving. */
	leaving = false;
	/** Whether nothing more can happen to it. */
	over = false;
	readonly #handler: SessionHandler;
	readonly #packer: Packer;
	readonly #parity: number;
	readonly #maxStreams: number;
	readonly #maxWindow: number;
	readonly #frameBytes: number;
	/** Streams with something to send and the window for it, the next one first. */
	readonly #ready = new Set<Stream>();
	/** Frames without data to send: kind, stream and length of each. */
	#control: number[] = [];
	readonly #header = new Uint8Array(HEADER_BYTES);
	#headerBytes = 0;
	/** Bytes of data that the current frame still has, and whose they are. */
	#left = 0;
	#target: Stream | undefined;
	#nextId: number;
	#lastId = 0;
	#mine = 0;
	#grown = 0;
	#refusing = false;
	#pings = 0;
	#pinged: number | undefined;
	#pongedAt = Number.NEGATIVE_INFINITY;

	constructor(options: SessionOptions, handler: SessionHandler) {
		this.#handler = handler;
		this.#parity = options.client ? 1 : 0;
		this.#nextId = options.client ? 1 : 2;
		this.#maxStreams = options.maxStreams ?? LIMITS.muxStreams;
		this.#maxWindow = options.maxWindow ?? LIMITS.muxMaxWindowBytes;
		this.#frameBytes = options.frameBytes ?? LIMITS.muxFrameBytes;
		this.#packer = new Packer(options.packBytes ?? 1024, options.reuse ?? false);
	}

	/**
	 * Opens a stream. It can be written to at once.
	 *
	 * @throws EnslavismError `limit-reached` when this end has as many as it may; `mux-closed` when either end is leaving
	 */
	open(): Stream {
		if (this.leaving) throw new EnslavismError('mux-closed');
		if (this.#mine >= this.#maxStreams || this.#nextId > MAX_UINT32) throw new EnslavismError('limit-reached');
		const stream = new Stream(this.#nextId);
		this.#nextId += 2;
		this.#mine++;
		this.streams.set(stream.id, stream);
		this.#tell(WINDOW, SYN, stream.id, 0);
		return stream;
	}

	/** Tells the other end that its stream is accepted. */
	accept(stream: Stream): void {
		if (!stream.closed) this.#tell(WINDOW, ACK, stream.id, 0);
	}

	/** Sends bytes; they must not change until {@link StreamHandler.sent}. */
	write(stream: Stream, bytes: Uint8Array): void {
		if (stream.closed || stream.output !== 'open' || bytes.length === 0) return;
		if (stream.queued === 0) stream.queue = [bytes];
		else append(stream.queue, bytes);
		stream.queued += bytes.length;
		this.#offer(stream);
	}

	/** Sends no more on a stream after what was written; the other end may go on. */
	end(stream: Stream): void {
		if (stream.closed || stream.output !== 'open') return;
		stream.output = 'ending';
		this.#offer(stream);
	}

	/** Ends both directions of a stream at once, and drops what waits. */
	reset(stream: Stream, why: ErrorCode = 'stream-reset', error?: EnslavismError): void {
		if (stream.closed) return;
		this.#tell(WINDOW, RST, stream.id, Math.max(0, RESET_CODES.indexOf(why)));
		this.#close(stream, why, error);
	}

	/** Says that `bytes` of a stream's data are used up, so that as many more may come. */
	consume(stream: Stream, bytes: number, now: number): void {
		stream.used += bytes;
		if (stream.closed || stream.input !== 'open' || stream.used * 2 < stream.fullWindow) return;
		const grown = this.#growth(stream, now);
		stream.fullWindow += grown;
		this.#grown += grown;
		const update = stream.used + grown;
		stream.used = 0;
		stream.filled = now;
		stream.window += update;
		this.#tell(WINDOW, 0, stream.id, update);
	}

	/** Asks the other end for a sign of life, unless an answer is due already. */
	ping(now: number): void {
		if (this.#pinged !== undefined || this.over) return;
		this.#pinged = now;
		this.#tell(PING, SYN, 0, ++this.#pings);
	}

	/** Opens and takes no more streams; those that are open go on. */
	leave(): void {
		if (this.#refusing || this.over) return;
		this.#refusing = true;
		this.leaving = true;
		this.#tell(GO_AWAY, 0, 0, GO_AWAY_REASONS.normal);
	}

	/** Ends the session and all its streams: its carrier is closed, or its owner wants no more of it. */
	stop(why: ErrorCode, error?: EnslavismError): void {
		if (this.over) return;
		this.leave();
		this.#stop(why, error);
	}

	/** The next frames to send, about `limit` bytes of them; `undefined` when there are none. */
	pull(limit: number): Batch | undefined {
		const packer = this.#packer;
		const finished: Stream[] = [];
		this.#pullControl(limit);
		for (const stream of this.#ready) {
			const room = limit - packer.bytes - HEADER_BYTES;
			if (room <= 0) break;
			// Goes to the end of the line if it has more.
			this.#ready.delete(stream);
			this.#pullFrom(stream, Math.min(room, this.#frameBytes));
			if (stream.queued > 0) continue;
			stream.flying++;
			finished.push(stream);
		}
		const bytes = packer.bytes;
		return bytes === 0 ? undefined : { pieces: packer.take(), bytes, finished };
	}

	/** Says that a batch has left. Batches leave in order. */
	sent(batch: Batch): void {
		for (const stream of batch.finished) {
			if (--stream.flying === 0 && stream.queued === 0 && stream.output !== 'ending') stream.handler?.sent();
		}
	}

	/** Takes what arrived. */
	receive(bytes: Uint8Array, now: number): void {
		let at = 0;
		while (at < bytes.length && !this.over) {
			if (this.#left > 0) {
				const end = Math.min(bytes.length, at + this.#left);
				this.#left -= end - at;
				this.#deliver(bytes.subarray(at, end));
				at = end;
			} else if (this.#headerBytes === 0 && bytes.length - at >= HEADER_BYTES) {
				this.#frame(bytes, at, now);
				at += HEADER_BYTES;
			} else {
				this.#header[this.#headerBytes++] = bytes[at++] as number;
				if (this.#headerBytes < HEADER_BYTES) continue;
				this.#headerBytes = 0;
				this.#frame(this.#header, 0, now);
			}
		}
	}

	#pullControl(limit: number): void {
		const control = this.#control;
		let at = 0;
		for (; at < control.length && this.#packer.bytes + HEADER_BYTES <= limit; at += 3) {
			this.#packer.header(control[at] as number, control[at + 1] as number, control[at + 2] as number);
		}
		this.#control = at < control.length ? control.slice(at) : [];
	}

	#pullFrom(stream: Stream, room: number): void {
		let size = Math.min(room, stream.queued, stream.sendWindow);
		if (size > 0) {
			this.#packer.header(DATA << 16, stream.id, size, size);
			stream.queued -= size;
			stream.sendWindow -= size;
		}
		let taken = 0;
		while (size > 0) {
			const piece = stream.queue[taken] as Uint8Array;
			this.#packer.data(piece.length > size ? piece.subarray(0, size) : piece);
			if (piece.length > size) stream.queue[taken] = piece.subarray(size);
			else taken++;
			size -= piece.length;
		}
		stream.queue = stream.queued === 0 ? NO_BYTES : taken === 0 ? stream.queue : stream.queue.slice(taken);
		if (stream.queued === 0 && stream.output === 'ending') this.#finish(stream);
		else this.#offer(stream);
	}

	#finish(stream: Stream): void {
		this.#packer.header((WINDOW << 16) | FIN, stream.id, 0);
		stream.output = 'ended';
		if (stream.input === 'ended') this.#forget(stream);
	}

	/** Lets a stream have its turn if it can use one. */
	#offer(stream: Stream): void {
		if (stream.queued > 0 ? stream.sendWindow === 0 : stream.output !== 'ending') return;
		this.#ready.add(stream);
		this.#handler.ready();
	}

	#tell(type: number, flags: number, id: number, length: number): void {
		if (this.over) return;
		this.#control.push((type << 16) | flags, id, length);
		if (this.#control.length > LIMITS.muxControlFrames * 3) this.#fail('limit-reached', GO_AWAY_REASONS.internal);
		else this.#handler.ready();
	}

	#deliver(bytes: Uint8Array): void {
		const stream = this.#target;
		if (stream === undefined || stream.closed) return;
		stream.handler?.data(bytes);
		if (this.#left === 0) this.#endInput(stream);
	}

	#endInput(stream: Stream): void {
		if (stream.closed || stream.input !== 'ending') return;
		stream.input = 'ended';
		stream.handler?.ended();
		if (stream.output === 'ended') this.#forget(stream);
	}

	#frame(bytes: Uint8Array, at: number, now: number): void {
		const kind = uint32(bytes, at);
		const id = uint32(bytes, at + 4);
		const length = uint32(bytes, at + 8);
		const type = kind >>> 16;
		// A version other than 0 makes the type too large as well.
		if (type > GO_AWAY || (id === 0) === type < PING || (type === DATA && length > this.#maxWindow)) {
			this.#fail('mux-protocol');
		} else if (type === PING) this.#gotPing(kind & 0xffff, length, now);
		else if (type === GO_AWAY) this.#gotGoAway(length);
		else this.#gotFrame(type, kind & 0xffff, id, length);
	}

	#gotPing(flags: number, number: number, now: number): void {
		if (flags === SYN) this.#tell(PING, ACK, 0, number);
		if (flags !== ACK || number !== this.#pings || this.#pinged === undefined) return;
		this.rtt = now - this.#pinged;
		this.#pinged = undefined;
		this.#pongedAt = now;
		this.#handler.ponged(this.rtt);
	}

	#gotGoAway(reason: number): void {
		this.leaving = true;
		if (reason === GO_AWAY_REASONS.normal) this.#handler.leaving();
		else this.#stop('mux-protocol');
	}

	#gotFrame(type: number, flags: number, id: number, length: number): void {
		this.#left = type === DATA ? length : 0;
		this.#target = undefined;
		const known = this.streams.get(id);
		const stream = known ?? this.#gotUnknown(flags, id);
		if (stream === undefined || stream.closed) return;
		if (flags > (SYN | ACK | FIN | RST) || (known !== undefined && (flags & SYN) !== 0)) {
			this.reset(stream, 'mux-protocol');
		} else if ((flags & RST) !== 0) {
			this.#close(stream, RESET_CODES[type === WINDOW ? length : 0] ?? 'stream-reset');
		} else this.#gotPart(stream, type, flags, length);
	}

	/** A frame of no stream that is open: the first of a new one, one that crossed our reset, or a mistake. */
	#gotUnknown(flags: number, id: number): Stream | undefined {
		const isMine = id % 2 === this.#parity;
		if ((flags & SYN) === 0) {
			const isPast = isMine ? id < this.#nextId : id <= this.#lastId;
			if (!isPast && (flags & RST) === 0) this.#tell(WINDOW, RST, id, RESET_CODES.indexOf('mux-protocol'));
			return undefined;
		}
		if (isMine) {
			this.#fail('mux-protocol');
			return undefined;
		}
		this.#lastId = Math.max(this.#lastId, id);
		const stream = new Stream(id);
		this.streams.set(id, stream);
		if (this.#refusing) this.reset(stream, 'mux-closed');
		else if (this.streams.size - this.#mine > this.#maxStreams) this.reset(stream, 'limit-reached');
		else this.#handler.opened(stream);
		if (stream.handler === undefined) this.reset(stream, 'stream-refused');
		return stream;
	}

	#gotPart(stream: Stream, type: number, flags: number, length: number): void {
		if ((flags & ACK) !== 0) stream.handler?.accepted();
		if (type === WINDOW) stream.sendWindow += length;
		else stream.window -= length;
		const isAfterEnd = stream.input !== 'open' && (this.#left > 0 || (flags & FIN) !== 0);
		if (stream.sendWindow > MAX_UINT32 || stream.window < 0 || isAfterEnd) {
			this.reset(stream, 'mux-protocol');
			return;
		}
		this.#target = stream;
		if ((flags & FIN) !== 0) stream.input = 'ending';
		if (this.#left === 0) this.#endInput(stream);
		if (type === WINDOW) this.#offer(stream);
	}

	#fail(why: ErrorCode, reason: number = GO_AWAY_REASONS.protocol): void {
		this.#control = [GO_AWAY << 16, 0, reason];
		this.#stop(why);
	}

	#stop(why: ErrorCode, error?: EnslavismError): void {
		this.over = true;
		this.leaving = true;
		for (const stream of [...this.streams.values()]) this.#close(stream, why, error);
		this.#handler.stopped(why);
	}

	#close(stream: Stream, why: ErrorCode, error?: EnslavismError): void {
		if (stream.closed) return;
		this.#forget(stream);
		stream.handler?.broken(why, error);
	}

	#forget(stream: Stream): void {
		stream.closed = true;
		stream.queue = NO_BYTES;
		stream.queued = 0;
		this.#ready.delete(stream);
		this.streams.delete(stream.id);
		if (stream.id % 2 === this.#parity) this.#mine--;
		this.#grown -= stream.fullWindow - LIMITS.muxWindowBytes;
		stream.left?.();
	}

	/** How much a window grows that is filled up now: it doubles while its reader uses half of it in four round trips. */
	#growth(stream: Stream, now: number): number {
		const { fullWindow } = stream;
		if (fullWindow >= this.#maxWindow) return 0;
		if (now - this.#pongedAt > RTT_AGE) this.ping(now);
		if (this.rtt === undefined || now - stream.filled > 4 * this.rtt) return 0;
		return Math.max(0, Math.min(fullWindow, this.#maxWindow - fullWindow, LIMITS.muxGrowthBytes - this.#grown));
	}
}

/** Adds a piece to a queue; one that lies right behind the last one in memory makes that longer. */
function append(queue: Uint8Array[], bytes: Uint8Array): void {
	const last = queue[queue.length - 1] as Uint8Array;
	if (last.buffer !== bytes.buffer || last.byteOffset + last.length !== bytes.byteOffset) queue.push(bytes);
	else queue[queue.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.length + bytes.length);
}
