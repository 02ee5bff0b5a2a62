import type { Availability, DirectoryEntry, MasterToClient, Position } from '../wire/index.js';

/** An entry as it was when the slave was last in the directory; `gone` when it is there no more. */
export type ListedEntry = Omit<DirectoryEntry, 'state'> & {
	state?: Exclude<Availability, 'ready'> | 'gone' | undefined;
};

/** What is told of a slave. */
export type DirectoryEvent = 'slaveadded' | 'slaveupdated' | 'slaveremoved';

/** A snapshot, which has an `epoch`, or a delta. */
type Change = Omit<Extract<MasterToClient, { t: 'delta' }>, 't'> & { epoch?: string };

/** A client's copy of the directory. As a {@link Position} it says where it stands; at first that is nowhere. */
export interface DirectoryCopy<Slave> extends Position {
	/** The slaves in the directory by id, in the order of the master's list. */
	readonly slaves: ReadonlyMap<string, Slave>;
	/**
	 * Takes the whole list, or what has changed since. Tells whether nothing is missing in between: after a gap only another
	 * link helps.
	 */
	take(change: Change): boolean;
}

/**
 * A copy of the directory, without clock or socket. Changes are told only where users see a difference, so that a
 * snapshot after an absence is told as what changed meanwhile.
 *
 * @param make makes what is kept of a slave that comes, or finds what it was before; its entry is set here
 */
export function directoryCopy<Slave extends { entry: ListedEntry }>(
	make: (entry: DirectoryEntry) => Slave,
	tell: (event: DirectoryEvent, slave: Slave) => void,
): DirectoryCopy<Slave> {
	const slaves = new Map<string, Slave>();
	/** What the last snapshot did not confirm: kept until the master has settled. */
	const unconfirmed = new Set<string>();

	const set = (entry: DirectoryEntry): void => {
		const { id, data, auth, state } = entry;
		const known = slaves.get(id);
		const slave = known ?? make(entry);
		const before = slave.entry;
		slave.entry = entry;
		slaves.set(id, slave);
		if (!known) tell('slaveadded', slave);
		else if (before.data !== data || before.auth !== auth || before.state !== state) tell('slaveupdated', slave);
	};
	const remove = (id: string): void => {
		unconfirmed.delete(id);
		const slave = slaves.get(id);
		if (!slave) return;
		slaves.delete(id);
		slave.entry = { ...slave.entry, state: 'gone' };
		tell('slaveremoved', slave);
	};
	const copy = {
		slaves,
		epoch: '',
		seq: Number.NaN,
		take({ epoch, seq, slaves: named = [], removed = [], settled }: Change): boolean {
			if (epoch !== undefined) {
				copy.epoch = epoch;
				for (const id of slaves.keys()) unconfirmed.add(id);
			} else if (seq !== copy.seq + 1) return false;
			copy.seq = seq;
			for (const { id } of named) unconfirmed.delete(id);
			for (const id of settled ? [...removed, ...unconfirmed] : removed) remove(id);
			// A listener may have ended it.
			for (const entry of named) if (copy.epoch) set(entry);
			return true;
		},
	};
	return copy;
}
