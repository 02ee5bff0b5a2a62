import { type DirectoryEntry, type MasterToClient, newId, type Position } from '../wire/index.js';

type Delta = Extract<MasterToClient, { t: 'delta' }>;

/** Missed deltas of this length are sent in any case, in characters: they fit into one packet. */
const SHORT = 1024;

/** What a directory is made with, all optional. */
export interface DirectoryOptions {
	/** Whether slaves of an earlier run of the master are expected back: until {@link Directory.settle} nobody is gone who is not named. */
	settling?: boolean;
	/** Deltas that are kept for clients that come back. */
	historyDeltas?: number;
	/** Length of all of them together, in characters. */
	historyLength?: number;
}

/**
 * The list of slaves, without clock or socket. Changes gather until somebody calls {@link commit}; what is
 * committed has a number. A snapshot shows the committed state, so whoever takes a snapshot and then every later
 * delta holds exactly the master's list. The last deltas are kept for those who come back and know some of them.
 */
export class Directory {
	/** Which run of a master counts here. */
	readonly epoch = newId();
	/** The state at {@link seq}. */
	readonly #committed = new Map<string, DirectoryEntry>();
	/** What changed since: an entry that is new or different, or `undefined` for one that left. */
	readonly #changed = new Map<string, DirectoryEntry | undefined>();
	readonly #options: Required<DirectoryOptions>;
	/** Deltas, encoded, the newest last: that one has the number {@link seq}. */
	readonly #history: string[] = [];
	#historyLength = 0;
	#seq = 0;
	#snapshot: string | undefined;
	#settling: 'yes' | 'ending' | 'no';

	constructor({ settling = false, historyDeltas = 1000, historyLength = 4 * 1024 * 1024 }: DirectoryOptions = {}) {
		this.#options = { settling, historyDeltas, historyLength };
		this.#settling = settling ? 'yes' : 'no';
	}

	/** Number of the last commit. */
	get seq(): number {
		return this.#seq;
	}

	/** Whether there is something to commit. */
	get pending(): boolean {
		return this.#changed.size > 0 || this.#settling === 'ending';
	}

	/** Whether slaves of an earlier run may still come back. */
	get settling(): boolean {
		return this.#settling !== 'no';
	}

	/** Adds an entry or replaces the one with its id. */
	set(entry: DirectoryEntry): void {
		this.#change(entry.id, entry);
	}

	delete(id: string): void {
		this.#change(id, undefined);
	}

	/** Whoever is not back by now is gone; the next commit says so. */
	settle(): void {
		if (this.#settling === 'yes') this.#settling = 'ending';
	}

	/** The changes since the last commit as one encoded message, or `undefined` if nothing is different. */
	commit(): string | undefined {
		if (!this.pending) return undefined;
		const delta: Delta = { t: 'delta', seq: ++this.#seq, ...this.#apply() };
		if (this.#settling === 'ending') {
			this.#settling = 'no';
			delta.settled = true;
		}
		this.#snapshot = undefined;
		const frame = JSON.stringify(delta);
		this.#remember(frame);
		return frame;
	}

	/** The committed state as one encoded message; encoded once for all who ask before the next commit. */
	snapshot(): string {
		this.#snapshot ??= JSON.stringify({
			t: 'snapshot',
			epoch: this.epoch,
			seq: this.#seq,
			slaves: [...this.#committed.values()],
			...(!this.settling && { settled: true }),
		} satisfies MasterToClient);
		return this.#snapshot;
	}

	/**
	 * The encoded messages that lead from a position to the committed state, or `undefined` where a snapshot does that better:
	 * the position is of another run of the master, older than the history, or further away than the snapshot is long.
	 */
	since({ epoch, seq }: Position): string[] | undefined {
		const missed = this.#seq - seq;
		if (epoch !== this.epoch || missed < 0 || missed > this.#history.length) return undefined;
		const frames = this.#history.slice(this.#history.length - missed);
		const length = frames.reduce((sum, frame) => sum + frame.length, 0);
		return length > Math.max(this.snapshot().length, SHORT)
			? undefined
			: [...frames, JSON.stringify({ t: 'resumed', seq: this.#seq })];
	}

	#apply(): Pick<Delta, 'slaves' | 'removed'> {
		const slaves: DirectoryEntry[] = [];
		const removed: string[] = [];
		for (const [id, entry] of this.#changed) {
			if (entry === undefined) removed.push(id);
			else slaves.push(entry);
		}
		for (const id of removed) this.#committed.delete(id);
		for (const entry of slaves) this.#committed.set(entry.id, entry);
		this.#changed.clear();
		return { ...(slaves.length > 0 && { slaves }), ...(removed.length > 0 && { removed }) };
	}

	#remember(frame: string): void {
		this.#history.push(frame);
		this.#historyLength += frame.length;
		while (this.#history.length > this.#options.historyDeltas || this.#historyLength > this.#options.historyLength) {
			this.#historyLength -= this.#history.shift()?.length ?? 0;
		}
	}

	/** A change that leads back to the committed state is none. */
	#change(id: string, entry: DirectoryEntry | undefined): void {
		const before = this.#committed.get(id);
		const same = entry === undefined ? before === undefined : isSame(before, entry);
		if (same) this.#changed.delete(id);
		else this.#changed.set(id, entry);
	}
}

function isSame(one: DirectoryEntry | undefined, other: DirectoryEntry): boolean {
	return (
		one !== undefined &&
		one.data === other.data &&
		one.auth === other.auth &&
		one.state === other.state &&
		isDeepSame(one.direct, other.direct)
	);
}

function isDeepSame(one: DirectoryEntry['direct'], other: DirectoryEntry['direct']): boolean {
	return one === other || JSON.stringify(one) === JSON.stringify(other);
}
