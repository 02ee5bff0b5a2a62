import type { DirectoryEntry, MasterToClient, Position } from '../wire/index.js';

/** What a client's copy of the directory tells its owner, in the order of the master's list. */
export interface DirectoryChanges {
	added(entry: DirectoryEntry): void;
	updated(entry: DirectoryEntry): void;
	/** Perhaps the slave is reached elsewhere now; nothing that anybody sees has changed. */
	moved(entry: DirectoryEntry): void;
	removed(id: string): void;
}

type Snapshot = Extract<MasterToClient, { t: 'snapshot' }>;
type Delta = Extract<MasterToClient, { t: 'delta' }>;

/**
 * A client's copy of the directory, without clock or socket. Changes are told only where something differs, so that a
 * snapshot after an absence is told as what changed meanwhile.
 */
export class DirectoryCopy {
	readonly #entries = new Map<string, DirectoryEntry>();
	readonly #changes: DirectoryChanges;
	/** What a partial snapshot did not confirm: kept until the master has settled. */
	readonly #unconfirmed = new Set<string>();
	#position: Position | undefined;

	constructor(changes: DirectoryChanges) {
		this.#changes = changes;
	}

	/** Where this copy stands; `undefined` before the first snapshot. */
	get position(): Position | undefined {
		return this.#position;
	}

	/** Takes the whole list. */
	snapshot({ epoch, seq, slaves, partial }: Snapshot): void {
		this.#position = { epoch, seq };
		for (const id of this.#entries.keys()) this.#unconfirmed.add(id);
		for (const { id } of slaves) this.#unconfirmed.delete(id);
		if (!partial) this.#settle();
		for (const entry of slaves) this.#set(entry);
	}

	/** Takes one change set. Tells whether it was the next one: after a gap only another link helps. */
	delta({ seq, added = [], updated = [], removed = [], settled }: Delta): boolean {
		const { epoch, seq: at = Number.NaN } = this.#position ?? {};
		if (epoch === undefined || seq !== at + 1) return false;
		this.#position = { epoch, seq };
		for (const id of removed) this.#remove(id);
		for (const entry of [...added, ...updated]) this.#set(entry);
		if (settled) this.#settle();
		return true;
	}

	/** The master's list is the one with this number. Tells whether this one is, too; if not, only a snapshot helps. */
	resumed({ seq }: { seq: number }): boolean {
		if (this.#position?.seq !== seq) this.#position = undefined;
		return this.#position !== undefined;
	}

	#settle(): void {
		for (const id of this.#unconfirmed) this.#remove(id);
	}

	#set(entry: DirectoryEntry): void {
		const before = this.#entries.get(entry.id);
		this.#entries.set(entry.id, entry);
		this.#unconfirmed.delete(entry.id);
		if (before === undefined) this.#changes.added(entry);
		else if (before.data !== entry.data || before.auth !== entry.auth || before.state !== entry.state)
			this.#changes.updated(entry);
		else this.#changes.moved(entry);
	}

	#remove(id: string): void {
		this.#unconfirmed.delete(id);
		if (this.#entries.delete(id)) this.#changes.removed(id);
	}
}
