import { EnslavismError, type ErrorCode } from '../wire/errors.js';
import * as LIMITS from '../wire/limits.js';
import { ACK, DATA, FIN, GO_AWAY, GO_AWAY_REASONS, HEADER_BYTES, PING, RST, SYN, WINDOW } from './frame.js';
import type { Packer } from './packer.js';
import { joined } from './pieces.js';
import { NO_BYTES, RESET_CODES, Stream } from './stream.js';

/** What happens to an engine. */
export interface EngineHandler {
	/** The other end opened a stream. It is refused unless it has a handler when this returns. */
	opened(stream: Stream): void;
	/** There is something to {@link Engine.pull}. */
	ready(): void;
	/** The other end takes no more streams; those that are open go on. */
	leaving?(): void;
	/** The engine is over: send what {@link Engine.pull} still has, then close the carrier. */
	stopped(why: ErrorCode): void;
}

export interface EngineOptions {
	/** Whether this end is yamux's client, which numbers its streams oddly. One end is, the other is not. */
	client: boolean;
	/** Largest number of streams that each end may have open. Default 10 000. */
	maxStreams?: number | undefined;
	/** Largest window of a stream, in bytes, at least the 256 KiB that each begins with. Default 4 MiB. */
	maxWindow?: number | undefined;
	/** Largest data of a frame, in bytes. Default 64 KiB. */
	frameBytes?: number | undefined;
}

/** Frames to send. */
export interface Batch {
	/** One behind the other. */
	pieces: Uint8Array[];
	/** Sum of their lengths. */
	bytes: number;
	/** Streams that have nothing more to send. */
	finished: Stream[];
}

const MAX_UINT32 = 0xffff_ffff;

const NO_REST = new Uint8Array(0);

/**
 * Many streams over one ordered, reliable connection, as yamux describes them
 * (github.com/hashicorp/yamux/blob/master/spec.md). It knows no clock and no socket.
 *
 * The rule: give all that arrives to {@link receive}; after {@link EngineHandler.ready}, call {@link pull} until it
 * has nothing more, as fast as the carrier takes it, and {@link sent} for each batch that has left. Times are in ms, from any clock that does not go back.
 *
 * What yamux does not allow ends the engine with a go-away where the frames themselves cannot be trusted any more,
 * and otherwise resets the one stream it is about.
 *
 * This is what passes; `Session` adds what needs a clock.
 */
export class Engine {
	/** The streams that are open, by number. */
	readonly streams = new Map<number, Stream>();
	/** Whether it takes and opens no more streams: it failed, or either end is leaving. */
	leaving = false;
	/** Whether nothing more can happen to it. */
	over = false;
	protected readonly maxWindow: number;
	readonly #handler: EngineHandler;
	readonly #frames: Packer;
	readonly #parity: number;
	readonly #maxStreams: number;
	readonly #frameBytes: number;
	/** Streams with something to send and the window for it, the next one first. */
	readonly #ready = new Set<Stream>();
	/** Frames without data to send: kind, stream and length of each. */
	#control: number[] = [];
	/** The part of a header that has arrived. */
	#rest = NO_REST;
	/** Bytes of data that the current frame still has, and whose they are. */
	#left = 0;
	#target: Stream | undefined;
	#nextId: number;
	#lastId = 0;
	#mine = 0;

	constructor(options: EngineOptions, handler: EngineHandler, frames: Packer) {
		this.#handler = handler;
		this.#frames = frames;
		this.#parity = options.client ? 1 : 0;
		this.#nextId = options.client ? 1 : 2;
		this.#maxStreams = options.maxStreams ?? LIMITS.muxStreams;
		this.maxWindow = options.maxWindow ?? LIMITS.muxMaxWindowBytes;
		this.#frameBytes = options.frameBytes ?? LIMITS.muxFrameBytes;
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
		this.tell(WINDOW, SYN, stream.id, 0);
		return stream;
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
		this.tell(WINDOW, RST, stream.id, Math.max(0, RESET_CODES.indexOf(why)));
		this.#close(stream, why, error);
	}

	/** Says that `bytes` of a stream's data are used up, so that as many more may come. */
	consume(stream: Stream, bytes: number, now: number): void {
		stream.used += bytes;
		if (stream.closed || stream.input !== 'open' || stream.used * 2 < stream.fullWindow) return;
		const grown = this.growth(stream, now);
		const update = stream.used + grown;
		stream.fullWindow += grown;
		stream.used = 0;
		stream.window += update;
		this.tell(WINDOW, 0, stream.id, update);
	}

	/** Ends the engine and all its streams: its carrier is closed, or its owner wants no more of it. */
	stop(why: ErrorCode, error?: EnslavismError): void {
		if (this.over) return;
		this.leave();
		this.#stop(why, error);
	}

	/** Opens and takes no more streams; those that are open go on. */
	leave(): void {
		this.leaving = true;
		this.tell(GO_AWAY, 0, 0, GO_AWAY_REASONS.normal);
	}

	/** The next frames to send, about `limit` bytes of them; `undefined` when there are none. */
	pull(limit: number): Batch | undefined {
		const frames = this.#frames;
		const finished: Stream[] = [];
		this.#pullControl(limit);
		for (const stream of this.#ready) {
			const room = limit - frames.bytes - HEADER_BYTES;
			if (room <= 0) break;
			// Goes to the end of the line if it has more.
			this.#ready.delete(stream);
			this.#pullFrom(stream, Math.min(room, this.#frameBytes));
			if (stream.queued > 0) continue;
			stream.flying++;
			finished.push(stream);
		}
		const { bytes } = frames;
		return bytes === 0 ? undefined : { pieces: frames.take(), bytes, finished };
	}

