import {
	type Digest,
	EnslavismError,
	LastWriterMap,
	newId,
	SYNC_LINE,
	TIME_STEP,
	type Update,
	writeDigest,
	writeUpdate,
} from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';

/** How long keys live as long as the master has not said. */
const DAY = 24 * 60 * 60 * 1000;

/** Lines of a history are sent in frames of about so many characters. */
const FRAME_LENGTH = 64 * 1024;

/** A key that has another value now; `undefined` when it has none any more. */
export interface Change {
	readonly key: string;
	readonly value: unknown;
	/** The replica that wrote it; its own `id` for one's own writes. */
	readonly source: string;
}

/** A write of one's own: what to tell the master, and what has changed. */
export interface OwnWrite {
	readonly line: string;
	readonly change: Change | undefined;
}

/**
 * One's own copy of a shared state. Knows no clock and no socket: `now` is the time here in milliseconds since 1970, and
 * what is to be sent is returned.
 *
 * Writes are dated by the master's clock, which its digest tells: a clock here that is wrong harms nobody.
 */
export class StateReplica {
	/** Name of this replica as a source. */
	readonly id = newId();
	#map = new LastWriterMap<unknown>({ expiry: DAY });
	/** How far the master's clock is ahead of the one here; `undefined` before it has said. */
	#ahead: number | undefined;
	#lastWrite = 0;

	/** What a key is set to. */
	get(key: string, now: number): unknown {
		return this.#map.get(key, this.#masterTime(now))?.value ?? undefined;
	}

	/** Every key that is set, with its value. */
	*entries(now: number): IterableIterator<[key: string, value: unknown]> {
		for (const { key, value } of this.#map.updates(this.#masterTime(now))) if (value !== null) yield [key, value];
	}

	/**
	 * Writes a key.
	 *
	 * @param value of JSON; `null` and `undefined` delete
	 * @param expiry milliseconds that the key lives; `undefined` for as long as the master says
	 * @throws EnslavismError `bad-option`
	 */
	write(key: string, value: unknown, expiry: number | undefined, now: number): OwnWrite {
		checkKey(key);
		checkExpiry(expiry);
		const json = jsonOf(value);
		const time = this.#masterTime(now);
		// Also later than what it replaces: whoever has seen a value can write over it, whatever the clocks say.
		const replaced = this.#map.get(key, time)?.at ?? 0;
		this.#lastWrite = Math.max(time, this.#lastWrite + TIME_STEP, replaced + TIME_STEP);
		// A copy, as everybody else has one.
		const update = { key, value: JSON.parse(json) as unknown, at: this.#lastWrite, source: this.id, expiry };
		return { line: writeUpdate(update, json), change: this.take(update, now) };
	}

	/** The first line for the master. */
	digest(): string {
		return writeDigest({ id: this.id, clock: this.#map.clock(LIMITS.stateClockSources) });
	}

	/** The master has sent its digest: gives the frames that it lacks, with the end of the history. */
	meet(digest: Digest, now: number): string[] {
		const ahead = digest.now === undefined ? 0 : digest.now - now;
		// Before the first meeting nothing was sent: what was written is dated anew, by the master's clock.
		const correction = this.#ahead === undefined ? ahead : 0;
		this.#ahead = ahead;
		const expiry = digest.expiry ?? this.#map.expiry;
		if (correction !== 0 || expiry !== this.#map.expiry) this.#redate(correction, expiry);
		return framesOf(this.#map.history(digest.clock, this.#masterTime(now)));
	}

	/** Takes a write; gives what has changed by it. */
	take(update: Update<unknown>, now: number): Change | undefined {
		const time = this.#masterTime(now);
		const before = this.#map.get(update.key, time)?.value ?? undefined;
		const taken = this.#map.apply(update, 0, time);
		if (taken === undefined) return undefined;
		const { key, source } = taken;
		const value = taken.value ?? undefined;
		return JSON.stringify(value) === JSON.stringify(before) ? undefined : { key, value, source };
	}

	/** Forgets what has expired; gives what has changed by that. */
	sweep(now: number): Change[] {
		const expired = this.#map.sweep(this.#masterTime(now)).filter(({ value }) => value !== null);
		return expired.map(({ key, source }) => ({ key, value: undefined, source }));
	}

	/** In how many milliseconds there is something to {@link sweep}; `undefined` if there will be nothing. */
	nextSweep(now: number): number | undefined {
		const { nextExpiry } = this.#map;
		return nextExpiry === undefined ? undefined : Math.max(0, nextExpiry - this.#masterTime(now));
	}

	#masterTime(now: number): number {
		return now + (this.#ahead ?? 0);
	}

	#redate(correction: number, expiry: number): void {
		const known = this.#map;
		this.#map = new LastWriterMap({ expiry });
		this.#lastWrite += correction;
		// At time 0 nothing has expired.
		for (const update of known.updates(0)) this.#map.apply({ ...update, at: update.at + correction }, 0, 0);
	}
}

function framesOf(updates: Update<unknown>[]): string[] {
	const frames: string[] = [];
	let frame = '';
	for (const update of updates) {
		frame += writeUpdate(update, JSON.stringify(update.value));
		if (frame.length < FRAME_LENGTH) continue;
		frames.push(frame);
		frame = '';
	}
	return [...frames, frame + SYNC_LINE];
}

function checkKey(key: string): void {
	if (typeof key === 'string' && key.length <= LIMITS.stateKeyLength && key !== '__proto__') return;
	const length = LIMITS.stateKeyLength;
	throw new EnslavismError('bad-option', `a key is a text of at most ${length} characters, and not "__proto__"`);
}

function checkExpiry(expiry: unknown): void {
	if (expiry === undefined) return;
	if (typeof expiry === 'number' && expiry > 0 && expiry <= Number.MAX_SAFE_INTEGER) return;
	throw new EnslavismError('bad-option', 'expiry must be a number of milliseconds');
}

function jsonOf(value: unknown): string {
	let json: string | undefined;
	try {
		json = JSON.stringify(value ?? null);
	} catch (cause) {
		throw new EnslavismError('bad-option', 'a value must be one of JSON', { cause });
	}
	if (json !== undefined && json.length <= LIMITS.stateValueLength) return json;
	const length = LIMITS.stateValueLength;
	throw new EnslavismError('bad-option', `a value must be one of JSON, at most ${length} characters long`);
}
