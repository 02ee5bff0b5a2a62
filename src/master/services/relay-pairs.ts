/** What each side says of itself and of the one it waits for. */
export interface RelayTokens {
	readonly local: string;
	readonly remote: string;
}

/** What became of one that came. */
export type Arrival<End> = { became: 'paired'; partner: End } | { became: 'waiting' } | { became: 'refused' };

/**
 * Who waits for whom. Two are paired when each has named the other; from then on nobody else can come between them, and
 * one with the same tokens waits for a new partner.
 *
 * The one that came last is paired first: when several wait with the same tokens, it is most often one program that has
 * lost its line and come back, and only its last line is alive.
 */
export class RelayPairs<End extends object> {
	readonly #maxWaiters: number;
	readonly #waiters = new Map<string, End[]>();

	/** @param maxWaiters how many may wait with the same tokens */
	constructor(maxWaiters: number) {
		this.#maxWaiters = maxWaiters;
	}

	/** How many different pairs of tokens somebody waits with. */
	get size(): number {
		return this.#waiters.size;
	}

	arrive(namespace: string, { local, remote }: RelayTokens, end: End): Arrival<End> {
		const mirrored = keyOf(namespace, remote, local);
		const partner = this.#waiters.get(mirrored)?.at(-1);
		if (partner !== undefined) {
			this.#remove(mirrored, partner);
			return { became: 'paired', partner };
		}
		const key = keyOf(namespace, local, remote);
		const waiters = this.#waiters.get(key) ?? [];
		if (waiters.length >= this.#maxWaiters) return { became: 'refused' };
		waiters.push(end);
		this.#waiters.set(key, waiters);
		return { became: 'waiting' };
	}

	/** One that waited has gone. */
	leave(namespace: string, { local, remote }: RelayTokens, end: End): void {
		this.#remove(keyOf(namespace, local, remote), end);
	}

	#remove(key: string, end: End): void {
		const others = (this.#waiters.get(key) ?? []).filter((waiter) => waiter !== end);
		if (others.length > 0) this.#waiters.set(key, others);
		else this.#waiters.delete(key);
	}
}

/** As JSON, so that no characters in one part can look like the border to the next. */
function keyOf(namespace: string, local: string, remote: string): string {
	return JSON.stringify([namespace, local, remote]);
}
