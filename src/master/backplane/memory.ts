import type { DirectoryEntry } from '../../wire/index.js';
import type { Backplane, BackplaneEvents, PeerMessage } from './backplane.js';

/** The backplane of a master that is alone. */
export class MemoryBackplane implements Backplane {
	readonly #slaves = new Set<string>();
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

	has(slave: string): boolean {
		return this.#slaves.has(slave);
	}

	send(peer: string, message: PeerMessage): void {
		this.#events?.message(peer, message);
	}

	close(): void {
		this.#slaves.clear();
		this.#events = undefined;
	}
}
