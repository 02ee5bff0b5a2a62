import {
	CONTROL_CHANNEL,
	type Control,
	cutReason,
	Emitter,
	EnslavismError,
	messageOf,
	readControl,
	withReason,
} from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import * as WAITS from '../wire/waits.js';
import { Channel } from './channel.js';
import { packProtocol } from './channel-options.js';
import { type BareCandidate, Negotiation, type Step } from './negotiation.js';
import type {
	CreatePeer,
	DataChannelOptions,
	DescriptionType,
	RtcChannel,
	RtcConfig,
	RtcPeer,
	RtcState,
} from './rtc.js';

/** What a session says to its other end, through the master. */
export interface Signals {
	description(type: DescriptionType, sdp: string): void;
	candidate(candidate: BareCandidate): void;
}

export interface SessionOptions {
	createPeer: CreatePeer;
	rtc: RtcConfig;
	/** Which description this end makes: the client offers, the slave answers. */
	makes: DescriptionType;
	/** How long opening may take, in milliseconds. */
	timeout: number;
	signals: Signals;
}

export type SessionEvents = {
	/** The session is open: channels may carry messages. */
	open: [];
	/** The other end opened a channel. */
	datachannel: [channel: Channel];
	/** The session is over, or could not be opened; nothing comes after this. */
	close: [error: EnslavismError];
};

interface Goodbye {
	sent: Record<number, number>;
	reason?: string | undefined;
	/** How many messages were missing when it was last looked, and until when another may come. */
	missing: number;
	until: number;
}

interface Opening {
	resolve(channel: Channel): void;
	reject(error: EnslavismError): void;
}

/**
 * One client's WebRTC connection with one slave, from either end.
 *
 *     new ──▶ connecting ──▶ open ──▶ closing ──▶ closed
 *      └──────────┴───────────────────────────────▲
 *
 * `closing` lets what was sent arrive: the other end hangs up when it has read why this one leaves.
 */
export class Session extends Emitter<SessionEvents> {
	#state: 'new' | 'connecting' | 'open' | 'closing' | 'closed' = 'new';
	/** Resolves when the session is open; rejects with why it never will be. */
	readonly opened: Promise<void>;
	#settle!: { resolve(): void; reject(error: EnslavismError): void };
	readonly #options: SessionOptions;
	readonly #negotiation: Negotiation;
	readonly #peer: RtcPeer;
	readonly #control: RtcChannel;
	/** What is to be said before the control channel is open: a channel of the other end may come first. */
	#unsaid: Control[] | undefined = [];
	readonly #channels = new Set<Channel>();
	readonly #opening = new Map<Channel, Opening>();
	readonly #pings = new Map<number, (answered: boolean) => void>();
	#pingNumber = 0;
	/** What the other end wants closed, once everything has been read. */
	#goodbyes: Goodbye[] = [];
	#polling: unknown;
	/** Why this end is closing the session. */
	#leaving: EnslavismError | undefined;
	/** The one wait that runs at a time: opening, then being disconnected, then flushing. */
	#wait: unknown;

