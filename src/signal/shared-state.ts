import type { LastingSocket } from '../link/index.js';
import * as CLOSE from '../wire/close-codes.js';
import { Emitter, EnslavismError, LineReader, readLine, SERVICE_PATHS } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import * as WAITS from '../wire/waits.js';
import type { SignalHost, SignalOptions } from './host.js';
import { openNamespace } from './namespace.js';
import { type Change, StateReplica } from './state-replica.js';

export type SharedStateEvents<Value> = {
	/** A key has another value now, `undefined` if it has none any more. `source` is the `id` of the writer's copy. */
	change: [key: string, value: Value | undefined, source: string];
	/** Everything that the master has is here, for the first time or again. */
	sync: [];
	/** The master was lost; it will be tried again in `delay` milliseconds. The copy here can be used meanwhile. */
	lost: [error: EnslavismError, delay: number];
	/** The end: `close()` was called, or the master does not want this socket. */
	close: [error: EnslavismError];
};

/** A key that lives as long as its writer. */
export interface Presence<Value> {
	readonly key: string;
	/** Gives the key another value. */
	set(value: Value): void;
	/** Deletes the key. */
	stop(): void;
	/** Beats no more, and leaves the key to whoever else writes it. */
	release(): void;
}

/** Options of one write. */
export interface SetOptions {
	/** How long the key lives, in milliseconds, at most as long as the master says. */
	expiry?: number;
}

/** Writes gather for the rest of the current turn, up to so many characters. */
const FRAME_LENGTH = 64 * 1024;

/** Timers take no more than 24.8 days. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The time, in milliseconds since 1970, from a clock that nobody sets while the program runs. */
const STARTED = Date.now() - performance.now();
const clock = (): number => STARTED + performance.now();

/**
 * A map that everybody in a namespace shares, and that the master keeps. The last writer of a key wins, and keys expire:
 * after a day, if the master does not say otherwise. It can be read and written at any time; what is written while the
 * master cannot be reached is brought to it later.
 */
export class BaseSharedState<Value = unknown> extends Emitter<SharedStateEvents<Value>> {
	readonly namespace: string;
	/** Resolves when everything that the master has is here for the first time; rejects if the end comes before. */
	readonly ready: Promise<void>;
	readonly #line: LastingSocket;
	readonly #replica = new StateReplica();
	readonly #presences = new Map<string, () => void>();
	#lines = new LineReader(Number.POSITIVE_INFINITY);
	/** Whether the master has sent its digest, on this socket: then every write goes to it. */
	#met = false;
	#outbox = '';
	#sweeping: unknown;
	#settle!: { resolve(): void; reject(error: EnslavismError): void };

