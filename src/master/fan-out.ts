import type { Position } from '../wire/index.js';
import type { Directory } from './directory.js';

/** Who receives the directory. */
export interface Subscriber {
	send(frame: string | Buffer): void;
}

/** No tick is longer than this, however long a fan-out takes, in milliseconds. */
const LONGEST_TICK = 1000;

/**
 * Brings the directory to every client: a snapshot to a newcomer, what it missed to one that comes back, then one delta a
 * tick, encoded once.
 *
 * Sending a small frame costs one system call a client, so with many clients a fan-out can take longer than a tick.
 * The next tick is then put off until as much time has passed as the last one took: the list gets a little older,
 * and the master always has half of its time for everything else.
 */
export class FanOut {
	readonly #directory: Directory;
	readonly #tick: number;
	readonly #subscribers = new Set<Subscriber>();
	/** Newcomers that wait for the next commit, so that their snapshot is the state that deltas continue; and what they know. */
	readonly #joining = new Map<Subscriber, Position | undefined>();
	#timer: NodeJS.Timeout | undefined;
	#notBefore = 0;

	/** @param tick how long changes gather, in milliseconds */
	constructor(directory: Directory, tick: number) {
		this.#directory = directory;
		this.#tick = tick;
	}

	/** The directory may have changed. */
	changed(): void {
		if (this.#timer !== undefined || !this.#directory.pending) return;
		const wait = Math.max(this.#tick, this.#notBefore - performance.now());
		this.#timer = setTimeout(() => this.#flush(), wait);
	}

	/** @param since where the list of a client stands that comes back */
	join(subscriber: Subscriber, since?: Position): void {
		if (this.#timer === undefined) this.#greet(subscriber, since);
		else this.#joining.set(subscriber, since);
	}

	leave(subscriber: Subscriber): void {
		this.#subscribers.delete(subscriber);
		this.#joining.delete(subscriber);
	}

	close(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		this.#subscribers.clear();
		this.#joining.clear();
	}

	#flush(): void {
		this.#timer = undefined;
		const started = performance.now();
		const delta = this.#directory.commit();
		if (delta !== undefined) {
			const frame = Buffer.from(delta);
			for (const subscriber of this.#subscribers) subscriber.send(frame);
		}
		for (const [subscriber, since] of this.#joining) this.#greet(subscriber, since);
		this.#joining.clear();
		const took = performance.now() - started;
		this.#notBefore = started + Math.min(2 * took, LONGEST_TICK);
		this.changed();
	}

	#greet(subscriber: Subscriber, since: Position | undefined): void {
		this.#subscribers.add(subscriber);
		const missed = since && this.#directory.since(since);
		for (const frame of missed ?? [this.#directory.snapshot()]) subscriber.send(frame);
	}
}
