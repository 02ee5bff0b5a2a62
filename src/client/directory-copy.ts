import type { Availability, DirectoryEntry, MasterToClient, Position } from '../wire/index.js';

/** An entry as it was when the slave was last in the directory; `gone` when it is there no more. */
export type ListedEntry = Omit<DirectoryEntry, 'state'> & {
	state?: Exclude<Availability, 'ready'> | 'gone' | undefined;
};

/** What is told of a slave. */
export type DirectoryEvent = 'slaveadded' | 'slaveupdated' | 'slaveremoved';

/** A snapshot, which has an `epoch`, or a delta. */
type Change = Omit<Extract<MasterToClient, { t: 'delta' }>, 't'> & { epoch?: string };

/**
 * A client's copy of the directory, without clock or socket. Changes are told only where users see a difference, so that
 * a snapshot after an absence is told as what changed meanwhile.
 *
 * As a {@link Position} it says where it stands; before the first snapshot that is nowhere that a master knows.
 */
export class DirectoryCopy<Slave extends { entry: ListedEntry }> implements Position {
	/** The slaves in the directory by id, in the order of the master's list. */
	readonly slaves = new Map<string, Slave>();
	readonly #make: (entry: DirectoryEntry) => Slave;
	readonly #tell: (event: DirectoryEvent, slave: Slave) => void;
	/** What the last snapshot did not confirm: kept until the master has settled. */
	readonly #unconfirmed = new Set<string>();
	epoch = '';
	seq = Number.NaN;

	/** @param make makes what is kept of a slave that comes, or finds what it was before; its entry is set here */
	constructor(make: (entry: DirectoryEntry) => Slave, tell: (event: DirectoryEvent, slave: Slave) => void) {
		this.#make = make;
		this.#tell = tell;
	}

	/**
	 * Takes the whole list, or what has changed since. Tells whether nothing is missing in between: after a gap only another
	 * link helps.
	 */
	take({ epoch, seq, slaves = [], removed = [], settled }: Change): boolean {
		if (epoch !== undefined) {
			this.epoch = epoch;
			for (const id of this.slaves.keys()) this.#unconfirmed.add(id);
		} else if (seq !== this.seq + 1) return false;
		this.seq = seq;
		for (const { id } of slaves) this.#unconfirmed.delete(id);
		for (const id of settled ? [...removed, ...this.#unconfirmed] : removed) this.#remove(id);
		for (const entry of slaves) this.#set(entry);
		return true;
	}

	#set(entry: DirectoryEntry): void {
		const { id, data, auth, state } = entry;
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
