import type { DirectoryEntry, MasterToClient } from '../wire/index.js';

/** What a client's copy of the directory tells its owner, in the order of the master's list. */
export interface DirectoryChanges {
	added(entry: DirectoryEntry): void;
	updated(entry: DirectoryEntry): void;
	removed(id: string): void;
}

type Snapshot = Extract<MasterToClient, { t: 'snapshot' }>;
type Delta = Extract<MasterToClient, { t: 'delta' }>;

/** A client's copy of the directory, without clock or socket. Changes are told only where something differs. */
export class DirectoryCopy {
	readonly #entries = new Map<string, DirectoryEntry>();
	readonly #changes: DirectoryChanges;
	#seq: number | undefined;

	constructor(changes: DirectoryChanges) {
		this.#changes = changes;
	}

	/** Takes the whole list, as the first thing that a link brings. */
	snapshot({ seq, slaves }: Snapshot): void {
		this.#seq = seq;
		for (const entry of slaves) this.#set(entry);
	}

	/** Takes one change set. Tells whether it was the next one: after a gap only a snapshot helps. */
	delta({ seq, added, updated, removed }: Delta): boolean {
		if (this.#seq === undefined || seq !== this.#seq + 1) return false;
		this.#seq = seq;
		for (const id of removed ?? []) this.#remove(id);
		for (const entry of added ?? []) this.#set(entry);
		for (const entry of updated ?? []) this.#set(entry);
		return true;
	}

	#set(entry: DirectoryEntry): void {
		const before = this.#entries.get(entry.id);
		this.#entries.set(entry.id, entry);
		if (before === undefined) this.#changes.added(entry);
		else if (before.data !== entry.data || before.auth !== entry.auth) this.#changes.updated(entry);
	}

	#remove(id: string): void {
		if (this.#entries.delete(id)) this.#changes.removed(id);
	}
}
