import { Heap, type HeapItem } from './heap.js';

/** One write: this key has had this value since `at`, says `source`. */
export interface Update<Value> {
	readonly key: string;
	/** `null` is the mark that a deleted key leaves. */
	readonly value: Value;
	/** When it was written: milliseconds since 1970, with fractions, so that no two writes of a source are equal. */
	readonly at: number;
	/** Who wrote it. */
	readonly source: string;
	/** How long the key lives, in milliseconds; `undefined` for as long as the map says. */
	readonly expiry: number | undefined;
}

/** The newest time that is known of each source. */
export type Clock = Record<string, number>;

/** The smallest step between two times of one source, in milliseconds; a double of today's size has room for it. */
export const TIME_STEP = 0.001;

/** Bounds of a map. */
export interface LastWriterMapOptions {
	/** How long a key lives after it was written, in milliseconds. */
	expiry: number;
	/** How many keys there may be. Default: any number. */
	keys?: number;
	/** What all updates together may take, by the sizes given to {@link LastWriterMap.apply}. Default: anything. */
	bytes?: number;
	/** How far ahead of `now` a time may be, in milliseconds; later ones are clamped. Default: any time is taken. */
	future?: number;
}

interface Entry<Value> extends HeapItem {
	readonly update: Update<Value>;
	readonly size: number;
	readonly expiresAt: number;
	/** How many writes were taken until this one, itself included. */
	readonly order: number;
}

/** What is remembered of a source whose clock is ahead. */
interface Ahead {
	/** The newest time that it claimed. */
	claimed: number;
	/** The newest time that it was given instead. */
	given: number;
}

/** How many sources with a clock ahead are remembered; the one that was quiet longest is forgotten. */
const AHEAD_SOURCES = 256;

/**
 * A map in which the last writer of a key wins: the greater time or, at equal times, the greater source. Replicas that
 * have been given the same updates hold the same, in whatever order and however often they were given them.
 *
 * Keys expire, the oldest go when there are too many, and times from the future are clamped. Knows no clock: every
 * method that needs the time takes it.
 */
export class LastWriterMap<Value> {
	readonly expiry: number;
	readonly #keys: number;
	readonly #maxBytes: number;
	readonly #future: number;
	readonly #entries = new Map<string, Entry<Value>>();
	readonly #byAge = new Heap<Entry<Value>>((a, b) => isNewer(b.update, a.update));
	readonly #byExpiry = new Heap<Entry<Value>>((a, b) => a.expiresAt < b.expiresAt);
	readonly #ahead = new Map<string, Ahead>();
	#bytes = 0;
	#writes = 0;

	constructor(options: LastWriterMapOptions) {
		this.expiry = options.expiry;
		this.#keys = options.keys ?? Number.POSITIVE_INFINITY;
		this.#maxBytes = options.bytes ?? Number.POSITIVE_INFINITY;
		this.#future = options.future ?? Number.POSITIVE_INFINITY;
	}

	/** How many keys there are, with those that have expired since {@link sweep}. */
	get size(): number {
		return this.#entries.size;
	}

	/** What the updates take, by the sizes that they were given with. */
	get bytes(): number {
		return this.#bytes;
	}

	/** How many writes were taken until now. */
	get writes(): number {
		return this.#writes;
	}

	/** When the next key expires; `undefined` if there is none. */
	get nextExpiry(): number | undefined {
		return this.#byExpiry.top()?.expiresAt;
	}

	/** The last write of a key. */
	get(key: string, now: number): Update<Value> | undefined {
		const entry = this.#entries.get(key);
		return entry !== undefined && entry.expiresAt > now ? entry.update : undefined;
	}

