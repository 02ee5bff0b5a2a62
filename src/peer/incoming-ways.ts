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
		if (this.ways.size > LIMITS.muxStreams) return this.reset(way, LIMIT);
		way.read = () => {
			const size = 1 + way.input.peek().getUint8(0);
			if (way.input.length < size) return;
			way.read = undefined;
			const session = new TextDecoder().decode(way.input.take(size).subarray(1));
			const open: OpenRelay = (handlers) => (way.state === 'ended' ? undefined : this.pipe(way, handlers));
			if (!this.#taken(session, open)) super.opened(way);
		};
	}
}
