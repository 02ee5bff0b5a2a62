import type { Directory } from './directory.js';

/** Who receives the directory. */
export interface Subscriber {
	send(frame: string | Buffer): void;
}

/** No tick is longer than this, however long a fan-out takes, in milliseconds. */
const LONGEST_TICK = 1000;

/**
 * Brings the directory to every client: a snapshot to a newcomer, then one delta a tick, encoded once.
 *
 * Sending a small frame costs one system call a client, so with many clients a fan-out can take longer than a tick.
 * The next tick is then put off until as much time has passed as the last one took: the list gets a little older,
 * and the master always has half of its time for everything else.
 */
export class FanOut {
	readonly #directory: Directory;
	readonly #tick: number;
	readonly #subscribers = new Set<Subscriber>();
	/** Newcomers that wait for the next commit, so that their snapshot is the state that deltas continue. */
	readonly #joining = new Set<Subscriber>();
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

	join(subscriber: Subscriber): void {
		if (this.#timer !== undefined) {
			this.#joining.add(subscriber);
			return;
		}
		this.#subscribers.add(subscriber);
		subscriber.send(this.#directory.snapshot());
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
		for (const subscriber of this.#joining) {
			this.#subscribers.add(subscriber);
			subscriber.send(this.#directory.snapshot());
		}
		this.#joining.clear();
		const took = performance.now() - started;
		this.#notBefore = started + Math.min(2 * took, LONGEST_TICK);
		this.changed();
	}
}
