/** A session as the master knows it: who may speak in it. */
export interface SessionRoute {
	readonly id: string;
	readonly client: string;
	readonly slave: string;
	/** Whether the slave has accepted. */
	accepted: boolean;
}

/** Where each message of a session goes, without clock or socket. */
export class Sessions {
	readonly #routes = new Map<string, SessionRoute>();
	readonly #byPeer = new Map<string, Set<SessionRoute>>();

	/** Number of sessions. */
	get size(): number {
		return this.#routes.size;
	}

	/** How many sessions a client or slave has. */
	count(peer: string): number {
		return this.#byPeer.get(peer)?.size ?? 0;
	}

	/** Adds a session; tells whether its id was free. */
	add(route: SessionRoute): boolean {
		if (this.#routes.has(route.id)) return false;
		this.#routes.set(route.id, route);
		this.#index(route.client).add(route);
		this.#index(route.slave).add(route);
		return true;
	}

	/** The session, if it is one of `peer`'s: nobody speaks in a session of others. */
	of(peer: string, id: string): SessionRoute | undefined {
		const route = this.#routes.get(id);
		return route !== undefined && (route.client === peer || route.slave === peer) ? route : undefined;
	}

	delete(route: SessionRoute): void {
		this.#routes.delete(route.id);
		this.#forget(route.client, route);
		this.#forget(route.slave, route);
	}

	/** Takes out every session of a client or slave that has left. */
	drop(peer: string): SessionRoute[] {
		const routes = [...(this.#byPeer.get(peer) ?? [])];
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
