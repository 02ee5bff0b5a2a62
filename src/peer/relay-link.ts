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
import { FRAME_BYTES, LENGTH_BYTES, payloadOf, RELAYED_BYTES, readFrame, writeHead } from './frames.js';
import { WaitingBytes } from './waiting-bytes.js';

/** What the ways of a link need of it. */
export interface RelayLinkHost {
	/** Bytes that wait in the link's socket. */
	readonly bufferedAmount: number;
	sendBytes(frames: Uint8Array[]): void;
	/** What arrived cannot be read: the link is of no use any more. */
	broken(): void;
}

/** Bytes that may wait in the socket before more is held back, so that what else is said there need not wait long. */
const HIGH_BYTES = 64 * 1024;

/** How much data leaves at a time, and one way sends before it is another one's turn. */
const TURN_BYTES = 32 * 1024;

/** How often, in ms, the socket is asked whether it has sent enough: browsers have no event for that. */
const POLL_MS = 4;

/** A way: one stream of yamux. Either end ends its own half. */
export class Way {
	readonly id: number;
	/** What arrived and has not been read. */
	readonly input = new WaitingBytes();
	/** Takes what has arrived; it waits until there is one. */
	read: (() => void) | undefined;
	/** Who hears of frames and of the way's end, until that. */
	handlers: RelayHandlers | undefined;
	/** Bytes that may arrive: yamux begins with so many. The first that are read open it wider. */
	window = LIMITS.muxWindowBytes;
	/** What was written and has not left. */
	output = new WaitingBytes();
	/** Bytes that may leave. */
	sendWindow = LIMITS.muxWindowBytes;
	/** `ending`: what was written before the end still waits. */
	state: 'open' | 'ending' | 'ended' = 'open';
	/** Whether the other end sends no more. */
	heard = false;

	constructor(id: number) {
		this.id = id;
	}

	lost(final: boolean): void {
		const { handlers } = this;
		this.handlers = undefined;
		handlers?.lost(final);
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
	/** What arrived and has not been read; of the current frame, the bytes to come, whose they are, and whether they are his last. */
	#input = new WaitingBytes();
	#left = 0;
	#target: Way | undefined;
	#isLast = false;
	#nextId = 1;
	#leaving = false;
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
		way.output.add(1 + id.length).set([id.length, ...id]);
		this.#offer(way);
		return this.pipe(way, handlers);
	}

