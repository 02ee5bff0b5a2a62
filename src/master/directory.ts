import type { DirectoryEntry, MasterToClient } from '../wire/index.js';

type Delta = Extract<MasterToClient, { t: 'delta' }>;

/**
 * The list of slaves, without clock or socket. Changes gather until somebody calls {@link commit}; what is
 * committed has a number. A snapshot shows the committed state, so whoever takes a snapshot and then every later
 * delta holds exactly the master's list.
 */
export class Directory {
	/** The state at {@link seq}. */
	readonly #committed = new Map<string, DirectoryEntry>();
	/** What changed since: an entry that is new or different, or `undefined` for one that left. */
	readonly #changed = new Map<string, DirectoryEntry | undefined>();
	#seq = 0;
	#snapshot: string | undefined;

	/** Number of the last commit. */
	get seq(): number {
		return this.#seq;
	}

	/** Whether there is something to commit. */
	get pending(): boolean {
		return this.#changed.size > 0;
	}

	/** Adds an entry or replaces the one with its id. */
	set(entry: DirectoryEntry): void {
		this.#change(entry.id, entry);
	}

	delete(id: string): void {
		this.#change(id, undefined);
	}

	/** The changes since the last commit as one encoded message, or `undefined` if nothing is different. */
	commit(): string | undefined {
		if (this.#changed.size === 0) return undefined;
		const added: DirectoryEntry[] = [];
		const updated: DirectoryEntry[] = [];
		const removed: string[] = [];
		for (const [id, entry] of this.#changed) {
			if (entry === undefined) removed.push(id);
			else (this.#committed.has(id) ? updated : added).push(entry);
		}
		for (const id of removed) this.#committed.delete(id);
		for (const entry of [...added, ...updated]) this.#committed.set(entry.id, entry);
		this.#changed.clear();
		this.#snapshot = undefined;
		this.#seq++;
		const delta: Delta = { t: 'delta', seq: this.#seq };
		if (added.length > 0) delta.added = added;
		if (updated.length > 0) delta.updated = updated;
		if (removed.length > 0) delta.removed = removed;
		return JSON.stringify(delta);
	}

	/** The committed state as one encoded message; encoded once for all who ask before the next commit. */
	snapshot(): string {
		this.#snapshot ??= JSON.stringify({
			t: 'snapshot',
			seq: this.#seq,
			slaves: [...this.#committed.values()],
		} satisfies MasterToClient);
		return this.#snapshot;
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
		one !== undefined && one.data === other.data && one.auth === other.auth && isDeepSame(one.direct, other.direct)
	);
}

function isDeepSame(one: DirectoryEntry['direct'], other: DirectoryEntry['direct']): boolean {
	return one === other || JSON.stringify(one) === JSON.stringify(other);
}