	/** Says that a batch has left. Batches leave in order. */
	sent(batch: Batch): void {
		for (const stream of batch.finished) {
			if (--stream.flying === 0 && stream.queued === 0 && stream.output !== 'ending') stream.handler?.sent();
		}
	}

	/** Takes what arrived. */
	receive(arrived: Uint8Array, now: number): void {
		const bytes = this.#rest.length > 0 ? joined([this.#rest, arrived]) : arrived;
		this.#rest = NO_REST;
		const view = new DataView(bytes.buffer, bytes.byteOffset);
		for (let at = 0; at < bytes.length && !this.over; ) {
			if (this.#left > 0) {
				const from = at;
				at = Math.min(bytes.length, at + this.#left);
				this.#left -= at - from;
				this.#deliver(bytes.subarray(from, at));
			} else if (bytes.length - at < HEADER_BYTES) {
				// A copy: a Buffer's slice is none.
				this.#rest = new Uint8Array(bytes.subarray(at));
				return;
			} else {
				this.#frame(view.getUint32(at), view.getUint32(at + 4), view.getUint32(at + 8), now);
				at += HEADER_BYTES;
			}
		}
	}

	/** How much a window grows that is filled up now: at once to what it may be, where nobody measures. */
	protected growth(stream: Stream, _now: number): number {
		return this.maxWindow - stream.fullWindow;
	}

	/** Why another stream of the other end is not taken. */
	protected refusal(): ErrorCode | undefined {
		return this.streams.size - this.#mine > this.#maxStreams ? 'limit-reached' : undefined;
	}

	/** The other end answered a ping. */
	protected ponged(_number: number, _now: number): void {}

	/** Sends a frame without data. */
	protected tell(type: number, flags: number, id: number, length: number): void {
		if (this.over) return;
		this.#control.push((type << 16) | flags, id, length);
		if (this.#control.length > LIMITS.muxControlFrames * 3) this.#fail('limit-reached', GO_AWAY_REASONS.internal);
		else this.#handler.ready();
	}

	/** A stream is closed. */
	protected forget(stream: Stream): void {
		stream.closed = true;
		stream.queue = NO_BYTES;
		stream.queued = 0;
		this.#ready.delete(stream);
		this.streams.delete(stream.id);
		if (stream.id % 2 === this.#parity) this.#mine--;
		stream.left?.();
	}

	#pullControl(limit: number): void {
		const control = this.#control;
		let at = 0;
		for (; at < control.length && this.#frames.bytes + HEADER_BYTES <= limit; at += 3) {
			this.#frames.header(control[at] as number, control[at + 1] as number, control[at + 2] as number);
		}
		this.#control = at < control.length ? control.slice(at) : [];
	}

	#pullFrom(stream: Stream, room: number): void {
		let size = Math.min(room, stream.queued, stream.sendWindow);
		if (size > 0) {
			this.#frames.header(DATA << 16, stream.id, size, size);
			stream.queued -= size;
			stream.sendWindow -= size;
		}
		let taken = 0;
		while (size > 0) {
			const piece = stream.queue[taken] as Uint8Array;
			this.#frames.data(piece.length > size ? piece.subarray(0, size) : piece);
			if (piece.length > size) stream.queue[taken] = piece.subarray(size);
			else taken++;
			size -= piece.length;
		}
		stream.queue = stream.queued === 0 ? NO_BYTES : taken === 0 ? stream.queue : stream.queue.slice(taken);
		if (stream.queued === 0 && stream.output === 'ending') this.#finish(stream);
		else this.#offer(stream);
	}

	#finish(stream: Stream): void {
		this.#frames.header((WINDOW << 16) | FIN, stream.id, 0);
		stream.output = 'ended';
		if (stream.input === 'ended') this.forget(stream);
	}

	/** Lets a stream have its turn if it can use one. */
	#offer(stream: Stream): void {
		if (stream.queued > 0 ? stream.sendWindow === 0 : stream.output !== 'ending') return;
		this.#ready.add(stream);
		this.#handler.ready();
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
		if (stream.output === 'ended') this.forget(stream);
	}

	#frame(kind: number, id: number, length: number, now: number): void {
		const type = kind >>> 16;
		const flags = kind & 0xffff;
		// A version other than 0 makes the type too large as well.
		if (type > GO_AWAY || (id === 0) === type < PING || (type === DATA && length > this.maxWindow)) {
			this.#fail('mux-protocol');
		} else if (type === GO_AWAY) this.#gotGoAway(length);
		else if (type !== PING) this.#gotFrame(type, flags, id, length);
		else if (flags === SYN) this.tell(PING, ACK, 0, length);
		else if (flags === ACK) this.ponged(length, now);
	}

	#gotGoAway(reason: number): void {
		this.leaving = true;
		if (reason === GO_AWAY_REASONS.normal) this.#handler.leaving?.();
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
			if (!isPast && (flags & RST) === 0) this.tell(WINDOW, RST, id, RESET_CODES.indexOf('mux-protocol'));
			return undefined;
		}
		if (isMine) {
			this.#fail('mux-protocol');
			return undefined;
		}
		this.#lastId = Math.max(this.#lastId, id);
		const stream = new Stream(id);
		this.streams.set(id, stream);
		const refusal = this.refusal();
		if (refusal !== undefined) this.reset(stream, refusal);
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
		this.forget(stream);
		stream.handler?.broken(why, error);
	}
}

/** Adds a piece to a queue; one that lies right behind the last one in memory makes that longer. */
function append(queue: Uint8Array[], bytes: Uint8Array): void {
	const last = queue[queue.length - 1] as Uint8Array;
	if (last.buffer !== bytes.buffer || last.byteOffset + last.length !== bytes.byteOffset) queue.push(bytes);
	else queue[queue.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.length + bytes.length);
}
