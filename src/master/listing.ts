import type { DirectoryEntry, Position } from '../wire/index.js';
import { Directory } from './directory.js';
import { FanOut } from './fan-out.js';
import type { MasterLimits } from './limits.js';
import type { ClientLink } from './members.js';

/** What a listing tells of the slaves of every master. */
export interface ListingEvents {
	added(entry: DirectoryEntry): void;
	updated(entry: DirectoryEntry): void;
	removed(entry: DirectoryEntry): void;
}

export interface ListingOptions {
	limits: MasterLimits;
	/** How long changes of the directory gather, in milliseconds. */
	tick: number;
	/** Whether peers of an earlier run of this master may come back under their ids. */
	remembers: boolean;
	events: ListingEvents;
}

/** The slaves that clients see, of every master, and how clients hear of them. */
export class Listing {
	readonly #entries = new Map<string, DirectoryEntry>();
	readonly #directory: Directory;
	readonly #fanOut: FanOut;
	readonly #events: ListingEvents;

	constructor({ limits, tick, remembers, events }: ListingOptions) {
		this.#directory = new Directory({ ...limits, settling: remembers });
		this.#fanOut = new FanOut(this.#directory, tick);
		this.#events = events;
	}

	get entries(): Iterable<DirectoryEntry> {
		return this.#entries.values();
	}

	get(id: string): DirectoryEntry | undefined {
		return this.#entries.get(id);
	}

	/** Adds a slave or replaces the one with its id. */
	set(entry: DirectoryEntry): void {
		const known = this.#entries.has(entry.id);
		this.#entries.set(entry.id, entry);
		this.#directory.set(entry);
		this.#fanOut.changed();
		if (known) this.#events.updated(entry);
		else this.#events.added(entry);
	}

	delete(id: string): void {
		const entry = this.#entries.get(id);
		if (entry === undefined) return;
		this.#entries.delete(id);
		this.#directory.delete(id);
		this.#fanOut.changed();
		this.#events.removed(entry);
	}

	/** Whether slaves of an earlier run may still come back. */
	get settling(): boolean {
		return this.#directory.settling;
	}

	/** Whoever is not back by now is gone. */
	settle(): void {
		this.#directory.settle();
		this.#fanOut.changed();
	}

	/** Sends a client the list, and all changes from now on. @param since where its own list stands */
	join(link: ClientLink, since: Position | undefined): void {
		this.#fanOut.join(link, since);
	}

	leave(link: ClientLink): void {
		this.#fanOut.leave(link);
	}

	/** Tells nobody anything any more. */
	close(): void {
		this.#fanOut.close();
	}
}
