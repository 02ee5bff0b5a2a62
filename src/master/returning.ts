import type { SessionRoute, Sessions } from './sessions.js';

/** Says something about a session to one of its ends. */
export interface ReturnHandlers {
	/** The peer that came back has a session which nobody else knows of: perhaps its other end is gone. */
	unknown(session: string): void;
	/** The peer that came back has no such session any more. */
	ended(route: SessionRoute): void;
}

/**
 * What a peer that has come back says of its sessions, against what the master knows of them: the master may have
 * forgotten sessions by its own restart, and the peer may have ended some while nobody heard it.
 */
export class Returning {
	readonly #peer: string;
	readonly #sessions: Sessions;
	readonly #most: number;
	readonly #handlers: ReturnHandlers;
	/** Sessions that the master knew when the peer came back, and that it has not named yet. */
	readonly #unnamed: Map<string, SessionRoute>;
	readonly #claimed: string[] = [];
	#named = 0;
	#complete = false;

	/** @param most how many sessions the peer may have */
	constructor(peer: string, sessions: Sessions, most: number, handlers: ReturnHandlers) {
		this.#peer = peer;
		this.#sessions = sessions;
		this.#most = most;
		this.#handlers = handlers;
		this.#unnamed = new Map(sessions.all(peer).map((route) => [route.id, route]));
	}

	/** Takes one part of the list; tells whether a list was still expected. */
	take(routes: SessionRoute[], more: boolean): boolean {
		if (this.#complete) return false;
		for (const route of routes) this.#take(route);
		if (!more) this.#end();
		return true;
	}

	/** Whether it has named sessions that nobody else has. */
	get waits(): boolean {
		return this.#claimed.length > 0;
	}

	/** The other ends of sessions that only this peer has named should have come by now. */
	doubt(): void {
		for (const session of this.#claimed) {
			const isClaimed = this.#sessions.isClaimed(this.#peer, session);
			// It may have been offered again meanwhile.
			if (isClaimed && this.#sessions.of(this.#peer, session) === undefined) this.#handlers.unknown(session);
		}
	}

	/** Nobody waits any more for the other ends, or the link that said all this is gone: what it has claimed is void. */
	abandon(): void {
		for (const session of this.#claimed.splice(0)) this.#sessions.unclaim(this.#peer, session);
	}

	#take(route: SessionRoute): void {
		this.#unnamed.delete(route.id);
		const claim = ++this.#named > this.#most ? 'refused' : this.#sessions.claim(route, this.#peer);
		if (claim === 'refused') this.#handlers.unknown(route.id);
		if (claim === 'claimed') this.#claimed.push(route.id);
	}

	#end(): void {
		this.#complete = true;
		for (const route of this.#unnamed.values()) {
			if (this.#sessions.of(this.#peer, route.id) !== route) continue;
			this.#sessions.delete(route);
			this.#handlers.ended(route);
		}
		this.#unnamed.clear();
	}
}
