/**
 * The ways of a link's sessions through the master: one yamux connection for each link, a stream for each session, so
 * that each is flow-controlled by itself (github.com/hashicorp/yamux/blob/master/spec.md). A stream begins with its
 * session's id; frames follow:
 *
 *     | length 8 | id | { | length 32 | frame | } …
 */
import {
	ACK,
	DATA,
	FIN,
	GO_AWAY,
	HEADER_BYTES,
	PING,
	PROTOCOL,
	REFUSED,
	RST,
	SYN,
	setHeader,
	WINDOW,
} from '../mux/frame.js';
import * as LIMITS from '../wire/limits.js';
import type { RelayHandlers, RelayPipe } from './carrier.js';
import { COPIED_BYTES, FRAME_BYTES, frameOf, LENGTH_BYTES, payloadOf, RELAYED_BYTES, writeHead } from './frames.js';

/** What the ways of a link need of it. */
export interface RelayLinkHost {
	/** Bytes that wait in the link's socket. */
	readonly bufferedAmount: number;
	/** Sends bytes, one piece behind the other. */
	sendBytes(pieces: Uint8Array[]): void;
	/** What arrived cannot be read: the link is of no use any more. */
	broken(): void;
}

/** Bytes that may wait in the socket before more is held back, so that what else is said there need not wait long. */
const HIGH_BYTES = 64 * 1024;

/** How much data leaves at a time, and one way sends before it is another one's turn. */
const TURN_BYTES = 32 * 1024;

/** How often, in ms, the socket is asked whether it has sent enough: browsers have no event for that. */
const POLL_MS = 4;

/** Memory that small frames are written into, one behind the other. */
const BLOCK_BYTES = 16 * 1024;

/** A way: one stream of yamux. Whoever hears that the other end has ended its half ends its own. */
export class Way {
	readonly id: number;
	/** Takes what arrives. */
	data: (bytes: Uint8Array) => void = () => {};
	/** Who hears of frames and of the way's end, until that. */
	handlers: RelayHandlers | undefined;
	/** Bytes that may arrive: yamux begins with so many. The first that are read open it wider. */
	window = LIMITS.muxWindowBytes;
	/** What was written and has not left, and how many bytes that is. */
	queue: Uint8Array[] = [];
	queued = 0;
	/** Bytes that may leave. */
	sendWindow = LIMITS.muxWindowBytes;
	/** `ending`: what was written before the end still waits. */
	state: 'open' | 'ending' | 'ended' = 'open';
	/** The head of the frame that arrives now, then its payload, and how much of that is here. */
	readonly head = new Uint8Array(RELAYED_BYTES);
	payload: Uint8Array<ArrayBuffer> | undefined;
	have = 0;

	constructor(id: number) {
		this.id = id;
	}
}

/**
 * The client's or slave's end of the ways over its link, for as long as that is open.
 *
 * What the master must not do breaks the link; what the other end of a way must not do, the way.
 */
export class RelayLink {
	protected readonly ways = new Map<number, Way>();
	readonly #host: RelayLinkHost;
	/** Ways with something to send and the window for it, the next one first. */
	readonly #ready = new Set<Way>();
	/** Frames without data to send. */
	#control: Uint8Array[] = [];
	/** What is left of the memory that small frames are written into. */
	#block = new Uint8Array(0);
	/** The header that arrives now, and how much of it is here. */
	readonly #header = new Uint8Array(HEADER_BYTES);
	#have = 0;
	/** Of the frame that arrives now: the bytes to come, whose they are, and whether they are his last. */
	#left = 0;
	#target: Way | undefined;
	#isLast = false;
	#nextId = 1;
	/** Whether no more ways can be opened, and whether nothing at all can happen any more. */
	#leaving = false;
	#over = false;
	#sending = false;
	#poll: unknown;

	constructor(host: RelayLinkHost) {
		this.#host = host;
	}