	/** @throws EnslavismError `bad-url`, `bad-option`, `bad-auth` */
	constructor(host: SignalHost, masterUrl: string, namespace: string, options: SignalOptions = {}) {
		super();
		this.namespace = namespace;
		this.ready = new Promise((resolve, reject) => {
			this.#settle = { resolve, reject };
		});
		this.ready.catch(() => {});
		this.#line = openNamespace(host, masterUrl, SERVICE_PATHS.sharedState, namespace, options, {
			opened: () => {
				this.#lines = new LineReader(Number.POSITIVE_INFINITY);
				this.#line.send(this.#replica.digest());
			},
			message: (data) => this.#hear(data),
			lost: (error, delay) => {
				this.#forgetLine();
				this.emit('lost', error, delay);
			},
			closed: (error) => this.#closed(error),
		});
	}

	/** Name of this copy as a source of writes. */
	get id(): string {
		return this.#replica.id;
	}

	/** Whether this is the end. */
	get closed(): boolean {
		return this.#line.state === 'closed';
	}

	/** The value of a key, `undefined` if it has none. */
	get(key: string): Value | undefined {
		return this.#replica.get(key, clock()) as Value | undefined;
	}

	/** Every key that is set, with its value. */
	entries(): IterableIterator<[key: string, value: Value]> {
		return this.#replica.entries(clock()) as IterableIterator<[string, Value]>;
	}

	/**
	 * Sets a key, for everybody.
	 *
	 * @param key at most 256 characters, not `__proto__`
	 * @param value of JSON, at most 64 Ki characters; `null` is the same as {@link delete}
	 * @throws EnslavismError `bad-option`; `link-closed` after the end; `buffer-full` when 16 MiB are waiting
	 */
	set(key: string, value: Value, { expiry }: SetOptions = {}): this {
		if (this.closed) throw new EnslavismError('link-closed', `"${this.namespace}" is closed`);
		if (this.#line.bufferedAmount > LIMITS.channelBufferedBytes) {
			throw new EnslavismError('buffer-full', `${this.#line.bufferedAmount} bytes are waiting`);
		}
		const { line, change } = this.#replica.write(key, value, expiry, clock());
		if (this.#met) this.#post(line);
		if (change !== undefined) this.#tell(change);
		this.#planSweep();
		return this;
	}

	/** Deletes a key, for everybody. Throws what {@link set} does. */
	delete(key: string): this {
		return this.set(key, null as Value);
	}

	/**
	 * Sets a key that stays as long as this program does: it is set again every 20 s, and vanishes everywhere when that has
	 * not happened for 60 s. Throws what {@link set} does.
	 */
	heartbeat(key: string, value: Value): Presence<Value> {
		this.#presences.get(key)?.();
		let current = value;
		let timer: unknown;
		const halt = (): void => {
			clearTimeout(timer);
			if (this.#presences.get(key) === halt) this.#presences.delete(key);
		};
		const beat = (): void => {
			clearTimeout(timer);
			timer = setTimeout(beat, WAITS.presenceBeat);
			this.set(key, current, { expiry: WAITS.presenceExpiry });
		};
		const beats = (): boolean => this.#presences.get(key) === halt;
		this.set(key, value, { expiry: WAITS.presenceExpiry });
		timer = setTimeout(beat, WAITS.presenceBeat);
		this.#presences.set(key, halt);
		return {
			key,
			set: (next) => {
				if (!beats()) return;
				current = next;
				beat();
			},
			stop: () => {
				if (!beats()) return;
				halt();
				this.delete(key);
			},
			release: halt,
		};
	}

	/** Leaves the namespace, once what was written before has left. Keys with a heartbeat are deleted. */
	close(): void {
		if (this.closed) return;
		for (const [key, halt] of [...this.#presences]) {
			halt();
			this.delete(key);
		}
		this.#flush();
		this.#line.close();
	}

	#hear(data: string | Uint8Array): void {
		const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
		this.#lines.read(text, (line) => {
			const read = readLine(line);
			if (!read.ok) this.#line.close(CLOSE.badMessage, read.problem);
			else if (read.message.t === 'update') this.#tell(this.#replica.take(read.message.update, clock()));
			else if (read.message.t === 'sync') this.#synced();
			else this.#meet(this.#replica.meet(read.message, clock()));
			return !this.closed;
		});
		this.#planSweep();
	}

	#meet(frames: string[]): void {
		for (const frame of frames) this.#line.send(frame);
		this.#met = true;
	}

	#synced(): void {
		this.#settle.resolve();
		this.emit('sync');
	}

	#tell(change: Change | undefined): void {
		if (change !== undefined) this.emit('change', change.key, change.value as Value | undefined, change.source);
	}

	#post(line: string): void {
		if (this.#outbox === '') queueMicrotask(() => this.#flush());
		this.#outbox += line;
		if (this.#outbox.length >= FRAME_LENGTH) this.#flush();
	}

	#flush(): void {
		if (this.#outbox !== '') this.#line.send(this.#outbox);
		this.#outbox = '';
	}

	#planSweep(): void {
		const next = this.#replica.nextSweep(clock());
		clearTimeout(this.#sweeping);
		if (next === undefined || this.closed) return;
		this.#sweeping = setTimeout(
			() => {
				for (const change of this.#replica.sweep(clock())) this.#tell(change);
				this.#planSweep();
			},
			// A timer may come a little early.
			Math.min(next + 1, LONGEST_TIMER),
		);
	}

	/** What waits is in the replica, and is sent when the master is met again. */
	#forgetLine(): void {
		this.#met = false;
		this.#outbox = '';
	}

	#closed(error: EnslavismError): void {
		this.#forgetLine();
		clearTimeout(this.#sweeping);
		for (const halt of [...this.#presences.values()]) halt();
		this.#settle.reject(error);
		this.emit('close', error);
	}
}
