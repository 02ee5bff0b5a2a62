import * as CLOSE from '../wire/close-codes.js';
import type { Decision, DirectoryEntry, MasterToClient, ServerName } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import type { Backplane } from './backplane/backplane.js';

/** What a service of stream servers hears of the names behind its prefix. */
export interface PrefixEvents {
	created(name: string): void;
	destroyed(name: string): void;
}

/** Asks the listeners whether a slave may have a name. */
export type MayHave = (server: ServerName) => Promise<Decision>;

/** Why a slave does not get its name, as its link is told. */
export interface Refusal {
	code: number;
	reason: string;
}

/** What becomes of a search: who has the name, or why nobody was found. */
export type Found = DirectoryEntry | 'server-does-not-exist' | 'limit-reached';

/** One search that waits. */
interface Find {
	readonly client: string;
	readonly key: string;
	timer: NodeJS.Timeout | undefined;
	answer(found: Found): void;
}

/**
 * The names of stream servers: who has each, and who waits for one to appear. A name belongs to a prefix, and exists only
 * where a service has opened that prefix. Masters share claims over the backplane; this is the local copy of them.
 */
export class Names {
	readonly #backplane: Backplane;
	readonly #prefixes = new Map<string, PrefixEvents>();
	/** Who has a name, by {@link keyOf}. */
	readonly #owners = new Map<string, DirectoryEntry>();
	/** The same by id. */
	readonly #ids = new Map<string, DirectoryEntry>();
	/** Who waits for a name, by {@link keyOf}. */
	readonly #finds = new Map<string, Set<Find>>();
	/** What a client waits for. */
	readonly #waiting = new Map<string, Set<Find>>();

	constructor(backplane: Backplane) {
		this.#backplane = backplane;
	}

	/** A service serves the names behind a prefix; tells whether the prefix was free. */
	open(prefix: string, events: PrefixEvents): boolean {
		if (this.#prefixes.has(prefix)) return false;
		this.#prefixes.set(prefix, events);
		return true;
	}

	/** Whether there is any prefix: without one nobody can be a stream server here. */
	get inUse(): boolean {
		return this.#prefixes.size > 0;
	}

	/** The entry of a slave that has a name: it can be asked for a session, though it is in no list. */
	ownerOf(slave: string): DirectoryEntry | undefined {
		return this.#ids.get(slave);
	}

	/** Gives a slave of this master a name if the listeners let it have that; `undefined` when it has it. */
	async give(server: ServerName, entry: DirectoryEntry, mayHave: MayHave): Promise<Refusal | undefined> {
		if (!this.#prefixes.has(server.prefix)) {
			return { code: CLOSE.refused, reason: `there are no stream servers below ${server.prefix}` };
		}
		const { refusal } = await mayHave(server);
		if (refusal !== undefined) return { code: CLOSE.refused, reason: refusal };
		if (await this.#backplane.claim(keyOf(server), entry)) return undefined;
		return { code: CLOSE.nameTaken, reason: 'server already exists' };
	}

	/** A slave of this master that has a name is lost, or is back. */
	update(server: ServerName, entry: DirectoryEntry): void {
		void this.#backplane.claim(keyOf(server), entry);
	}

	/** A slave of this master gives up its name. */
	release(server: ServerName, slave: string): void {
		this.#backplane.release(keyOf(server), slave);
	}

	/**
	 * Looks for a stream server, and waits for it if need be.
	 *
	 * @param client whose search it is; {@link forget} ends all of it
	 * @param wait in milliseconds
	 * @param answer called once, unless the search is forgotten
	 */
	find(client: string, server: ServerName, wait: number, answer: (found: Found) => void): void {
		const key = keyOf(server);
		const owner = this.#owners.get(key);
		if (owner !== undefined && canBeAsked(owner)) answer(owner);
		else if (wait === 0 || !this.#prefixes.has(server.prefix)) answer('server-does-not-exist');
		else if ((this.#waiting.get(client)?.size ?? 0) >= LIMITS.findsPerClient) answer('limit-reached');
		else this.#await({ client, key, answer, timer: undefined }, wait);
	}

	/** A client has left: nobody waits for its answers. */
	forget(client: string): void {
		for (const find of this.#waiting.get(client) ?? []) this.#drop(find);
	}

	/** The backplane says that a name has an owner. */
	claimed(key: string, entry: DirectoryEntry): void {
		const isNew = !this.#owners.has(key);
		this.#owners.set(key, entry);
		this.#ids.set(entry.id, entry);
		const { prefix, name } = serverOf(key);
		if (isNew) this.#prefixes.get(prefix)?.created(name);
		if (!canBeAsked(entry)) return;
		const finds = this.#finds.get(key) ?? [];
		for (const find of finds) {
			this.#drop(find);
			find.answer(entry);
		}
	}

	/** The backplane says that a name is free again. */
	released(key: string): void {
		const entry = this.#owners.get(key);
		if (entry === undefined) return;
		this.#owners.delete(key);
		this.#ids.delete(entry.id);
		const { prefix, name } = serverOf(key);
		this.#prefixes.get(prefix)?.destroyed(name);
	}

	/** Leaves no timer. */
	close(): void {
		for (const finds of this.#finds.values()) for (const find of finds) this.#drop(find);
	}

	#await(find: Find, wait: number): void {
		find.timer = setTimeout(() => {
			this.#drop(find);
			find.answer('server-does-not-exist');
		}, wait);
		addTo(this.#finds, find.key, find);
		addTo(this.#waiting, find.client, find);
	}

	#drop(find: Find): void {
		clearTimeout(find.timer);
		takeFrom(this.#finds, find.key, find);
		takeFrom(this.#waiting, find.client, find);
	}
}

function addTo<T>(sets: Map<string, Set<T>>, key: string, value: T): void {
	sets.set(key, (sets.get(key) ?? new Set()).add(value));
}

function takeFrom<T>(sets: Map<string, Set<T>>, key: string, value: T): void {
	const set = sets.get(key);
	set?.delete(value);
	if (set?.size === 0) sets.delete(key);
}

/** A server that has lost its link is perhaps back in time. */
function canBeAsked({ state }: DirectoryEntry): boolean {
	return state !== 'unreachable';
}

/** What a search comes to, as its client is told. */
export function answerTo(n: number, found: Found): MasterToClient {
	if (typeof found === 'object') return { t: 'found', n, slave: found };
	const reason = found === 'limit-reached' ? `a client may wait for ${LIMITS.findsPerClient} names` : '';
	return { t: 'absent', n, code: found, reason };
}

export function isSameServer(one: ServerName, other: ServerName): boolean {
	return one.prefix === other.prefix && one.name === other.name;
}

/** As JSON, so that no characters in one part can look like the border to the next. */
function keyOf({ prefix, name }: ServerName): string {
	return JSON.stringify([prefix, name]);
}

function serverOf(key: string): ServerName {
	const [prefix, name] = JSON.parse(key) as [string, string];
	return { prefix, name };
}