	/** @throws EnslavismError `rtc-failed` when the host cannot make a connection */
	constructor(options: SessionOptions) {
		super();
		this.#options = options;
		this.opened = new Promise((resolve, reject) => {
			this.#settle = { resolve, reject };
		});
		// The error is told by every promise that somebody waits for; nobody has to wait for this one.
		this.opened.catch(() => {});
		this.#negotiation = new Negotiation(options.makes);
		try {
			this.#peer = options.createPeer(options.rtc, {
				description: (type, sdp) => this.#take(this.#negotiation.localDescription(type, sdp)),
				candidate: (candidate, mid) => this.#take(this.#negotiation.localCandidate({ candidate, mid })),
				state: (state) => this.#changed(state),
				channel: (channel) => this.#accept(channel),
				failed: (problem) => this.fail(new EnslavismError('rtc-failed', problem)),
			});
			this.#control = this.#peer.createChannel(CONTROL_CHANNEL.label, { negotiated: true, id: CONTROL_CHANNEL.id });
		} catch (cause) {
			throw new EnslavismError('rtc-failed', messageOf(cause), { cause });
		}
	}

	/** Whether the session can carry messages. */
	get open(): boolean {
		return this.#state === 'open';
	}

	/** The channels that are open or opening. */
	get channels(): ReadonlySet<Channel> {
		return this.#channels;
	}

	/** Begins: the end that makes the offer makes it, the other one waits for it. */
	start(): void {
		this.#state = 'connecting';
		this.#control.attach({
			open: () => {
				const unsaid = this.#unsaid ?? [];
				this.#unsaid = undefined;
				this.#opened();
				for (const message of unsaid) this.#say(message);
			},
			message: (data) => this.#heard(data),
			low: () => {},
			error: () => {},
			closed: () => this.#lost(),
		});
		this.#waitFor(this.#options.timeout, 'connect-timeout');
		if (this.#options.makes === 'offer') this.#attempt(() => this.#peer.offer());
	}

	/** The other end's description arrived. */
	description(type: DescriptionType, sdp: string): void {
		this.#take(this.#negotiation.remoteDescription(type, sdp));
	}

	/** A candidate of the other end arrived. */
	candidate(candidate: BareCandidate): void {
		this.#take(this.#negotiation.remoteCandidate(candidate));
	}

	/**
	 * Opens a channel. Resolves when it can carry messages.
	 *
	 * Rejects with `bad-option` (what a browser refuses is refused everywhere), `limit-reached`, `session-closed`, or why the session could not be opened.
	 */
	async createDataChannel(name: string, options: DataChannelOptions = {}): Promise<Channel> {
		// Chromium guesses the parity of stream numbers while a description is being negotiated, and guesses wrong for
		// an offerer that becomes DTLS client. Nothing is lost by waiting: a channel is announced over the open session.
		// A negotiated one has its number, and must be there when the other end's first message comes.
		if (options?.negotiated !== true) await this.opened;
		if (this.#ended) throw new EnslavismError('session-closed');
		if (this.#channels.size >= LIMITS.channelsPerSession) {
			throw new EnslavismError('limit-reached', `at most ${LIMITS.channelsPerSession} data channels`);
		}
		const rtc = this.#create(name, options);
		const channel = new Channel(rtc, this.#askClose, options);
		return new Promise((resolve, reject) => {
			this.#opening.set(channel, { resolve, reject });
			this.#adopt(channel);
		});
	}

	/** Round-trip time to the other end in milliseconds; rejects with `session-closed`, also when no answer comes in time. */
	async rtt(): Promise<number> {
		const n = ++this.#pingNumber;
		const sent = performance.now();
		let bound: unknown;
		const answered =
			this.open &&
			(await new Promise<boolean>((resolve) => {
				bound = setTimeout(() => resolve(false), WAITS.probe);
				this.#pings.set(n, resolve);
				this.#say({ t: 'ping', n });
			}));
		clearTimeout(bound);
		this.#pings.delete(n);
		if (answered) return performance.now() - sent;
		throw new EnslavismError('session-closed');
	}

	/** Somebody says that the other end may be gone: asks it, and ends the session if no answer comes. */
	probe(): void {
		if (this.open) this.rtt().catch(() => this.#lost());
	}

	/** Closes the session on both ends. What was sent before still leaves, within a bound. */
	close(reason = ''): void {
		if (this.#ended) return;
		const error = withReason('session-closed', reason);
		if (this.#state !== 'open') {
			this.fail(error);
			return;
		}
		this.#leaving = error;
		this.#state = 'closing';
		this.#say({ t: 'close', sent: owedOn(this.#channels), reason: cutReason(reason) });
		this.#linger(this.#buffered);
	}

	/**
	 * The master says that the other end has closed the session. Its last messages, or even its first, may still be on
	 * their way, on a longer road than the master's: wait, within a bound, until the other end hangs up itself.
	 */
	closed(error: EnslavismError): void {
		if (this.#ended) return;
		this.#leaving = error;
		this.#linger(0);
	}

	get #ended(): boolean {
		return this.#state === 'closing' || this.#state === 'closed';
	}

	#create(name: string, options: DataChannelOptions): RtcChannel {
		try {
			return this.#peer.createChannel(name, { ...options, protocol: packProtocol(options) });
		} catch (cause) {
			throw new EnslavismError('bad-option', messageOf(cause), { cause });
		}
	}

	#accept(rtc: RtcChannel): void {
		if (this.#ended) return;
		if (this.#channels.size >= LIMITS.channelsPerSession) {
			rtc.close();
			return;
		}
		this.#opened();
		const channel = new Channel(rtc, this.#askClose);
		this.emit('datachannel', channel);
		this.#adopt(channel);
		this.#say({ t: 'ready', n: Number(rtc.id) });
	}

	#adopt(channel: Channel): void {
		this.#channels.add(channel);
		channel.on('open', () => {
			this.#opened();
			this.#arrive(channel)?.resolve(channel);
		});
		channel.on('close', () => {
			this.#channels.delete(channel);
			this.#arrive(channel)?.reject(new EnslavismError('channel-not-open'));
		});
		channel.attach();
	}

	#arrive(channel: Channel): Opening | undefined {
		const opening = this.#opening.get(channel);
		this.#opening.delete(channel);
		return opening;
	}

	#take(steps: Step[]): void {
		for (const step of steps) {
			if (this.#ended) return;
			this.#attempt(() => this.#do(step));
		}
	}

	#do(step: Step): void {
		const { signals } = this.#options;
		if (step.do === 'send-description') signals.description(step.type, step.sdp);
		else if (step.do === 'send-candidate') signals.candidate(step.candidate);
		else if (step.do === 'apply-description') this.#peer.accept(step.type, step.sdp);
		else this.#peer.addCandidate(step.candidate.candidate, step.candidate.mid);
	}

	/** Whatever the host refuses ends this session, and no other. */
	#attempt(action: () => void): void {
		try {
			action();
		} catch (cause) {
			this.fail(new EnslavismError('rtc-failed', messageOf(cause), { cause }));
		}
	}

	#changed(state: RtcState): void {
		if (state === 'connected' && this.#state === 'open') this.#stopWaiting();
		if (state === 'disconnected' && this.#state === 'open') this.#waitFor(WAITS.disconnected, 'session-closed');
		if (state === 'failed' && this.#state === 'connecting')
			this.fail(new EnslavismError('rtc-failed', 'no path was found'));
		else if (state === 'failed' || state === 'closed') this.#lost();
	}

	/** The other end hangs up when it has read everything; this end does when nothing leaves any more. */
	#linger(before: number): void {
		this.#stopWaiting();
		this.#wait = setTimeout(() => {
			const left = this.#buffered;
			if (left < before) this.#linger(left);
			else this.#lost();
		}, WAITS.flush);
	}

	get #buffered(): number {
		let bytes = 0;
		for (const channel of this.#channels) bytes += channel.bufferedAmount;
		return bytes;
	}

	readonly #askClose = (channel: Channel): void => this.#say({ t: 'close', sent: owedOn([channel]) });

	/** Hangs up where the other end asked for it and everything has been read. */
	#part(): void {
		this.#goodbyes = this.#goodbyes.filter((goodbye) => !this.#hasParted(goodbye));
		if (this.#goodbyes.length > 0) this.#polling = setTimeout(() => this.#part(), PART_POLL);
	}

	#hasParted(goodbye: Goodbye): boolean {
		const channels = [...this.#channels].filter(({ id }) => (id ?? -1) in goodbye.sent);
		const missing = channels.reduce(
			(sum, { id, received }) => sum + Math.max(0, (Number(goodbye.sent[id ?? -1]) || 0) - received),
			0,
		);
		if (missing !== goodbye.missing) Object.assign(goodbye, { missing, until: performance.now() + WAITS.flush });
		if (this.#state === 'closed') return true;
		if (missing > 0 && performance.now() < goodbye.until) return false;
		if (goodbye.reason !== undefined) this.fail(withReason('session-closed', goodbye.reason));
		else for (const channel of channels) channel.hangUp();
		return true;
	}

	#lost(): void {
		this.fail(this.#leaving ?? new EnslavismError('session-closed', GONE));
	}

	#opened(): void {
		if (this.#state !== 'connecting') return;
		this.#state = 'open';
		if (this.#leaving === undefined) this.#stopWaiting();
		this.#settle.resolve();
		this.emit('open');
	}

	#heard(data: string | ArrayBuffer): void {
		const message = typeof data === 'string' ? readControl(data) : undefined;
		if (message === undefined) this.fail(new EnslavismError('bad-message'));
		else if (message.t === 'ping') this.#say({ t: 'pong', n: message.n });
		else if (message.t === 'pong') this.#pings.get(message.n)?.(true);
		else if (message.t === 'ready') for (const channel of this.#channels) channel.ready(message.n);
		else if (this.#goodbyes.length <= LIMITS.channelsPerSession) {
			clearTimeout(this.#polling);
			this.#goodbyes.push({ ...message, missing: -1, until: 0 });
			this.#part();
		}
	}

	#say(message: Control): void {
		if (this.#unsaid !== undefined) {
			this.#unsaid.push(message);
			return;
		}
		// An end that asks and does not listen is left alone.
		if (this.#control.bufferedAmount > LIMITS.controlBufferedBytes) {
			this.#lost();
			return;
		}
		try {
			this.#control.sendText(JSON.stringify(message));
		} catch {
			// The connection is going down; its state says so next.
		}
	}

	/** Ends the session at once, without a word to the other end: it was refused, or cannot go on. */
	fail(error: EnslavismError): void {
		if (this.#state === 'closed') return;
		this.#state = 'closed';
		this.#stopWaiting();
		clearTimeout(this.#polling);
		for (const answer of this.#pings.values()) answer(false);
		for (const { reject } of this.#opening.values()) reject(error);
		this.#opening.clear();
		this.#settle.reject(error);
		this.#peer.close();
		for (const channel of this.#channels) channel.abandon();
		this.emit('close', error);
	}

	#waitFor(ms: number, code: 'connect-timeout' | 'session-closed'): void {
		this.#stopWaiting();
		this.#wait = setTimeout(() => this.fail(new EnslavismError(code)), ms);
	}

	#stopWaiting(): void {
		clearTimeout(this.#wait);
		this.#wait = undefined;
	}
}

const GONE = 'the other end is gone';

/** How often an end that was asked to hang up looks whether everything has come, in milliseconds. */
const PART_POLL = 10;

/** How many messages must arrive on each channel. */
function owedOn(channels: Iterable<Channel>): Record<number, number> {
	return Object.fromEntries(Array.from(channels, ({ id, owed }) => [id, owed]));
}
