/** Waiting for things to happen, with a bound that says what did not. */
import type { BaseMasterConnection, MasterConnectionEvents } from '../../src/client/master-connection.js';
import type { SlaveConnection, SlaveConnectionEvents } from '../../src/client/slave-connection.js';
import type { Master, MasterEvents } from '../../src/master/master.js';
import type { MuxStream } from '../../src/mux/node/index.js';
import type { Channel, ChannelEvents } from '../../src/peer/index.js';
import type { PeerConnection, PeerConnectionEvents, Peers, PeersEvents } from '../../src/signal/node.js';
import type { ClientConnection, ClientConnectionEvents } from '../../src/slave/client-connection.js';
import type { Slave, SlaveEvents } from '../../src/slave/slave.js';
import type { Emitter } from '../../src/wire/index.js';

/** How long a test waits for anything, in milliseconds, before it fails. */
export const PATIENCE = 20_000;

/** The real clock: a test may have stopped the one that the program sees. */
const { setTimeout: startTimer, clearTimeout: stopTimer } = globalThis;

/** Resolves as `promise` does; rejects when that takes too long. */
export async function within<T>(promise: Promise<T>, what: string, ms = PATIENCE): Promise<T> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_, reject) => {
		timer = startTimer(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
	});
	try {
		return await Promise.race([promise, late]);
	} finally {
		stopTimer(timer);
	}
}

/** The events of each class that has some. */
type EventsOf<E> = E extends Master
	? MasterEvents
	: E extends Slave
		? SlaveEvents
		: E extends ClientConnection
			? ClientConnectionEvents
			: E extends BaseMasterConnection
				? MasterConnectionEvents
				: E extends SlaveConnection
					? SlaveConnectionEvents
					: E extends Channel
						? ChannelEvents
						: E extends NodeConnection
							? PeerConnectionEvents<MuxStream>
							: E extends Peers
								? PeersEvents<MuxStream>
								: never;

type ArgsOf<Events, Name extends keyof Events> = Events[Name] extends unknown[] ? Events[Name] : never;

type NodeConnection = PeerConnection<MuxStream>;

type Emitting =
	| Master
	| Slave
	| ClientConnection
	| BaseMasterConnection
	| SlaveConnection
	| Channel
	| NodeConnection
	| Peers;

/** The arguments of the next `event`. */
export function next<E extends Emitting, Name extends keyof EventsOf<E> & string>(
	emitter: E,
	event: Name,
): Promise<ArgsOf<EventsOf<E>, Name>>;
export function next<Events extends object, Name extends keyof Events & string>(
	emitter: Emitter<Events>,
	event: Name,
): Promise<ArgsOf<Events, Name>>;
export function next(emitter: unknown, event: string): Promise<unknown[]> {
	const { once } = emitter as unknown as { once(event: string, listener: (...args: unknown[]) => void): void };
	const happened = new Promise<unknown[]>((resolve) => {
		once.call(emitter, event, (...args) => resolve(args));
	});
	return within(happened, `"${event}"`);
}

/** Everything that is put in, for whoever waits for so much. */
export class Inbox<T> {
	readonly items: T[] = [];
	#check: (() => void)[] = [];

	/** Adds an item. Bound, so that it can be a listener. */
	readonly put = (item: T): void => {
		this.items.push(item);
		for (const check of this.#check) check();
	};

	/** Resolves with the first item that `is`. */
	async find(is: (item: T) => boolean, what = 'an item'): Promise<T> {
		return this.#until(() => this.items.find(is), what);
	}

	/** Resolves with all items when there are `count`. */
	async count(count: number, what = `${count} items`): Promise<T[]> {
		return this.#until(() => (this.items.length >= count ? this.items : undefined), what);
	}

	async #until<R>(get: () => R | undefined, what: string): Promise<R> {
		let check: (() => void) | undefined;
		const found = new Promise<R>((resolve) => {
			check = () => {
				const value = get();
				if (value !== undefined) resolve(value);
			};
			this.#check.push(check);
			check();
		});
		try {
			return await within(found, what);
		} finally {
			this.#check = this.#check.filter((each) => each !== check);
		}
	}
}

/** Lets everything that is due in this process happen. */
export async function turns(count = 3): Promise<void> {
	for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
