import { EventEmitter } from 'eventemitter3';
import { rethrowLater } from './errors.js';

/** Names of events and the arguments of their listeners. */
export type EventMap = { [name: string]: unknown[] };

/** A listener of one event. What it returns matters only where the event says so. */
export type Listener<Args extends unknown[]> = (...args: Args) => unknown;

/** What `addEventListener` takes: a function, or an object with `handleEvent`. */
export type ListenerLike<Args extends unknown[]> = Listener<Args> | { handleEvent: Listener<Args> };

/** Options of `addEventListener`. */
export interface ListenOptions {
	/** Call the listener once and forget it. */
	once?: boolean;
}

interface OnceListener extends Listener<unknown[]> {
	original?: unknown;
}

/**
 * The one emitter of Enslavism. `on` and `addEventListener` are the same, so that code from Node and from
 * browsers reads as it is used to. An exception in a listener reaches the host as an uncaught exception, and
 * the listeners after it are still called.
 */
export class Emitter<Events extends object> {
	readonly #bus = new EventEmitter();
	readonly #adapted = new WeakMap<object, Listener<unknown[]>>();

	/** Calls `listener` each time `event` happens. */
	on<Name extends keyof Events & string>(event: Name, listener: Listener<Args<Events, Name>>): this {
		this.#bus.on(event, listener as Listener<unknown[]>);
		this.listened(event);
		return this;
	}

	/** Calls `listener` the next time `event` happens, and then forgets it. */
	once<Name extends keyof Events & string>(event: Name, listener: Listener<Args<Events, Name>>): this {
		const call: OnceListener = (...args) => {
			this.#bus.off(event, call);
			return (listener as Listener<unknown[]>)(...args);
		};
		call.original = listener;
		return this.on(event, call as Listener<Args<Events, Name>>);
	}

	/** Forgets `listener`. */
	off<Name extends keyof Events & string>(event: Name, listener: Listener<Args<Events, Name>>): this {
		for (const each of this.#bus.listeners(event) as OnceListener[]) {
			if (each !== listener && each.original !== listener) continue;
			this.#bus.off(event, each);
			break;
		}
		return this;
	}

	/** The same as {@link on}, with the names that browsers use. A listener is added once, as there. */
	addEventListener<Name extends keyof Events & string>(
		event: Name,
		listener: ListenerLike<Args<Events, Name>>,
		options?: ListenOptions | boolean,
	): void {
		const call = this.#adapt(listener as ListenerLike<unknown[]>) as Listener<Args<Events, Name>>;
		if (this.listeners(event).includes(call)) return;
		if (typeof options === 'object' && options.once === true) this.once(event, call);
		else this.on(event, call);
	}

	/** The same as {@link off}, with the names that browsers use. */
	removeEventListener<Name extends keyof Events & string>(
		event: Name,
		listener: ListenerLike<Args<Events, Name>>,
	): void {
		this.off(event, this.#adapt(listener as ListenerLike<unknown[]>) as Listener<Args<Events, Name>>);
	}

	/** How many listeners `event` has. */
	listenerCount(event: keyof Events & string): number {
		return this.#bus.listenerCount(event);
	}

	/** Forgets every listener, of one event or of all. */
	removeAllListeners(event?: keyof Events & string): this {
		this.#bus.removeAllListeners(event);
		return this;
	}

	/** Calls the listeners of `event`; tells whether there was one. */
	protected emit<Name extends keyof Events & string>(event: Name, ...args: Args<Events, Name>): boolean {
		try {
			// One plain listener is by far the most frequent case, and a channel's messages are the hottest path.
			if (this.#bus.listenerCount(event) <= 1) return this.#bus.emit(event, ...args);
		} catch (thrown) {
			rethrowLater(thrown);
			return true;
		}
		this.collect(event, ...args);
		return true;
	}

	/** Calls the listeners of `event` and gives back what each returned; one that throws is reported and left out. */
	protected collect<Name extends keyof Events & string>(event: Name, ...args: Args<Events, Name>): unknown[] {
		const returned: unknown[] = [];
		for (const listener of this.listeners(event)) {
			try {
				returned.push(listener(...args));
			} catch (thrown) {
				rethrowLater(thrown);
			}
		}
		return returned;
	}

	/** The listeners of `event`, as they stand now. */
	protected listeners<Name extends keyof Events & string>(event: Name): Listener<Args<Events, Name>>[] {
		return this.#bus.listeners(event) as Listener<Args<Events, Name>>[];
	}

	/** Called after a listener was added. */
	protected listened(_event: string): void {}

	#adapt(listener: ListenerLike<unknown[]>): Listener<unknown[]> {
		if (typeof listener === 'function') return listener;
		let call = this.#adapted.get(listener);
		if (call === undefined) {
			call = (...args) => listener.handleEvent(...args);
			this.#adapted.set(listener, call);
		}
		return call;
	}
}

type Args<Events, Name extends keyof Events> = Events[Name] extends unknown[] ? Events[Name] : never;
