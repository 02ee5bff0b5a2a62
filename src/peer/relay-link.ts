/**
 * The ways of a link's sessions through the master: one yamux connection for each link, a stream for each session, so
 * that each is flow-controlled by itself (github.com/hashicorp/yamux/blob/master/spec.md). A stream begins with its
 * session's id (a byte of length, and the id); frames follow.
 *
 * A master says less than yamux allows: data and windows only, no data with a flag, and no header in two messages.
 */
import { DATA, FIN, HEADER_BYTES, PROTOCOL, REFUSED, RST, SYN, setHeader, WINDOW } from '../mux/frame.js';
import { Slab } from '../mux/slab.js';
import * as LIMITS from '../wire/limits.js';
import type { RelayHandlers, RelayPipe } from './carrier.js';
import { frameOf, HEAD_BYTES, headOf, lengthOf, payloadOf } from './frames.js';

/** What the ways of a link need of it. */
export interface RelayLinkHost {
	/** Bytes that wait in the link's socket. */
	readonly bufferedAmount: number;
	/** Sends bytes, one piece behind the other. */
	sendBytes(pieces: Uint8Array[]): void;
	/** What arrived cannot be read: the link is of no use any more. */
	broken(): void;
}

/** The client's or slave's end of the ways over its link, for as long as that is open. */
export interface RelayLink {
	/** Opens a way for a session; `undefined` once the link is lost. */
	open(session: string, handlers: RelayHandlers): RelayPipe | undefined;
	/** Takes a binary message of the link. */
	receive(bytes: Uint8Array): void;
	/** The link is lost, and every way with it. */
	close(): void;
}

/** A way: one stream of yamux. Whoever hears that the other end has ended its half ends its own. */
export interface Way {
	readonly id: number;
	/** Takes what arrives. */
	take(bytes: Uint8Array): void;
	/** Lets frames come and go over it. */
	pipe(handlers: RelayHandlers): RelayPipe;
	/** As many more bytes may leave. */
	grow(bytes: number): void;
	/** Sends what it may at a time. */
	send(): void;
	/** Ends it at once. */
	reset(why: number): void;
	/** Nothing comes or goes any more. */
	lost(final: boolean): void;
}

/** Bytes that may wait in the socket before more is held back, so that what else is said there need not wait long. */
export const HIGH_BYTES = 64 * 1024;

/** How much data one way sends before it is another one's turn. */
const TURN_BYTES = 32 * 1024;

/** Smaller pieces than this are copied together where they have to wait: each has a price of its own. */
const COPY_BYTES = 4 * 1024;

/** How often, in ms, the socket is asked whether it has sent enough: browsers have no event for that. */
const POLL_MS = 4;

/**
 * @param opened the other end opens a way, beside those that there are; to a client it must not
 *
 * What the master must not do breaks the link; what the other end of a way must not do, the way.
 */
