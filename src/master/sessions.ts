import { candidatesPerSession } from '../wire/limits.js';

/** A session as the master knows it: who may speak in it. */
export interface SessionRoute {
	readonly id: string;
	readonly client: string;
	readonly slave: string;
}

interface Progress {
	/** Whether the slave has not decided yet. */
	pending: boolean;
	/** Candidates that have passed, by who sent them. */
	readonly candidates: Map<string, number>;
}

/** Where each message of a session goes, without clock or socket. */
export class Sessions {
	readonly #routes = new Map<string, SessionRoute>();
	readonly #progress = new Map<SessionRoute, Progress>();
	readonly #byPeer = new Map<string, Set<SessionRoute>>();
	/** Slaves with offers that they have not decided on, and how many. */
	readonly #pending = new Map<string, number>();
	/** Sessions that one end says it has with another, and the other has not said so yet: by who says it, and the session. */
	readonly #claims = new Map<string, string>();

	/** Number of sessions. */
	get size(): number {
		return this.#routes.size;
	}

	/** How many sessions a client or slave has. */
	count(peer: string): number {
		return this.#byPeer.get(peer)?.size ?? 0;
	}

	/** How many offers a slave has not decided on. */
	pending(slave: string): number {
		return this.#pending.get(slave) ?? 0;
	}

	/** Adds a session; tells whether its id was free. `pending`: its slave has to decide first. */
	add(route: SessionRoute, pending = false): boolean {
		if (this.#routes.has(route.id)) return false;
		this.#routes.set(route.id, route);
		this.#progress.set(route, { pending, candidates: new Map() });
		if (pending) this.#pending.set(route.slave, this.pending(route.slave) + 1);
		this.#index(route.client).add(route);
		this.#index(route.slave).add(route);
		return true;
	}

	/** The session, if it is one of `peer`'s: nobody speaks in a session of others. */
	of(peer: string, id: string): SessionRoute | undefined {
		const route = this.#routes.get(id);
		return route !== undefined && (route.client === peer || route.slave === peer) ? route : undefined;
	}

	/** The sessions of a client or slave. */
	all(peer: string): SessionRoute[] {
		return [...(this.#byPeer.get(peer) ?? [])];
	}

	/** Whether the slave has decided on it, and so accepted. */
	isDecided(route: SessionRoute): boolean {
		return this.#progress.get(route)?.pending !== true;
	}

	/** The slave has decided. */
	decided(route: SessionRoute): void {
		const progress = this.#progress.get(route);
		if (progress?.pending !== true) return;
		progress.pending = false;
		const left = this.pending(route.slave) - 1;
		if (left > 0) this.#pending.set(route.slave, left);
		else this.#pending.delete(route.slave);
	}

	/** Another attempt to connect: its candidates are counted anew. */
	again(route: SessionRoute): void {
		this.#progress.get(route)?.candidates.clear();
	}

	/** One end of a session sends a candidate; tells whether it may. */
	candidate(route: SessionRoute, from: string): boolean {
		const candidates = this.#progress.get(route)?.candidates;
		const count = (candidates?.get(from) ?? 0) + 1;
		candidates?.set(from, count);
		return count <= candidatesPerSession;
	}

	/**
	 * `from` says that it has a session with `other`. The session is known when the other end says so, too: neither can make
	 * one up. Tells whether it is known now, may become so, or is somebody else's.
	 */
	claim(route: SessionRoute, from: string): 'known' | 'claimed' | 'refused' {
		const existing = this.#routes.get(route.id);
		if (existing !== undefined) {
			return existing.client === route.client && existing.slave === route.slave ? 'known' : 'refused';
		}
		const other = route.client === from ? route.slave : route.client;
		if (this.#claims.get(claimOf(other, route.id)) !== claimValue(route)) {
			this.#claims.set(claimOf(from, route.id), claimValue(route));
			return 'claimed';
		}
		this.#claims.delete(claimOf(other, route.id));
		return this.add(route) ? 'known' : 'refused';
	}

	/** Whether a claim still waits for the other end's. */
	isClaimed(from: string, id: string): boolean {
		return this.#claims.has(claimOf(from, id));
	}

	/** Forgets a claim. */
	unclaim(from: string, id: string): void {
		this.#claims.delete(claimOf(from, id));
	}

	delete(route: SessionRoute): void {
		this.decided(route);
		this.#progress.delete(route);
		this.#routes.delete(route.id);
		this.#forget(route.client, route);
		this.#forget(route.slave, route);
	}

	/** Takes out every session of a client or slave that has left. */
	drop(peer: string): SessionRoute[] {
		const routes = this.all(peer);
		for (const route of routes) this.delete(route);
		return routes;
	}

	#index(peer: string): Set<SessionRoute> {
		let routes = this.#byPeer.get(peer);
		if (routes === undefined) {
			routes = new Set();
			this.#byPeer.set(peer, routes);
		}
		return routes;
	}

	#forget(peer: string, route: SessionRoute): void {
		const routes = this.#byPeer.get(peer);
		routes?.delete(route);
		if (routes?.size === 0) this.#byPeer.delete(peer);
	}
}

/** Ids come from strangers: no two different pairs make the same text. */
function claimOf(peer: string, session: string): string {
	return JSON.stringify([peer, session]);
}

function claimValue({ client, slave }: SessionRoute): string {
	return JSON.stringify([client, slave]);
}
