import { LIMIT, REFUSED } from '../mux/frame.js';
import * as LIMITS from '../wire/limits.js';
import type { OpenRelay } from './carrier.js';
import { HIGH_BYTES, type RelayLink, type RelayLinkHost, relayLink } from './relay-link.js';

/**
 * The ways of a slave's link, which the clients open.
 *
 * @param taken the other end of a session has opened a way; tells whether somebody takes it, now or later
 */
export function incomingWays(host: RelayLinkHost, taken: (session: string, open: OpenRelay) => boolean): RelayLink {
	/** Ways that were opened while much waits in the socket: each may be answered, by one frame. */
	let answers = 0;
	return relayLink(host, (id, makeWay, ways) => {
		if (host.bufferedAmount < HIGH_BYTES) answers = 0;
		if (++answers > LIMITS.muxControlFrames || id % 2 === 1 || ways.has(id)) {
			host.broken();
			return;
		}
		const way = makeWay(id);
		if (ways.size > LIMITS.muxStreams) {
			way.reset(LIMIT);
			return;
		}
		const { take } = way;
		const early = new Held();
		const hold = (bytes: Uint8Array): void => {
			early.push(bytes);
			// Nobody has given it more than it began with.
			if (early.length > LIMITS.muxWindowBytes) host.broken();
		};
		const open: OpenRelay = (handlers) => {
			if (ways.get(id) !== way) return undefined;
			// They hear of what is here once the caller has the pipe.
			queueMicrotask(() => {
				way.take = take;
				take(early.take());
			});
			return way.pipe(handlers);
		};
		// Waits for the session's id, then for somebody to take the way.
		way.take = (bytes) => {
			hold(bytes);
			const held = early.take();
			const end = 1 + (held[0] ?? 0);
			if (held.length < end) {
				hold(held);
				return;
			}
			way.take = hold;
			hold(held.subarray(end));
			if (!taken(new TextDecoder().decode(held.subarray(1, end)), open)) way.reset(REFUSED);
		};
	});
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