export function relayLink(
	host: RelayLinkHost,
	opened: (id: number, makeWay: (id: number) => Way, ways: ReadonlyMap<number, Way>) => void = () => host.broken(),
): RelayLink {
	const ways = new Map<number, Way>();
	/** Ways with something to send and the window for it, the next one first. */
	const ready = new Set<Way>();
	let nextId = 1;
	/** Of the data that arrives now: the bytes to come, and whose they are. */
	let left = 0;
	let target = 0;
	let isOver = false;
	let isDue = false;
	let poll: unknown;

	const send = (): void => {
		isDue = false;
		clearTimeout(poll);
		for (const way of ready) {
			if (host.bufferedAmount >= HIGH_BYTES) {
				poll = setTimeout(send, POLL_MS);
				return;
			}
			ready.delete(way);
			way.send();
		}
	};

	/** Lets a way have its turn; what is written in one breath leaves together. */
	const offer = (way: Way): void => {
		ready.add(way);
		if (isDue) return;
		isDue = true;
		queueMicrotask(send);
	};

	const makeWay = (id: number): Way => {
		/** Who hears of frames and of the way's end, until that. */
		let handlers: RelayHandlers | undefined;
		/** What was written and has not left, and how many bytes that is. */
		let queue: Uint8Array[] = [];
		let queued = 0;
		/** Where small pieces that wait are copied to. */
		const slab = new Slab();
		let sendWindow = LIMITS.muxWindowBytes;
		/** Bytes that were read since the other end was told, and by which the window grows when it is told first. */
		let used = LIMITS.relayWindowBytes - LIMITS.muxWindowBytes;
		/** The head of the frame that arrives now, then its payload, and how much of that is here. */
		const head = new Uint8Array(HEAD_BYTES);
		let payload: Uint8Array<ArrayBuffer> | undefined;
		let have = 0;

		const write = (bytes: Uint8Array): void => {
			const last = queue.at(-1);
			let piece = bytes;
			if (last && bytes.length < COPY_BYTES) {
				piece = slab.take(bytes.length, COPY_BYTES);
				piece.set(bytes);
			}
			if (last?.buffer !== piece.buffer || last.byteOffset + last.length !== piece.byteOffset) queue.push(piece);
			else queue[queue.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.length + piece.length);
			queued += bytes.length;
			if (sendWindow > 0) offer(way);
		};

		const way: Way = {
			id,
			take: (bytes) => {
				for (let at = 0; ; ) {
					const into = payload ?? head;
					const part = bytes.subarray(at, at + into.length - have);
					into.set(part, have);
					have += part.length;
					at += part.length;
					if (have < into.length) break;
					have = 0;
					if (payload) {
						handlers?.frame(frameOf(head, payload));
						payload = undefined;
					} else {
						const length = lengthOf(head);
						if (length > LIMITS.messageBytes) {
							way.reset(PROTOCOL);
							return;
						}
						payload = new Uint8Array(length);
					}
				}
				used += bytes.length;
				if (used * 2 < LIMITS.relayWindowBytes) return;
				host.sendBytes([header(WINDOW, 0, id, used)]);
				used = 0;
			},
			pipe: (given) => {
				handlers = given;
				return {
					kind: 'relay',
					get queued() {
						return queued;
					},
					send: (kind, channel, number, message = '') => {
						if (!handlers) return;
						const data = payloadOf(message);
						write(headOf(kind, channel, number, data.length));
						write(data);
					},
					close: () => {
						if (handlers) offer(way);
						handlers = undefined;
					},
				};
			},
			grow: (bytes) => {
				sendWindow += bytes;
				if (queued > 0) offer(way);
			},
			send: () => {
				let room = Math.min(TURN_BYTES, queued, sendWindow);
				const pieces = room > 0 ? [header(DATA, 0, id, room)] : [];
				queued -= room;
				sendWindow -= room;
				let taken = 0;
				while (room > 0) {
					const piece = queue[taken] as Uint8Array;
					pieces.push(piece.subarray(0, room));
					if (piece.length > room) queue[taken] = piece.subarray(room);
					else taken++;
					room -= piece.length;
				}
				queue.splice(0, taken);
				if (queued === 0) slab.clear();
				if (queued === 0 && !handlers) {
					// Nothing is read any more: what is under way, and its end, is nobody's.
					pieces.push(header(WINDOW, FIN, id, 0));
					way.lost(false);
				} else if (Math.min(queued, sendWindow) > 0) offer(way);
				if (pieces.length > 0) host.sendBytes(pieces);
			},
			reset: (why) => {
				host.sendBytes([header(WINDOW, RST, id, why)]);
				way.lost(false);
			},
			lost: (final) => {
				queue = [];
				queued = 0;
				ways.delete(id);
				ready.delete(way);
				const told = handlers;
				handlers = undefined;
				told?.lost(final);
			},
		};
		ways.set(id, way);
		return way;
	};

	const frame = (kind: number, id: number, length: number): void => {
		const type = kind >>> 16;
		target = id;
		if (type === DATA) left = length;
		// A version other than 0 makes the type too large as well.
		else if (type > WINDOW) host.broken();
		else if ((kind & SYN) > 0) opened(id, makeWay, ways);
		else {
			// Of a way that is over something may have been under way.
			const way = ways.get(id);
			if ((kind & RST) > 0) way?.lost(length === REFUSED);
			else if ((kind & FIN) === 0) way?.grow(length);
			else if (way) {
				// The other end reads no more either.
				host.sendBytes([header(WINDOW, FIN, id, 0)]);
				way.lost(false);
			}
		}
	};

	return {
		open: (session, handlers) => {
			if (isOver) return undefined;
			const way = makeWay(nextId);
			nextId += 2;
			const id = new TextEncoder().encode(session);
			const bytes = Uint8Array.of(id.length, ...id);
			host.sendBytes([header(DATA, SYN, way.id, bytes.length), bytes]);
			way.grow(-bytes.length);
			return way.pipe(handlers);
		},
		receive: (bytes) => {
			const view = new DataView(bytes.buffer, bytes.byteOffset);
			for (let at = 0; at < bytes.length && !isOver; ) {
				if (left > 0) {
					const part = bytes.subarray(at, at + left);
					at += part.length;
					left -= part.length;
					ways.get(target)?.take(part);
				} else if (at + HEADER_BYTES > bytes.length) {
					host.broken();
				} else {
					frame(view.getUint32(at), view.getUint32(at + 4), view.getUint32(at + 8));
					at += HEADER_BYTES;
				}
			}
		},
		close: () => {
			clearTimeout(poll);
			isOver = true;
			for (const way of ways.values()) way.lost(false);
		},
	};
}

/** The header of a frame of yamux. */
function header(type: number, flags: number, id: number, length: number): Uint8Array {
	const bytes = new Uint8Array(HEADER_BYTES);
	setHeader(bytes, 0, (type << 16) | flags, id, length);
	return bytes;
}
