import { LIMIT } from '../mux/frame.js';
import * as LIMITS from '../wire/limits.js';
import type { OpenRelay } from './carrier.js';
import { RelayLink, type RelayLinkHost, type Way } from './relay-link.js';

/** The ways of a slave's link, which the clients open. */
export class IncomingWays extends RelayLink {
	readonly #taken: (session: string, open: OpenRelay) => boolean;

	/** @param taken the other end of a session has opened a way; tells whether somebody takes it, now or later */
	constructor(host: RelayLinkHost, taken: (session: string, open: OpenRelay) => boolean) {
		super(host);
		this.#taken = taken;
	}

	/** Waits for the session's id, then for somebody to take the way. What comes before stays below a way's window. */
	protected override opened(way: Way): void {
		if (this.ways.size > LIMITS.muxStreams) {
			this.reset(way, LIMIT);
			return;
		}
		const early = new Held();
		const hold = (bytes: Uint8Array): void => early.push(bytes);
		const open: OpenRelay = (handlers) => {
			if (way.state === 'ended') return undefined;
			const pipe = this.pipe(way, handlers);
			const { data } = way;
			way.data = hold;
			// They hear of it once the caller has the pipe.
			queueMicrotask(() => {
				way.data = data;
				data(early.take());
			});
			return pipe;
		};
		way.data = (bytes) => {
			hold(bytes);
			const held = early.take();
			const end = 1 + (held[0] ?? 0);
			hold(held.subarray(held.length < end ? 0 : end));
			if (held.length < end) return;
			way.data = hold;
			if (!this.#taken(new TextDecoder().decode(held.subarray(1, end)), open)) super.opened(way);
		};
	}
}

/** Bytes that wait for somebody: however small the pieces, they take no more than twice the memory. */
class Held {
	#length = 0;
	#bytes = new Uint8Array(0);

	push(bytes: Uint8Array): void {
		const end = this.#length + bytes.length;
		if (end > this.#bytes.length) {
			const grown = new Uint8Array(2 * end);
			grown.set(this.#bytes);
			this.#bytes = grown;
		}
		this.#bytes.set(bytes, this.#length);
		this.#length = end;
	}

	take(): Uint8Array {
		const bytes = this.#bytes.subarray(0, this.#length);
		this.#length = 0;
		this.#bytes = new Uint8Array(0);
		return bytes;
	}
}
