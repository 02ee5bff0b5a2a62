import type { Availability, DirectoryEntry, MasterToClient, Position } from '../wire/index.js';

/** An entry as it was when the slave was last in the directory; `gone` when it is there no more. */
export type ListedEntry = Omit<DirectoryEntry, 'state'> & {
	state?: Exclude<Availability, 'ready'> | 'gone' | undefined;
};

/** What is told of a slave. */
export type DirectoryEvent = 'slaveadded' | 'slaveupdated' | 'slaveremoved';

type Snapshot = Extract<MasterToClient, { t: 'snapshot' }>;
type Delta = Extract<MasterToClient, { t: 'delta' }>;

/**
 * A client's copy of the directory, without clock or socket. Changes are told only where users see a difference, so that
 * a snapshot after an absence is told as what changed meanwhile.
 */
export class DirectoryCopy<Slave extends { entry: ListedEntry }> {
	/** The slaves in the directory by id, in the order of the master's list. */
	readonly slaves = new Map<string, Slave>();
	readonly #make: (entry: DirectoryEntry) => Slave;
	readonly #tell: (event: DirectoryEvent, slave: Slave) => void;
	/** What a partial snapshot did not confirm: kept until the master has settled. */
	readonly #unconfirmed = new Set<string>();
	/** Where this copy stands; `undefined` before the first snapshot. */
	position: Position | undefined;

	/** @param make makes what is kept of a slave that comes, or finds what it was before; its entry is set here */
	constructor(make: (entry: DirectoryEntry) => Slave, tell: (event: DirectoryEvent, slave: Slave) => void) {
		this.#make = make;
		this.#tell = tell;
	}

	/** Takes the whole list. */
	snapshot({ epoch, seq, slaves, partial }: Pick<Snapshot, 'epoch' | 'seq' | 'slaves' | 'partial'>): void {
		this.position = { epoch, seq };
		for (const id of this.slaves.keys()) this.#unconfirmed.add(id);
		for (const { id } of slaves) this.#unconfirmed.delete(id);
		if (!partial) this.#settle();
		for (const entry of slaves) this.#set(entry);
	}

	/** Takes one change set. Tells whether it was the next one: after a gap only another link helps. */
	delta({ seq, added = [], updated = [], removed = [], settled }: Delta): boolean {
		const { epoch, seq: at = Number.NaN } = this.position ?? {};
		if (epoch === undefined || seq !== at + 1) return false;
		this.position = { epoch, seq };
		for (const id of removed) this.#remove(id);
		for (const entry of [...added, ...updated]) this.#set(entry);
		if (settled) this.#settle();
		return true;
	}

	/** The master's list is the one with this number. Tells whether this one is, too; if not, only a snapshot helps. */
	resumed({ seq }: { seq: number }): boolean {
		if (this.position?.seq !== seq) this.position = undefined;
		return this.position !== undefined;
	}

	#settle(): void {
		for (const id of this.#unconfirmed) this.#remove(id);
	}

	#set(entry: DirectoryEntry): void {
		const { id, data, auth, state } = entry;
		this.#unconfirmed.delete(id);
		const known = this.slaves.get(id);
		const slave = known ?? this.#make(entry);
		const before = slave.entry;
		slave.entry = entry;
		this.slaves.set(id, slave);
		if (!known) this.#tell('slaveadded', slave);
		else if (before.data !== data || before.auth !== auth || before.state !== state) this.#tell('slaveupdated', slave);
	}

	#remove(id: string): void {
		this.#unconfirmed.delete(id);
		const slave = this.slaves.get(id);
		if (!slave) return;
		this.slaves.delete(id);
		slave.entry = { ...slave.entry, state: 'gone' };
		this.#tell('slaveremoved', slave);
	}
}
