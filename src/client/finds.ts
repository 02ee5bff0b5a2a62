import {
	type ClientToMaster,
	type DirectoryEntry,
	EnslavismError,
	type ErrorCode,
	type MasterToClient,
	type ServerName,
	withReason,
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
	async ask(server: ServerName, wait: number, now: boolean): Promise<DirectoryEntry> {
		const n = ++this.#last;
		let timer: unknown;
		try {
			return await new Promise<DirectoryEntry>((resolve, reject) => {
				timer = setTimeout(() => reject(new EnslavismError('unreachable')), wait + WAITS.linkOpen);
				const message = { t: 'find', n, ...server, wait } as const;
				this.#open.set(n, { message, resolve, reject });
				if (now) this.#send(message);
			});
		} finally {
			clearTimeout(timer);
			this.#open.delete(n);
		}
	}

	/** The link is open, for the first time or again. */
	askAgain(): void {
		for (const { message } of this.#open.values()) this.#send(message);
	}

	answered(answer: Answer): void {
		const find = this.#open.get(answer.n);
		if (answer.t === 'found') find?.resolve(answer.slave);
		else find?.reject(withReason(answer.code as ErrorCode, answer.reason));
	}

	/** The link is closed for good. */
	fail(error: EnslavismError): void {
		for (const { reject } of this.#open.values()) reject(error);
	}
}
