import type { DirectoryEntry, MasterToClient, MasterToSlave } from '../../wire/index.js';

/** A message to a client or slave. */
export type PeerMessage = MasterToClient | MasterToSlave;

/** What a master hears from the backplane. */
export interface BackplaneEvents {
	/** A slave of any master is new or has changed. */
	slave(entry: DirectoryEntry): void;
	/** A slave of any master has left. */
	slaveLeft(id: string): void;
	/** A slave of any master has been given a name, or has claimed its own again. */
	claimed(name: string, entry: DirectoryEntry): void;
	/** A name is free again. */
	released(name: string): void;
	/** A message for a peer that is linked to this master. */
	message(peer: string, message: PeerMessage): void;
}

/**
 * What masters share when there is more than one: the directory, claims on names and messages to a peer. A master keeps to itself
 * only what concerns its own links.
 */
export interface Backplane {
	/** Begins to hear. Called once, before anything else. */
	start(events: BackplaneEvents): void;
	/** Announces a slave of this master, or its change. */
	announce(entry: DirectoryEntry): void;
	/** A slave of this master has left. */
	withdraw(id: string): void;
	/** Gives a slave of this master a name; tells whether nobody else had it. `claimed` is told before that. */
	claim(name: string, entry: DirectoryEntry): Promise<boolean>;
	/** A slave of this master gives up a name. It is free when that is told, unless it is another's. */
	release(name: string, slave: string): void;
	/** Sends a message to a client or slave, wherever it is linked. One that is nowhere loses it. */
	send(peer: string, message: PeerMessage): void;
	close(): void;
}
