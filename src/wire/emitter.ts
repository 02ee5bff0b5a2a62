import { EventEmitter } from 'eventemitter3';
import { rethrowLater } from './errors.js';

/** A listener of one event. What it returns matters only where the event says so. */
export type Listener<Args extends unknown[]> = (...args: Args) => unknown;

/** What `addEventListener` takes: a function, or an object with `handleEvent`. */
export type ListenerLike<Args extends unknown[]> = Listener<Args> | { handleEvent: Listener<Args> };

/** Options of `addEventListener`. */
export interface ListenOptions {
	/** Call the listener once and forget it. */
	once?: boolean;
}

/**
 * The one emitter of Enslavism. `on` and `addEventListener` are the same, so that code from Node and from browsers
 * reads as it is used to. An exception in a listener reaches the host as an uncaught exception, and the listeners
 * after it are still called.
 *
 * `Events` names the events and the arguments of their listeners.
 */
export class Emitter<Events extends object> {
	readonly #bus = new EventEmitter<string>();
	/** The events that have a listener added with `once`: only there has a call something to forget. It marks those, too. */
	readonly #once = new Set<string>();

	/** Calls `listener` each time `event` happens. */
	on<Name extends keyof Events & string>(event: Name, listener: Listener<Args<Events, Name>>): this {
		this.#bus.on(event, listener as Listener<unknown[]>);
		this.listened(event);
		return this;
	}

	/** Calls `listener` the next time `event` happens, and then forgets it. */
	once<Name extends keyof Events & string>(event: Name, listener: Listener<Args<Events, Name>>): this {
		this.#once.add(event);
		this.#bus.on(event, listener as Listener<unknown[]>, this.#once);
		this.listened(event);
		return this;
	}

	/** Forgets `listener`. */
	off<Name extends keyof Events & string>(event: Name, listener: Listener<Args<Events, Name>>): this {
		this.#bus.off(event, listener as Listener<unknown[]>);
		return this;
	}

	/** The same as {@link on}, with the names that browsers use. A listener is added once, as there. */
	addEventListener<Name extends keyof Events & string>(
		event: Name,
		listener: ListenerLike<Args<Events, Name>>,
		options?: ListenOptions | boolean,
	): void {
		const call = adapted(listener);
		if (this.listeners(event).includes(call)) return;
		if ((options as ListenOptions | undefined)?.once) this.once(event, call);
		else this.on(event, call);
	}

	/** The same as {@link off}, with the names that browsers use. */
	removeEventListener<Name extends keyof Events & string>(
		event: Name,
		listener: ListenerLike<Args<Events, Name>>,
	): void {
		this.off(event, adapted(listener));
	}

	/** How many listeners `event` has. */
	listenerCount(event: keyof Events & string): number {
		return this.#bus.listenerCount(event);
	}

	/** Calls the listeners of `event`; tells whether there was one. */
	protected emit<Name extends keyof Events & string>(event: Name, ...args: Args<Events, Name>): boolean {
		const listeners = this.take(event);
		for (const listener of listeners) {
			try {
				listener(...args);
			} catch (thrown) {
				rethrowLater(thrown);
			}
		}
		return listeners.length > 0;
	}

	/** The listeners of `event` for one call of each: those added with `once` are forgotten. */
	protected take<Name extends keyof Events & string>(event: Name): Listener<Args<Events, Name>>[] {
		const listeners = this.listeners(event);
		if (this.#once.delete(event)) {
			for (const listener of listeners) this.#bus.off(event, listener as Listener<unknown[]>, this.#once);
		}
		return listeners;
	}

	/** Called after a listener was added. */
	protected listened(_event: string): void {}

	private listeners<Name extends keyof Events & string>(event: Name): Listener<Args<Events, Name>>[] {
		return this.#bus.listeners(event) as Listener<Args<Events, Name>>[];
	}
}

/** The functions that call objects with `handleEvent`. */
const adapters = new WeakMap<object, Listener<never[]>>();

function adapted<A extends unknown[]>(listener: ListenerLike<A>): Listener<A> {
	if (typeof listener === 'function') return listener;
	const call = adapters.get(listener) ?? ((...args: never[]) => listener.handleEvent(...(args as unknown as A)));
	adapters.set(listener, call);
	return call as Listener<A>;
}

type Args<Events, Name extends keyof Events> = Events[Name] extends unknown[] ? Events[Name] : never;
