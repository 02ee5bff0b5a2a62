import { cutReason, Emitter, EnslavismError, withReason } from '../wire/index.js';
import * as WAITS from '../wire/waits.js';
import type { Carrier, PathKind } from './carrier.js';
import type { Channel } from './channel.js';
import { checkChannel } from './check-channel.js';
import { Exchange, type ExchangeOwner } from './exchange.js';
import type { Paths, PathsOptions } from './paths.js';
import type { DataChannelOptions } from './rtc.js';
import { Timer } from './timer.js';

export interface SessionOptions extends PathsOptions {
	/** How long opening may take, in milliseconds. */
	timeout: number;
}

export type SessionEvents = {
	/** The session is open: channels may carry messages. */
	open: [];
	/** The other end opened a channel. */
	datachannel: [channel: Channel];
	/** What carries the channels is another path now; `undefined` while there is none. */
	path: [path: PathKind | undefined];
	/** The session is over, or could not be opened; nothing comes after this. */
	close: [error: EnslavismError];
};

/**
 * One client's relationship with one slave, from either end.
 *
 *     connecting ──▶ open ──▶ closing ──▶ closed
 *          └───────────────────────────────▲
 *
 * It is open when the other end has accepted and a path carries messages. Paths come and go underneath; what a
 * reliable channel took is kept until the other end has it. `closing` lets what was sent arrive.
 */
export class Session extends Emitter<SessionEvents> implements ExchangeOwner {
	#state: 'connecting' | 'open' | 'closing' | 'closed' = 'connecting';
	/** Resolves when the session is open; rejects with why it never will be. */
	readonly opened: Promise<void>;
	readonly #timeout: number;
	/** What carries it, and where the other end's signals go. */
	readonly paths: Paths;
	readonly #exchange: Exchange;
	/** Why it is over. */
	#over: EnslavismError | undefined;
	/** Why either end is closing the session. @internal */
	leaving: EnslavismError | undefined;
	/** The one wait that runs at a time: opening, then being without a path, then closing. */
	readonly #wait = new Timer();

	constructor({ timeout, ...options }: SessionOptions) {
		super();
		this.#timeout = timeout;
		this.opened = new Promise((resolve, reject) => this.on('open', resolve).on('close', reject));
		// The error is told by every promise that somebody waits for; nobody has to wait for this one.
		this.opened.catch(() => {});
		this.#exchange = new Exchange(options, this);
		this.paths = this.#exchange.paths;
	}

	/** Whether the session can carry messages, or could until a moment ago and may again. */
	get open(): boolean {
		return this.#state === 'open';
	}

	/** What carries the channels, as users are told. */
	path: PathKind | undefined;

	/** Whether it needs the way through the master. */
	get relayed(): boolean {
		return this.paths.carrier?.kind === 'relay';
	}

