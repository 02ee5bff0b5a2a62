/**
 * What the scripts for browsers have in place of `eventemitter3`: the four methods that `Emitter` uses, behaving the
 * same, in a tenth of the size. Both are held against each other in the tests; `bundler.ts` puts this one in.
 */
interface Entry {
	readonly fn: unknown;
	readonly context: unknown;
}

export class EventEmitter {
	readonly #lists = new Map<string, Entry[]>();

	on(event: string, fn: unknown, context?: unknown): void {
		this.#lists.set(event, [...this.#list(event), { fn, context }]);
	}

	/** @param context forgets `fn` only where it was added with this */
	off(event: string, fn: unknown, context?: unknown): void {
		this.#lists.set(
			event,
			this.#list(event).filter((entry) => entry.fn !== fn || (context && entry.context !== context)),
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
