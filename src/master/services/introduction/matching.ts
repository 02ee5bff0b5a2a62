/** One socket at the introduction endpoint, as the engine knows it. `Handle` is whatever its owner tells them by. */
export interface Party<Handle> {
	readonly id: string;
	readonly handle: Handle;
	/** What it has joined. */
	readonly keys: Set<string>;
	/** What its keys cost, see {@link KEY_COST}. */
	room: number;
}

/** Something to say to a party: there is a peer `about` who shares `keys`. */
export interface Introduction<Handle> {
	to: Handle;
	about: string;
	keys: string[];
}

/**
 * Introductions that are yet to be made, one pair a step; a step without a pair was work all the same. The owner
 * draws as many as it has time for: somebody who joins many keys that many have joined asks for a lot of work.
 */
export type Meeting<Handle> = Iterator<Introduction<Handle>[] | undefined, void>;

/** What a key costs beside its characters, about what the engine spends on the only party that has joined it. */
export const KEY_COST = 256;

/** Bounds of the engine. */
export interface MatchingLimits {
	/** What the keys of one party may cost. */
	keyRoomPerPeer: number;
	/** What the keys of all may cost. */
	keyRoom: number;
	/** Sockets with the same id. */
	socketsPerId: number;
}

/**
 * Who has joined what, and who is to be introduced to whom. Knows no socket and no clock.
 *
 * Several parties may have the same id: the same person in two windows, or somebody who came back before the old
 * socket was known to be dead. The newest stands for the id; when it goes, the one before it does again.
 */
export class Matching<Handle> {
	readonly #limits: MatchingLimits;
	/** Parties by id, the newest last. */
	readonly #byId = new Map<string, Party<Handle>[]>();
	/** Those who stand for their id, by key, with the number of the join that brought them there last. */
	readonly #byKey = new Map<string, Map<Party<Handle>, number>>();
	#room = 0;
	#joins = 0;

	constructor(limits: MatchingLimits) {
		this.#limits = limits;
	}

	/** How many ids and keys there are. */
	get counts(): { ids: number; keys: number } {
		return { ids: this.#byId.size, keys: this.#byKey.size };
	}

	/** A new party, which stands for its id from now on; and one that is too many with that id, if there is. */
	enter(id: string, handle: Handle): { party: Party<Handle>; tooMany: Handle | undefined } {
		const party: Party<Handle> = { id, handle, keys: new Set(), room: 0 };
		const same = this.#byId.get(id);
		if (same === undefined) {
			this.#byId.set(id, [party]);
			return { party, tooMany: undefined };
		}
		const before = same.at(-1);
		if (before !== undefined) for (const key of before.keys) this.#unlist(before, key);
		same.push(party);
		return { party, tooMany: same.length > this.#limits.socketsPerId ? same[0]?.handle : undefined };
	}

	/** Adds keys. `undefined` when there is no room for them; the party is to be told to leave then. */
	join(party: Party<Handle>, keys: string[]): Meeting<Handle> | undefined {
		const number = ++this.#joins;
		const stands = this.#stands(party);
		for (const key of keys) {
			if (!party.keys.has(key) && !this.#take(party, key)) return undefined;
			if (stands) this.#list(party, key, number);
		}
		return this.#meet(party, keys, number);
	}

	/** Takes keys back. */
	leave(party: Party<Handle>, keys: string[]): void {
		for (const key of keys) {
			if (!party.keys.delete(key)) continue;
			party.room -= key.length + KEY_COST;
			this.#room -= key.length + KEY_COST;
			this.#unlist(party, key);
		}
	}

	/** The party is gone. If another with its id stands in, that one is introduced. */
	exit(party: Party<Handle>): Meeting<Handle> | undefined {
		const same = this.#byId.get(party.id);
		const at = same?.indexOf(party) ?? -1;
		if (same === undefined || at === -1) return undefined;
		const stood = this.#stands(party);
		this.leave(party, [...party.keys]);
		same.splice(at, 1);
		const next = same.at(-1);
		if (next === undefined) this.#byId.delete(party.id);
		if (next === undefined || !stood) return undefined;
		const number = ++this.#joins;
		for (const key of next.keys) this.#list(next, key, number);
		return this.#meet(next, [...next.keys], number);
	}

	/** Introduces `about` to `to` once more, if both have joined the key. */
	again(to: string, about: string, key: string): Introduction<Handle> | undefined {
		const party = this.#byId.get(to)?.at(-1);
		const other = this.#byId.get(about)?.at(-1);
		if (party === undefined || !party.keys.has(key) || !other?.keys.has(key)) return undefined;
		return { to: party.handle, about, keys: [key] };
	}

	/**
	 * The joiner first, each pair once, with everything that the two share. Who joins a key later than this meets the
	 * party by its own join, also if this one is not done yet.
	 */
	*#meet(party: Party<Handle>, keys: string[], number: number): Generator<Introduction<Handle>[] | undefined, void> {
		const met = new Set<Party<Handle>>([party]);
		for (const key of keys) {
			for (const [other, joined] of this.#byKey.get(key) ?? []) {
				// It may have left since the last step.
				if (!this.#stands(party) || !party.keys.has(key)) break;
				if (joined > number || met.has(other)) {
					yield undefined;
					continue;
				}
				met.add(other);
				const common = commonKeys(party.keys, other.keys);
				yield [
					{ to: party.handle, about: other.id, keys: common },
					{ to: other.handle, about: party.id, keys: common },
				];
			}
			yield undefined;
		}
	}

	/** Adds a key to what a party has joined; tells whether there was room. */
	#take(party: Party<Handle>, key: string): boolean {
		const cost = key.length + KEY_COST;
		if (party.room + cost > this.#limits.keyRoomPerPeer || this.#room + cost > this.#limits.keyRoom) return false;
		party.room += cost;
		this.#room += cost;
		party.keys.add(key);
		return true;
	}

	#stands(party: Party<Handle>): boolean {
		return this.#byId.get(party.id)?.at(-1) === party;
	}

	#list(party: Party<Handle>, key: string, number: number): void {
		const members = this.#byKey.get(key);
		if (members === undefined) this.#byKey.set(key, new Map([[party, number]]));
		else members.set(party, number);
	}

	#unlist(party: Party<Handle>, key: string): void {
		const members = this.#byKey.get(key);
		if (members?.delete(party) && members.size === 0) this.#byKey.delete(key);
	}
}

function commonKeys(one: Set<string>, other: Set<string>): string[] {
	const [few, many] = one.size <= other.size ? [one, other] : [other, one];
	const common: string[] = [];
	for (const key of few) if (many.has(key)) common.push(key);
	return common;
}