	/** The channels that are open or opening. */
	get channels(): Channel[] {
		return [...this.#exchange.channels.values()];
	}

	/** Begins: the end that makes the offer makes it, the other one waits for it. */
	start(): void {
		this.#endIn(this.#timeout, 'connect-timeout');
		this.paths.wake(true);
	}

	/**
	 * Opens a channel. Resolves when it can carry messages.
	 *
	 * Rejects with `bad-option` (all hosts refuse what browsers do), `limit-reached`, `session-closed`, or why the session could not be opened.
	 */
	async createDataChannel(name: string, options: DataChannelOptions = {}): Promise<Channel> {
		checkChannel(name, options);
		if (this.paths.ended) throw new EnslavismError('session-closed');
		const { early = true, eager = false, negotiated = false } = options;
		if (!early && !this.paths.wants('rtc')) {
			throw new EnslavismError('bad-option', 'early: false needs rtc');
		}
		const channel = this.#exchange.create(name, options);
		if (eager && !negotiated) channel.open();
		else await this.#untilOpen(channel, early, early && !negotiated ? undefined : this.#timeout);
		return channel;
	}

	/** Round-trip time to the other end in milliseconds; rejects with `session-closed`, also when no answer comes in time. */
	async rtt(): Promise<number> {
		const sent = performance.now();
		if (this.open && (await this.#exchange.ping())) return performance.now() - sent;
		throw new EnslavismError('session-closed');
	}

	/**
	 * Somebody says that the other end may be gone: asks it, and ends the session if no answer comes.
	 *
	 * @param final whether it has said that it will not come back
	 */
	probe(final = false): void {
		const probed = this.paths.carrier;
		if (!this.open) return;
		if (probed) {
			this.rtt().catch(() => {
				// One that has lost this path meanwhile waits for another.
				if (final || this.paths.carrier === probed) this.gone();
			});
		} else if (final) this.gone();
	}

	/** Closes the session on both ends. What was sent before still leaves, within a bound. */
	close(reason = ''): void {
		if (this.paths.ended) return;
		const error = withReason('session-closed', reason);
		if (this.open) {
			this.leaving = error;
			this.#state = 'closing';
			this.paths.ended = true;
			for (const channel of this.channels) channel.close();
			this.#exchange.say({ t: 'bye', reason: cutReason(reason) });
			this.#linger(this.#exchange.buffered);
		} else this.fail(error);
	}

	/**
	 * The master says that the other end has closed the session. Its last messages may still be on their way, on another
	 * road than the master's: wait, within a bound, until the other end hangs up itself.
	 */
	closed(error: EnslavismError): void {
		if (this.paths.ended) return;
		const said = this.leaving && this.#exchange.channels.size === 0;
		this.leaving ??= error;
		if (said || !this.paths.carrier) this.gone();
		else this.#linger(0);
	}

	/** Ends the session at once, without a word to the other end: it was refused, or cannot go on. */
	fail(error: EnslavismError): void {
		if (this.#state === 'closed') return;
		const opened = this.#state !== 'connecting';
		this.#state = 'closed';
		this.path = undefined;
		this.#wait.stop();
		this.#over = error;
		this.paths.close();
		this.#exchange.close(opened ? undefined : error);
		this.emit('close', error);
	}

	/** The other end has hung up. @internal */
	gone(): void {
		const isNew = this.#state === 'connecting' && this.paths.refuses('rtc') && this.paths.refuses('relay');
		this.fail(
			this.leaving ??
				(isNew ? new EnslavismError('no-common-path') : new EnslavismError('session-closed', 'the other end is gone')),
		);
	}

	/** What carries the session may be another path. @internal */
	changed(before: Carrier | undefined, again: boolean): void {
		const { carrier, accepted } = this.paths;
		if (again || before !== carrier) this.#exchange.sendAgain(again);
		if (!carrier && this.leaving) this.gone();
		else if (this.#state === 'connecting') {
			if (carrier && accepted) this.#opened();
		} else if (this.open) {
			if (!carrier && !this.#wait.running) this.#endIn(WAITS.pathless, 'session-closed');
			// A path that has just opened may lead nowhere: the wait goes on until something is heard.
			const isDoubtful = carrier && this.#wait.running && !this.leaving;
			if (isDoubtful && before !== carrier) void this.#exchange.ping();
			// The master opens a way also while the other end is away.
			if (!isDoubtful || carrier.kind === 'rtc') this.#tellPath();
		}
	}

	#tellPath(): void {
		const path = this.paths.carrier?.kind;
		if (path === this.path) return;
		this.path = path;
		this.emit('path', path);
	}

	#opened(): void {
		this.#state = 'open';
		this.path = this.paths.carrier?.kind;
		if (!this.leaving) this.#wait.stop();
		this.emit('open');
		this.#exchange.open();
	}

	/**
	 * Waits until messages may be sent, over WebRTC where it is not to be `early`. A channel that is not to be had in time
	 * is closed.
	 */
	#untilOpen(channel: Channel, early: boolean, timeout: number | undefined): Promise<void> {
		return new Promise((resolve, reject) => {
			const bound = new Timer();
			const settle = (error?: EnslavismError): void => {
				this.off('path', look);
				bound.stop();
				if (!error) resolve();
				else {
					channel.close();
					reject(error);
				}
			};
			const look = (): void => {
				const { readyState } = channel;
				if (readyState === 'closed') settle(this.#over ?? new EnslavismError('channel-not-open'));
				else if (readyState === 'open' && (early || this.path === 'rtc')) settle();
				else if (readyState === 'open' && this.paths.refuses('rtc')) settle(new EnslavismError('no-common-path'));
			};
			if (timeout) bound.set(timeout, () => settle(new EnslavismError('connect-timeout')));
			this.on('path', look);
			channel.on('open', look).on('close', look);
			look();
		});
	}

	/** The other end is there. @internal */
	heard(): void {
		if (!this.open || this.leaving) return;
		this.#wait.stop();
		this.#tellPath();
	}

	/** The other end opened a channel. @internal */
	announce(channel: Channel): void {
		this.emit('datachannel', channel);
	}

	/** The other end closes the session. @internal */
	bye(reason: string): void {
		if (this.#over) return;
		this.leaving = withReason('session-closed', reason);
		this.#linger(0);
		this.progress();
	}

	/** The end that says goodbye hangs up, once it knows that both have read everything. @internal */
	progress(): void {
		if (!this.leaving || this.#exchange.channels.size > 0) return;
		if (this.#state !== 'closing') this.#exchange.acknowledge(0, 0);
		else if (this.#exchange.understood) this.gone();
	}

	/** The other end hangs up when it has read everything; this end does when nothing leaves any more. */
	#linger(before: number): void {
		this.#wait.set(WAITS.flush, () => {
			const left = this.#exchange.buffered;
			if (left < before) this.#linger(left);
			else this.gone();
		});
	}

	#endIn(ms: number, code: 'connect-timeout' | 'session-closed'): void {
		this.#wait.set(ms, () => this.fail(new EnslavismError(code)));
	}
}