	/** Opens a way for a session; `undefined` when there are as many as there may be. */
	open(session: string, handlers: RelayHandlers): RelayPipe | undefined {
		if (this.#leaving || this.ways.size >= LIMITS.muxStreams) return undefined;
		const way = new Way(this.#nextId);
		this.#nextId += 2;
		this.ways.set(way.id, way);
		this.#tell(WINDOW, SYN, way.id, 0);
		const id = new TextEncoder().encode(session);
		this.#write(way, Uint8Array.of(id.length, ...id));
		// The link may just have been given up.
		return this.#over ? undefined : this.pipe(way, handlers);
	}

	/** Takes a binary frame of the link. */
	receive(bytes: Uint8Array): void {
		for (let at = 0; at < bytes.length && !this.#over; ) {
			const part = bytes.subarray(at, at + (this.#left || HEADER_BYTES - this.#have));
			at += part.length;
			if (this.#left > 0) {
				this.#left -= part.length;
				this.#target?.data(part);
			} else {
				this.#header.set(part, this.#have);
				this.#have += part.length;
				if (this.#have < HEADER_BYTES) return;
				this.#have = 0;
				const header = new DataView(this.#header.buffer);
				this.#frame(header.getUint32(0), header.getUint32(4), header.getUint32(8));
			}
			if (this.#left === 0 && this.#isLast) this.#ended();
		}
	}

	/** The link is lost, and every way with it. */
	close(): void {
		clearTimeout(this.#poll);
		this.#leaving = true;
		this.#over = true;
		this.#control = [];
		for (const way of this.ways.values()) this.#forget(way, false);
	}

	/** The other end opened a way. */
	protected opened(way: Way): void {
		this.reset(way, REFUSED);
	}

	/** Lets frames come and go over a way. */
	protected pipe(way: Way, handlers: RelayHandlers): RelayPipe {
		way.handlers = handlers;
		way.data = (bytes) => this.#read(way, bytes);
		return {
			kind: 'relay',
			get queued() {
				return way.queued;
			},
			send: (kind, channel, number, payload = '') => {
				const data = payloadOf(payload);
				const isLong = data.length > COPIED_BYTES;
				const size = RELAYED_BYTES + (isLong ? 0 : data.length);
				if (this.#block.length < size) this.#block = new Uint8Array(BLOCK_BYTES);
				const bytes = this.#block.subarray(0, size);
				this.#block = this.#block.subarray(size);
				new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, FRAME_BYTES + data.length);
				writeHead(bytes, LENGTH_BYTES, kind, channel, number);
				if (!isLong) bytes.set(data, RELAYED_BYTES);
				this.#write(way, bytes);
				if (isLong) this.#write(way, data);
			},
			close: () => {
				way.handlers = undefined;
				this.#end(way);
			},
		};
	}

	/** Ends both directions of a way at once. */
	protected reset(way: Way, why: number): void {
		this.#tell(WINDOW, RST, way.id, why);
		this.#forget(way, false);
	}

	/** Cuts what has arrived into frames, and lets as much come again. */
	#read(way: Way, bytes: Uint8Array): void {
		for (let at = 0; ; ) {
			const into = way.payload ?? way.head;
			const part = bytes.subarray(at, at + into.length - way.have);
			into.set(part, way.have);
			way.have += part.length;
			at += part.length;
			if (way.have < into.length) break;
			way.have = 0;
			if (way.payload === undefined) {
				const size = new DataView(way.head.buffer).getUint32(0) - FRAME_BYTES;
				if (size < 0 || size > LIMITS.messageBytes) {
					this.reset(way, PROTOCOL);
					return;
				}
				way.payload = new Uint8Array(size);
			} else {
				const frame = frameOf(way.head, LENGTH_BYTES, way.payload);
				way.payload = undefined;
				way.handlers?.frame(frame);
			}
		}
		const used = LIMITS.relayWindowBytes - way.window;
		if (used * 2 < LIMITS.relayWindowBytes) return;
		way.window += used;
		this.#tell(WINDOW, 0, way.id, used);
	}

	#write(way: Way, bytes: Uint8Array): void {
		if (way.state !== 'open') return;
		const last = way.queue.at(-1);
		// Small frames lie one behind the other in memory.
		if (last?.buffer === bytes.buffer && last.byteOffset + last.length === bytes.byteOffset) {
			way.queue[way.queue.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.length + bytes.length);
		} else way.queue.push(bytes);
		way.queued += bytes.length;
		this.#offer(way);
	}

	/** Sends no more after what was written. */
	#end(way: Way): void {
		if (way.state !== 'open') return;
		way.state = 'ending';
		this.#offer(way);
	}

	/** Lets a way have its turn if it can use one. */
	#offer(way: Way): void {
		if (way.queued > 0 ? way.sendWindow === 0 : way.state !== 'ending') return;
		this.#ready.add(way);
		this.#flush();
	}

	/** Sends a frame without data. */
	#tell(type: number, flags: number, id: number, length: number): void {
		if (this.#over) return;
		this.#control.push(header(type, flags, id, length));
		if (this.#control.length > LIMITS.muxControlFrames) this.#host.broken();
		else this.#flush();
	}

	/** Collects what is written in one breath. */
	#flush(): void {
		if (this.#sending) return;
		this.#sending = true;
		queueMicrotask(() => this.#send());
	}

	#send(): void {
		this.#sending = false;
		clearTimeout(this.#poll);
		while (this.#control.length + this.#ready.size > 0) {
			if (this.#host.bufferedAmount >= HIGH_BYTES) {
				this.#poll = setTimeout(() => this.#send(), POLL_MS);
				return;
			}
			const pieces = this.#control.splice(0);
			let room = TURN_BYTES;
			for (const way of this.#ready) {
				room -= this.#pull(way, room, pieces);
				if (room === 0) break;
			}
			this.#host.sendBytes(pieces);
		}
	}

	/** A way's next frame; gives how many bytes of data it has. */
	#pull(way: Way, room: number, pieces: Uint8Array[]): number {
		this.#ready.delete(way);
		const size = Math.min(room, way.queued, way.sendWindow);
		if (size > 0) pieces.push(header(DATA, 0, way.id, size));
		way.queued -= size;
		way.sendWindow -= size;
		let taken = 0;
		for (let left = size; left > 0; ) {
			const piece = way.queue[taken] as Uint8Array;
			pieces.push(piece.subarray(0, left));
			if (piece.length > left) way.queue[taken] = piece.subarray(left);
			else taken++;
			left -= piece.length;
		}
		way.queue.splice(0, taken);
		if (way.queued === 0 && way.state === 'ending') {
			way.state = 'ended';
			pieces.push(header(WINDOW, FIN, way.id, 0));
		}
		this.#offer(way);
		return size;
	}

	#frame(kind: number, id: number, length: number): void {
		const type = kind >>> 16;
		// A version other than 0 makes the type too large as well.
		if (type > GO_AWAY || (id === 0) === type < PING || (type === GO_AWAY && length > 0)) this.#host.broken();
		else if (type === GO_AWAY) this.#leaving = true;
		else if (type < PING) this.#gotFrame(type, kind, id, length);
		else if ((kind & SYN) > 0) this.#tell(PING, ACK, 0, length);
	}

	#gotFrame(type: number, flags: number, id: number, length: number): void {
		this.#left = type === DATA ? length : 0;
		this.#isLast = (flags & FIN) > 0;
		if ((flags & SYN) > 0) {
			if (id % 2 === 1 || this.ways.has(id)) {
				this.#host.broken();
				return;
			}
			const opened = new Way(id);
			this.ways.set(id, opened);
			this.opened(opened);
		}
		// Of a way that is over something may have been under way.
		const way = this.ways.get(id);
		this.#target = way;
		if (way === undefined) return;
		if ((flags & RST) > 0) this.#forget(way, type === WINDOW && length === REFUSED);
		else if (type === WINDOW) {
			way.sendWindow += length;
			this.#offer(way);
		} else {
			way.window -= length;
			if (way.window < 0) this.#host.broken();
		}
	}

	/** The other end has ended its half, and reads no more: so does this one. */
	#ended(): void {
		const way = this.#target;
		this.#isLast = false;
		if (way === undefined) return;
		if (way.state !== 'ended') this.#tell(WINDOW, FIN, way.id, 0);
		this.#forget(way, false);
	}

	#forget(way: Way, final: boolean): void {
		way.state = 'ended';
		way.data = () => {};
		way.queue = [];
		way.queued = 0;
		this.ways.delete(way.id);
		this.#ready.delete(way);
		const { handlers } = way;
		way.handlers = undefined;
		handlers?.lost(final);
	}
}

/** The header of a frame of yamux. */
function header(type: number, flags: number, id: number, length: number): Uint8Array {
	const bytes = new Uint8Array(HEADER_BYTES);
	setHeader(bytes, 0, (type << 16) | flags, id, length);
	return bytes;
}
