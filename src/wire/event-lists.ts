/**
 * What the scripts for browsers have in place of `eventemitter3`: the five methods that `Emitter` uses, behaving the
 * same, in a tenth of the size. Both are held against each other in the tests; `bundler.ts` puts this one in.
 */
interface Entry {
	readonly fn: unknown;
	readonly once: boolean;
}

export class EventEmitter {
	readonly #lists = new Map<string, Entry[]>();

	on(event: string, fn: unknown, once = false): void {
		this.#lists.set(event, [...this.#list(event), { fn, once }]);
	}

	once(event: string, fn: unknown): void {
		this.on(event, fn, true);
	}

	/** @param onlyOnce forgets `fn` only where it was added with `once` */
	off(event: string, fn: unknown, _context?: undefined, onlyOnce = false): void {
		this.#lists.set(
			event,
			this.#list(event).filter((entry) => entry.fn !== fn || (onlyOnce && !entry.once)),
		);
	}

	listeners(event: string): unknown[] {
		return this.#list(event).map(({ fn }) => fn);
	}

	listenerCount(event: string): number {
		return this.#list(event).length;
	}

	#list(event: string): Entry[] {
		return this.#lists.get(event) ?? [];
	}
}
