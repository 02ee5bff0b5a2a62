import {
	type Clock,
	LastWriterMap,
	type Read,
	TIME_STEP,
	type Update,
	writeDigest,
	writeUpdate,
} from '../../wire/index.js';
import * as LIMITS from '../../wire/limits.js';
import type { StateLimits } from './limits.js';

/** What each key costs beside its characters. */
const KEY_COST = 256;

/** Lines of a history are sent in frames of about so many characters. */
const FRAME_LENGTH = 64 * 1024;

/** One namespace of the shared state service: the map, and what is said about it. Knows no clock and no socket. */
export class StateSpace {
	readonly #id: string;
	readonly #map: LastWriterMap<string>;
	#lastOwn = 0;

	/**
	 * @param id of the master as a source
	 * @param expiry how long keys live, in milliseconds
	 */
	constructor(id: string, expiry: number, { keys, bytes, futureMs }: StateLimits) {
		this.#id = id;
		this.#map = new LastWriterMap({ expiry, keys, bytes, future: futureMs });
	}

	/** What its keys and values take. */
	get bytes(): number {
		return this.#map.bytes;
	}

	/** How many keys there are, with those that have expired since {@link sweep}. */
	get size(): number {
		return this.#map.size;
	}

	/** The master's first line. */
	digest(now: number): string {
		return writeDigest({
			id: this.#id,
			clock: this.#map.clock(LIMITS.stateClockSources),
			now,
			expiry: this.#map.expiry,
		});
	}

	/** Takes a write; gives the lines that everybody must hear. */
	take(update: Update<unknown>, now: number): Read<string[]> {
		const value = JSON.stringify(update.value);
		if (value.length > LIMITS.stateValueLength) return { ok: false, problem: 'a value is too long' };
		const rival = this.#map.get(update.key, now);
		const taken = this.#apply({ ...update, value }, now);
		const lines = taken === undefined ? [] : [taken];
		if (rival?.at === update.at && rival.source !== update.source) lines.push(...this.#settle(update.key, now));
		return { ok: true, message: lines };
	}

	/**
	 * What somebody lacks, as frames of several lines: the history, then what was written while that was sent, and so on.
	 * At its end nothing is lacking, if nothing is written between that and the next thing that is sent.
	 */
	*lackedBy(clock: Clock, now: () => number): IterableIterator<string> {
		for (let known = 0; known < this.#map.writes; ) {
			const after = known;
			known = this.#map.writes;
			yield* framesOf(this.#map.history(clock, now(), after));
		}
	}

	/** Takes the oldest key out; tells whether there was one. */
	evict(): boolean {
		return this.#map.evict();
	}

	/** Forgets what has expired. */
	sweep(now: number): void {
		this.#map.sweep(now);
	}

	#apply(update: Update<string>, now: number): string | undefined {
		const taken = this.#map.apply(update, sizeOf(update), now);
		return taken && writeUpdate(taken, taken.value);
	}

	/**
	 * Two sources wrote the same key at the same time. Replicas of the package `scuttlebutt` keep whichever they heard
	 * last, so the winner is written once more, a little later.
	 */
	#settle(key: string, now: number): string[] {
		const winner = this.#map.get(key, now);
		if (winner === undefined) return [];
		this.#lastOwn = Math.max(winner.at, this.#lastOwn) + TIME_STEP;
		const line = this.#apply({ ...winner, at: this.#lastOwn, source: this.#id }, now);
		return line === undefined ? [] : [line];
	}
}

function* framesOf(updates: Update<string>[]): IterableIterator<string> {
	let frame = '';
	for (const update of updates) {
		frame += writeUpdate(update, update.value);
		if (frame.length < FRAME_LENGTH) continue;
		yield frame;
		frame = '';
	}
	if (frame !== '') yield frame;
}

function sizeOf({ key, value, source }: Update<string>): number {
	return Buffer.byteLength(key) + Buffer.byteLength(value) + Buffer.byteLength(source) + KEY_COST;
}