	/** Takes a binary frame of the link. */
	receive(bytes: Uint8Array): void {
		this.#input.push(bytes);
		while (this.#input.length >= (this.#left > 0 ? 1 : HEADER_BYTES)) {
			if (this.#left > 0) {
				const data = this.#input.take(Math.min(this.#left, this.#input.length));
				this.#left -= data.length;
				this.#target?.input.add(data.length).set(data);
				this.#target?.read?.();
			} else {
				const header = this.#input.peek();
				this.#input.take(HEADER_BYTES);
				this.#frame(header.getUint32(0), header.getUint32(4), header.getUint32(8));
			}
			if (this.#left === 0 && this.#isLast) this.#ended();
		}
	}

	/** The link is lost, and every way with it. */
	close(): void {
		clearTimeout(this.#poll);
		this.#leaving = true;
		this.#input = new WaitingBytes();
		for (const way of this.ways.values()) this.#forget(way, false);
	}

	/** The other end opened a way. */
	protected opened(way: Way): void {
		this.reset(way, REFUSED);
	}

	/** Lets frames come and go over a way; they come once the caller has the pipe. */
	protected pipe(way: Way, handlers: RelayHandlers): RelayPipe {
		way.handlers = handlers;
		queueMicrotask(() => {
			way.read = () => this.#read(way);
			way.read();
		});
		return {
			kind: 'relay',
			get queued() {
				return way.output.length;
			},
			send: (kind, channel, number, payload = '') => {
				if (way.state !== 'open') return;
				const data = payloadOf(payload);
				const bytes = way.output.add(RELAYED_BYTES + data.length);
				new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, FRAME_BYTES + data.length);
				writeHead(bytes, LENGTH_BYTES, kind, channel, number);
				bytes.set(data, RELAYED_BYTES);
				this.#offer(way);
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

	/** Takes frames out of what has arrived, and lets as much come again. */
	#read(way: Way): void {
		const { input } = way;
		while (input.length >= RELAYED_BYTES) {
			const size = LENGTH_BYTES + input.peek().getUint32(0);
			if (size < RELAYED_BYTES || size > RELAYED_BYTES + LIMITS.messageBytes) {
				input.take(input.length);
				this.reset(way, PROTOCOL);
			} else if (input.length < size) break;
			else {
				const frame = readFrame(input.take(size).subarray(LENGTH_BYTES));
				way.handlers?.frame(frame);
			}
		}
		const used = LIMITS.relayWindowBytes - way.window;
		if (used * 2 < LIMITS.relayWindowBytes || !this.ways.has(way.id)) return;
		way.window += used;
		this.#tell(WINDOW, 0, way.id, used);
	}

	/** Sends no more after what was written. */
	#end(way: Way): void {
		if (way.state !== 'open') return;
		way.state = 'ending';
		this.#offer(way);
	}

	/** Lets a way have its turn if it can use one. */
	#offer(way: Way): void {
		if (way.output.length > 0 ? way.sendWindow === 0 : way.state !== 'ending') return;
		this.#ready.add(way);
		this.#flush();
	}

	/** Sends a frame without data. */
	#tell(type: number, flags: number, id: number, length: number): void {
		this.#control.push(frameOf(type, flags, id, length, HEADER_BYTES));
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
		while (this.#host.bufferedAmount < HIGH_BYTES) {
			const frames = this.#control.splice(0);
			let room = TURN_BYTES;
			for (const way of this.#ready) {
				if (room === 0) break;
				room -= this.#pull(way, room, frames);
			}
			if (frames.length === 0) return;
			this.#host.sendBytes(frames);
		}
		if (!this.#leaving) this.#poll = setTimeout(() => this.#send(), POLL_MS);
	}

	/** A way's next frame; gives how many bytes of data it has. */
	#pull(way: Way, room: number, frames: Uint8Array[]): number {
		this.#ready.delete(way);
		const size = Math.min(room, way.output.length, way.sendWindow);
		if (size > 0) {
			const frame = frameOf(DATA, 0, way.id, size, HEADER_BYTES + size);
			frame.set(way.output.take(size), HEADER_BYTES);
			frames.push(frame);
			way.sendWindow -= size;
		}
		if (way.output.length === 0 && way.state === 'ending') {
			way.state = 'ended';
			frames.push(frameOf(WINDOW, FIN, way.id, 0, HEADER_BYTES));
			if (way.heard) this.ways.delete(way.id);
		}
		this.#offer(way);
		return size;
	}

	#frame(kind: number, id: number, length: number): void {
		const type = kind >>> 16;
		// A version other than 0 makes the type too large as well.
		if (type > GO_AWAY || (id === 0) === type < PING) this.#host.broken();
		else if (type === GO_AWAY) {
			this.#leaving = true;
			if (length > 0) this.#host.broken();
		} else if (type < PING) this.#gotFrame(type, kind, id, length);
		else if ((kind & SYN) > 0) this.#tell(PING, ACK, 0, length);
	}

	#gotFrame(type: number, flags: number, id: number, length: number): void {
		if ((flags & SYN) > 0) {
			if (id % 2 === 1 || this.ways.has(id)) return this.#host.broken();
			const opened = new Way(id);
			this.ways.set(id, opened);
			this.opened(opened);
		}
		// Of a way that is over something may have been under way.
		const way = this.ways.get(id);
		this.#target = way;
		this.#left = type === DATA ? length : 0;
		this.#isLast = (flags & FIN) > 0;
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

	/** The other end has ended its half: so does this one. */
	#ended(): void {
		const way = this.#target;
		this.#isLast = false;
		if (way === undefined) return;
		way.heard = true;
		if (way.state === 'ended') this.ways.delete(way.id);
		this.#end(way);
		way.lost(false);
	}

	#forget(way: Way, final: boolean): void {
		way.state = 'ended';
		way.output = new WaitingBytes();
		this.ways.delete(way.id);
		this.#ready.delete(way);
		way.lost(final);
	}
}

/** A frame of yamux: its header, and room for its data. */
function frameOf(type: number, flags: number, id: number, length: number, size: number): Uint8Array {
	const frame = new Uint8Array(size);
	setHeader(frame, 0, (type << 16) | flags, id, length);
	return frame;
}
