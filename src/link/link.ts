import * as CLOSE from '../wire/close-codes.js';
import {
	type AuthData,
	type EnslavismError,
	errorOfClose,
	type LinkKind,
	type Position,
	pathOf,
	type Read,
	returnProtocols,
	subprotocols,
	urlBelow,
} from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import * as WAITS from '../wire/waits.js';
import { LastingSocket, type LastingSocketOptions, NO_ANSWER, type OnWake } from './lasting-socket.js';
import type { OpenSocket } from './socket.js';

/** What a link tells its owner. Nothing comes after `closed`. */
export interface LinkHandlers<In> {
	/** The socket is open, for the first time or again: the moment to introduce oneself. */
	opened?(): void;
	message(message: In): void;
	/** A binary frame arrived. */
	bytes(bytes: Uint8Array): void;
	/** A link that was admitted once is lost; the next attempt, of so many, is made in `delay` milliseconds. */
	lost(error: EnslavismError, attempt: number, delay: number): void;
	closed(error: EnslavismError): void;
}

/** How to open a link. */
export interface LinkOptions<In> {
	kind: LinkKind;
	/** URL of the master. */
	url: string;
	auth?: AuthData | undefined;
	openSocket: OpenSocket;
	onWake: OnWake;
	/** Whether to come back once the link has been admitted. Default `true`. */
	reconnect?: boolean | undefined;
	/** Where the list of a client stands that comes back. */
	since?: () => Position | undefined;
	read: (text: string) => Read<In>;
	handlers: LinkHandlers<In>;
}

/** What every message of a master may hold that concerns the link itself. */
interface FromMaster {
	t: string;
	resume?: string | undefined;
	heartbeat?: number;
}

/** How much of a heartbeat more than two may pass without a word. */
const SLACK = 2.5;

/**
 * The WebSocket between a client or a slave and its master, from the asking side.
 *
 *     opening ──▶ admitted ──▶ lost ──▶ opening …
 *         └───────────┴─────────┴─────▶ closed
 *
 * A link is admitted by the master's greeting, which tells its heartbeat; until then a bound runs. Only one that has been admitted comes back.
 * It is lost, too, when nothing was heard for two heartbeats of the master: a line that is cut on the way tells nobody.
 */
export class Link<In extends { t: string }, Out> {
	readonly #options: LinkOptions<In>;
	readonly #socketOptions: LastingSocketOptions;
	readonly #socket: LastingSocket;
	#admitted = false;
	/** The newest proof of who this is; empty until the link has been admitted once. */
	#resume = '';
	#heartbeat = 0;
	#heardAt = 0;
	/** Admission first, then the heartbeat. */
	#bound: unknown;

	/** @throws EnslavismError `bad-url`, `bad-auth` */
	constructor(options: LinkOptions<In>) {
		this.#options = options;
		const { kind, openSocket, handlers } = options;
		const url = urlBelow(options.url, pathOf(kind));
		const first = subprotocols(options.auth);
		const socketOptions: LastingSocketOptions = {
			url: () => url,
			protocols: first,
			openSocket,
			onWake: (wake) =>
				options.onWake(() => {
					this.#listen();
					wake();
				}),
			reconnect: false,
			backoffCap: kind !== 'client' ? WAITS.slaveBackoffCap : undefined,
		};
		this.#socketOptions = socketOptions;
		this.#socket = new LastingSocket(socketOptions);
		this.#socket.on('open', () => {
			this.#bound = setTimeout(() => this.drop(CLOSE.timeout, NO_ANSWER), WAITS.linkOpen);
			handlers.opened?.();
		});
		this.#socket.on('message', (data) => this.#receive(data));
		this.#socket.on('lost', (error, delay, code) => {
			socketOptions.protocols = [...first, ...returnProtocols({ resume: this.#resume, since: options.since?.() })];
			handlers.lost(this.#over(code, error), this.#socket.attempt, delay);
		});
		this.#socket.on('close', (error, code) => {
			// One that was admitted before and is not now has been closed here, or refused.
			this.#admitted ||= this.#resume !== '';
			handlers.closed(this.#over(code, error));
		});
	}

	/** Sends a message; tells whether the link was open. On a closed link it goes nowhere. */
	send(message: Out): boolean {
		return this.#socket.send(JSON.stringify(message));
	}

	/** Sends binary frames; on a closed link they go nowhere. */
	sendBytes(frames: Uint8Array[]): void {
		this.#socket.send(frames);
	}

	/** Bytes that have not left yet. */
	get bufferedAmount(): number {
		return this.#socket.bufferedAmount;
	}

	/** Gives up a link on which something came that cannot be read. */
	broken(problem = ''): void {
		this.#socket.close(CLOSE.badMessage, problem);
	}

	/** Tells the master which sessions there are: it may have missed the end of some, and know nothing of others. */
	sendSessions(list: { session: string; peer: string }[]): void {
		for (let at = 0; at === 0 || at < list.length; at += LIMITS.sessionsPerMessage) {
			const end = at + LIMITS.sessionsPerMessage;
			this.send({ t: 'sessions', list: list.slice(at, end), more: end < list.length } as Out);
		}
	}

	/** Closes the link for good; `closed` is told at once. A close frame has room for a reason of 123 bytes. */
	close(reason = ''): void {
		this.#socket.close(CLOSE.normal, reason);
	}

	/** Gives up on the socket, and comes back with another one. */
	drop(code: number, reason: string): void {
		this.#socket.drop(code, reason);
	}

	#receive(data: string | Uint8Array): void {
		this.#heardAt = performance.now();
		if (typeof data !== 'string' && this.#admitted) {
			this.#options.handlers.bytes(data);
			return;
		}
		try {
			// Bytes that come before the greeting are no message either.
			const read = this.#options.read(String(data));
			if (read.ok) this.#handle(read.message);
			else this.broken(read.problem);
		} catch {
			// Only where messages are read without their schemas: listeners' exceptions never get here.
			this.broken();
		}
	}

	#handle(message: In): void {
		const { handlers, reconnect } = this.#options;
		const { t, resume, heartbeat } = message as FromMaster;
		// What the other ends of its sessions say may come before the master's greeting.
		if (heartbeat !== undefined) {
			this.#admitted = true;
			this.#heartbeat = Math.min(heartbeat, WAITS.heartbeatMost);
			this.#listen();
		}
		if (resume !== undefined) {
			this.#resume = resume;
			this.#socketOptions.reconnect = reconnect;
		}
		if (t === 'beat') this.send({ t } as Out);
		else handlers.message(message);
	}

	/** Waits for the next sign of life. A page that slept may find that it should have come long ago. */
	#listen(): void {
		if (!this.#admitted) return;
		clearTimeout(this.#bound);
		const left = this.#heardAt + SLACK * this.#heartbeat - performance.now();
		if (left <= 0) this.drop(CLOSE.timeout, NO_ANSWER);
		else this.#bound = setTimeout(() => this.#listen(), left);
	}

	/** The socket is over; what that means to whoever waits for it. */
	#over(code: number, { reason = '' }: EnslavismError): EnslavismError {
		const admitted = this.#admitted;
		this.#admitted = false;
		clearTimeout(this.#bound);
		return errorOfClose(code, reason, admitted);
	}
}
