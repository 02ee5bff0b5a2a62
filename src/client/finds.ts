import {
	type ClientToMaster,
	type DirectoryEntry,
	EnslavismError,
	type ErrorCode,
	type MasterToClient,
	type ServerName,
} from '../wire/index.js';
import * as WAITS from '../wire/waits.js';

type Answer = Extract<MasterToClient, { t: 'found' | 'absent' }>;

interface Find {
	readonly message: Extract<ClientToMaster, { t: 'find' }>;
	resolve(entry: DirectoryEntry): void;
	reject(error: EnslavismError): void;
}

/** A client's searches for stream servers. */
export class Finds {
	readonly #send: (message: ClientToMaster) => void;
	readonly #open = new Map<number, Find>();
	#last = 0;

	constructor(send: (message: ClientToMaster) => void) {
		this.#send = send;
	}

	/**
	 * Searches for a server. Rejects with what the master says, or with `unreachable` when it says nothing in time.
	 *
	 * @param now whether the master can be asked now, and not only at the next {@link askAgain}
	 */
	ask(server: ServerName, wait: number, now: boolean): Promise<DirectoryEntry> {
		const n = ++this.#last;
		return new Promise<DirectoryEntry>((resolve, reject) => {
			const timer = setTimeout(() => this.#take(n)?.reject(new EnslavismError('unreachable')), wait + WAITS.linkOpen);
			const find: Find = {
				message: { t: 'find', n, ...server, wait },
				resolve: (entry) => {
					clearTimeout(timer);
					resolve(entry);
				},
				reject: (error) => {
					clearTimeout(timer);
					reject(error);
				},
			};
			this.#open.set(n, find);
			if (now) this.#send(find.message);
		});
	}

	/** The link is open, for the first time or again. */
	askAgain(): void {
		for (const { message } of this.#open.values()) this.#send(message);
	}

	answered(answer: Answer): void {
		const find = this.#take(answer.n);
		if (answer.t === 'found') find?.resolve(answer.slave);
		else find?.reject(new EnslavismError(answer.code as ErrorCode, answer.reason, { reason: answer.reason }));
	}

	/** The link is closed for good. */
	fail(error: EnslavismError): void {
		for (const n of [...this.#open.keys()]) this.#take(n)?.reject(error);
	}

	#take(n: number): Find | undefined {
		const find = this.#open.get(n);
		this.#open.delete(n);
		return find;
	}
}