	/** The last write of every key. */
	*updates(now: number): IterableIterator<Update<Value>> {
		for (const { update, expiresAt } of this.#entries.values()) if (expiresAt > now) yield update;
	}

	/**
	 * Takes a write. Gives it back as it now stands in the map, with a clamped time if its own was from the future, or
	 * `undefined` if it changes nothing: a known, older or expired one, or one older than all of a full map.
	 */
	apply(update: Update<Value>, size: number, now: number): Update<Value> | undefined {
		const taken = this.#clamp(update, now);
		if (taken === undefined) return undefined;
		const expiresAt = taken.at + Math.min(taken.expiry ?? this.expiry, this.expiry);
		const current = this.#entries.get(taken.key);
		if (expiresAt <= now || (current !== undefined && !isNewer(taken, current.update))) return undefined;
		if (current !== undefined) this.#remove(current);
		const entry: Entry<Value> = { update: taken, size, expiresAt, order: ++this.#writes, gone: false };
		this.#entries.set(taken.key, entry);
		this.#bytes += size;
		this.#byAge.push(entry, this.#entries.size);
		this.#byExpiry.push(entry, this.#entries.size);
		while (this.#entries.size > this.#keys || this.#bytes > this.#maxBytes) this.evict();
		return entry.gone ? undefined : taken;
	}

	/** Takes the oldest write out; tells whether there was one. */
	evict(): boolean {
		const oldest = this.#byAge.top();
		if (oldest === undefined) return false;
		this.#remove(oldest);
		return true;
	}

	/** Takes out what has expired. */
	sweep(now: number): Update<Value>[] {
		const expired: Update<Value>[] = [];
		for (let next = this.#byExpiry.top(); next !== undefined && next.expiresAt <= now; next = this.#byExpiry.top()) {
			this.#remove(next);
			expired.push(next.update);
		}
		return expired;
	}

	/**
	 * What somebody lacks who has everything up to `clock`, oldest first: whoever is cut off in the middle of it has
	 * everything up to a new clock.
	 *
	 * @param after leaves out what was taken before there were so many {@link writes}
	 */
	history(clock: Clock, now: number, after = 0): Update<Value>[] {
		const known = new Map(Object.entries(clock));
		const lacking: Update<Value>[] = [];
		for (const { update, expiresAt, order } of this.#entries.values()) {
			if (order > after && expiresAt > now && update.at > (known.get(update.source) ?? 0)) lacking.push(update);
		}
		return lacking.sort((a, b) => (isNewer(a, b) ? 1 : -1));
	}

	/**
	 * The newest time of each source, as the source itself has it. Of what is in the map, and not of more than so many
	 * sources: who is told too little sends again what is known, which changes nothing.
	 */
	clock(sources: number): Clock {
		const newest = new Map<string, number>();
		for (const { update } of this.#entries.values()) {
			newest.set(update.source, Math.max(update.at, newest.get(update.source) ?? 0));
		}
		for (const [source, { claimed }] of this.#ahead) newest.set(source, claimed);
		if (newest.size <= sources) return Object.fromEntries(newest);
		return Object.fromEntries([...newest].sort(([, a], [, b]) => b - a).slice(0, sources));
	}

	/**
	 * A time from the future is replaced by the latest that is allowed, so that others can write over it soon. It is
	 * remembered how far the source was, because the same write comes again whenever that source reconnects, and would
	 * then be newer than what was written over it.
	 */
	#clamp(update: Update<Value>, now: number): Update<Value> | undefined {
		if (update.at <= now + this.#future) return update;
		const ahead = this.#ahead.get(update.source) ?? { claimed: 0, given: 0 };
		if (update.at <= ahead.claimed) return undefined;
		const at = Math.max(now + this.#future, ahead.given + TIME_STEP);
		this.#ahead.delete(update.source);
		this.#ahead.set(update.source, { claimed: update.at, given: at });
		for (const source of this.#ahead.keys()) {
			if (this.#ahead.size <= AHEAD_SOURCES) break;
			this.#ahead.delete(source);
		}
		return { ...update, at };
	}

	#remove(entry: Entry<Value>): void {
		entry.gone = true;
		this.#entries.delete(entry.update.key);
		this.#bytes -= entry.size;
	}
}

/** Whether `a` wins over `b`. */
function isNewer(a: Update<unknown>, b: Update<unknown>): boolean {
	return a.at > b.at || (a.at === b.at && a.source > b.source);
}
