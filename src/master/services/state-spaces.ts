import type { Read, Update } from '../../wire/index.js';
import { Broadcast } from './broadcast.js';
import type { StateLimits } from './limits.js';
import { StateSpace } from './state-space.js';

/** A namespace, and who is in it. */
export interface SharedSpace {
	readonly space: StateSpace;
	/** Those who have the history and are sent every write. */
	readonly readers: Broadcast;
	/** How many sockets there are, with those that are still being sent the history. */
	sockets: number;
}

/** Every namespace of the shared state service, within the bounds of all together. Knows no clock. */
export class StateSpaces {
	readonly #id: string;
	readonly #expiryOf: (namespace: string) => number;
	readonly #limits: StateLimits;
	/** The one that was written to longest ago comes first. */
	readonly #spaces = new Map<string, SharedSpace>();
	#bytes = 0;

	constructor(id: string, expiryOf: (namespace: string) => number, limits: StateLimits) {
		this.#id = id;
		this.#expiryOf = expiryOf;
		this.#limits = limits;
	}

	get size(): number {
		return this.#spaces.size;
	}

	/** What all keys and values take. */
	get bytes(): number {
		return this.#bytes;
	}

	/** Opens a namespace for one more socket; `undefined` when there are too many, with somebody in each. */
	enter(namespace: string): SharedSpace | undefined {
		let shared = this.#spaces.get(namespace);
		if (shared === undefined) {
			if (this.#spaces.size >= this.#limits.namespaces && !this.#forgetIdle()) return undefined;
			const space = new StateSpace(this.#id, this.#expiryOf(namespace), this.#limits);
			shared = { space, readers: new Broadcast(this.#limits.backlogBytes), sockets: 0 };
			this.#spaces.set(namespace, shared);
		}
		shared.sockets++;
		return shared;
	}

	/** A socket has gone. */
	leave(namespace: string, shared: SharedSpace): void {
		shared.sockets--;
		this.#forgetIfEmpty(namespace, shared);
	}

	/** Takes a write to a namespace that somebody is in; gives the lines that everybody there must hear. */
	take(namespace: string, shared: SharedSpace, update: Update<unknown>, now: number): Read<string[]> {
		const before = shared.space.bytes;
		const taken = shared.space.take(update, now);
		this.#bytes += shared.space.bytes - before;
		this.#spaces.delete(namespace);
		this.#spaces.set(namespace, shared);
		while (this.#bytes > this.#limits.bytesOfAll && (this.#forgetIdle() || this.#evictFrom(shared)));
		return taken;
	}

	/** Forgets keys that have expired, and namespaces without keys that nobody is in. */
	sweep(now: number): void {
		for (const [namespace, shared] of this.#spaces) {
			const before = shared.space.bytes;
			shared.space.sweep(now);
			this.#bytes += shared.space.bytes - before;
			this.#forgetIfEmpty(namespace, shared);
		}
	}

	/** Leaves no timer. */
	close(): void {
		for (const { readers } of this.#spaces.values()) readers.close();
	}

	#forgetIfEmpty(namespace: string, { sockets, space, readers }: SharedSpace): void {
		if (sockets > 0 || space.size > 0) return;
		readers.close();
		this.#spaces.delete(namespace);
	}

	/** Forgets the namespace that was written to longest ago, of those that nobody is in; tells whether there was one. */
	#forgetIdle(): boolean {
		for (const [namespace, { sockets, space, readers }] of this.#spaces) {
			if (sockets > 0) continue;
			this.#bytes -= space.bytes;
			readers.close();
			this.#spaces.delete(namespace);
			return true;
		}
		return false;
	}

	#evictFrom({ space }: SharedSpace): boolean {
		const before = space.bytes;
		const evicted = space.evict();
		this.#bytes += space.bytes - before;
		return evicted;
	}
}
