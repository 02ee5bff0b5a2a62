import type { DirectoryEntry } from '../../wire/index.js';
import type { Backplane, BackplaneEvents, PeerMessage } from './backplane.js';

/** The backplane of a master that is alone. */
export class MemoryBackplane implements Backplane {
	readonly #slaves = new Set<string>();
	/** Who has each name. */
	readonly #claims = new Map<string, string>();
	#events: BackplaneEvents | undefined;

	start(events: BackplaneEvents): void {
		this.#events = events;
	}

	announce(entry: DirectoryEntry): void {
		this.#slaves.add(entry.id);
		this.#events?.slave(entry);
	}

	withdraw(id: string): void {
		if (this.#slaves.delete(id)) this.#events?.slaveLeft(id);
	}

	claim(name: string, entry: DirectoryEntry): Promise<boolean> {
		const owner = this.#claims.get(name) ?? entry.id;
		if (owner !== entry.id) return Promise.resolve(false);
		this.#claims.set(name, owner);
		this.#events?.claimed(name, entry);
		return Promise.resolve(true);
	}

	release(name: string, slave: string): void {
		if (this.#claims.get(name) !== slave) return;
		this.#claims.delete(name);
		this.#events?.released(name);
	}

	send(peer: string, message: PeerMessage): void {
		this.#events?.message(peer, message);
	}

	close(): void {
		this.#slaves.clear();
		this.#claims.clear();
		this.#events = undefined;
	}
}
