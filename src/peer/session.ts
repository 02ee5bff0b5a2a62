import { Backoff } from '../link/index.js';
import { type Control, cutReason, Emitter, EnslavismError, messageOf, readControl, withReason } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import * as WAITS from '../wire/waits.js';
import { Channel, type ChannelHost } from './channel.js';
import { checkChannel } from './check-channel.js';
import type { DirectInfo } from './direct.js';
import { ACK, BYTES, FRAME_BYTES, type Frame, PING, PONG, readFrame, TEXT } from './frames.js';
import type { BareCandidate } from './negotiation.js';
import { Arrived, Kept, type Message } from './numbering.js';
import type { CreatePeer, DataChannelOptions, DescriptionType, IceCredentials, RtcConfig } from './rtc.js';
import { RtcPath } from './rtc-path.js';

/** What carries a session's channels: a WebRTC connection, or the master over both ends' links. */
export type PathKind = 'rtc' | 'relay';

/** What a session says to its other end, through the master. `attempt` counts its attempts to connect over WebRTC, from 0. */
export interface Signals {
	/**
	 * @param sdp `undefined` in the offer of an end that does not want WebRTC
	 * @param ice the credentials that the other end's answer is to have; the offer is answered already
	 */
	description(type: DescriptionType, sdp: string | undefined, attempt: number, ice?: IceCredentials): void;
	candidate(candidate: BareCandidate, attempt: number): void;
}

/** A way through the master, while it is open. */
export interface RelayPipe {
	readonly kind: 'relay';
	/** Bytes that wait to leave. */
	readonly queued: number;
	/** Sends a frame; they arrive in order. */
	send(kind: number, channel: number, number: number, payload?: Message): void;
	close(): void;
}

/** What a pipe tells. Nothing comes after `lost`. */
export interface RelayHandlers {
	/** @param frame `undefined`: what arrived is none */
	frame(frame: Frame | undefined): void;
	/** @param final whether there is no use in trying again */
	lost(final: boolean): void;
}

/** Opens a way through the master; `undefined` while there is none. */
export type OpenRelay = (handlers: RelayHandlers) => RelayPipe | undefined;

export interface SessionOptions {
	createPeer: CreatePeer;
	/** Asked before each attempt. */
	rtc: () => RtcConfig;
	/** Which description this end makes: the client offers, the slave answers. */
	makes: DescriptionType;
	/** How long opening may take, in milliseconds. */
	timeout: number;
	signals: Signals;
	/** Whether to try again to connect over WebRTC. Default `true`; otherwise the session fails with its first attempt. */
	retries?: boolean | undefined;
	/** The paths that this end wants. Default both. */
	paths?: readonly PathKind[] | undefined;
	/** How the end that makes the offer opens a way through the master. The other one is handed it, by {@link Session.relay}. */
	openRelay?: OpenRelay | undefined;
	/** Where the other end can be reached without asking it first. */
	direct?: DirectInfo | undefined;
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

interface Carrier {
	readonly kind: PathKind;
	readonly queued: number;
	send(kind: number, channel: number, number: number, payload?: Message): void;
}

/** Numbers of negotiated channels in frames: those of the others stay below. */
const NEGOTIATED = 2 ** 31;

/** Bytes that may wait in a path before unreliable messages are dropped. */
const CONGESTED_BYTES = 64 * 1024;

/** From a message until it is acknowledged, in milliseconds, where no other one has reason to be sooner. */
const ACK_DELAY = 100;

/**
 * One client's relationship with one slave, from either end.
 *
 *     new ──▶ connecting ──▶ open ──▶ closing ──▶ closed
 *      └──────────┴───────────────────────────────▲
 *
 * It is open when the other end has accepted and a path carries messages. Paths come and go underneath; what a
 * reliable channel took is kept until the other end has it. `closing` lets what was sent arrive.
 */
export class Session extends Emitter<SessionEvents> {
	#state: 'new' | 'connecting' | 'open' | 'closing' | 'closed' = 'new';
	/** Resolves when the session is open; rejects with why it never will be. */
	readonly opened: Promise<void>;
	#settle!: { resolve(): void; reject(error: EnslavismError): void };
	readonly #options: SessionOptions;
	readonly #host: ChannelHost;
	#accepted: boolean;
	/** Attempts to connect over WebRTC, the newest being the one that counts. */
	#attempt = -1;
	#attemptStarted = 0;
	#quickFailures = 0;
	#direct: DirectInfo | undefined;
	#rtc: RtcPath | undefined;
	#relay: RelayPipe | undefined;
	#relayRefused: boolean;
	#carrier: Carrier | undefined;
	readonly #backoff = new Backoff();
	#retry: unknown;
	#attemptBound: unknown;
	readonly #kept = new Kept();
	readonly #arrived = new Arrived(true);
	readonly #channels = new Map<number, Channel>();
	/** Channels that this end has told the other one to close. */
	readonly #closing = new Set<Channel>();
	/** Negotiated channels that the other end has created. */
	readonly #theirs = new Set<number>();
	/** Waits of `createDataChannel`, each rejected when the session ends first. */
	readonly #waits = new Set<(error: EnslavismError) => void>();
	#nextNumber: number;
	#nextId: number;
	readonly #pings = new Map<number, (answered: boolean) => void>();
	#pingNumber = 0;
	/** Channels whose messages are to be acknowledged soon; 0 is the session itself. */
	readonly #due = new Set<number>();
	#dueTimer: unknown;
	/** Why either end is closing the session. */
	#leaving: EnslavismError | undefined;
	/** The one wait that runs at a time: opening, then being without a path, then closing. */
	#wait: unknown;
	#maxMessageSize = LIMITS.messageBytes;

	constructor(options: SessionOptions) {
		super();
		this.#options = options;
		const offers = options.makes === 'offer';
		this.#accepted = !offers;
		this.#direct = options.direct;
		this.#nextNumber = offers ? 1 : 2;
		this.#nextId = offers ? 0 : 1;
		this.#relayRefused = !this.#wants('relay');
		this.opened = new Promise((resolve, reject) => {
			this.#settle = { resolve, reject };
		});
		// The error is told by every promise that somebody waits for; nobody has to wait for this one.
		this.opened.catch(() => {});
		const session = this;
		this.#host = {
			get maxMessageSize() {
				return session.#maxMessageSize;
			},
			closesLanes: offers,
			get accepted() {
				return session.#accepted;
			},
			fits: (kept, more) =>
				session.#accepted ? kept + more <= LIMITS.channelBufferedBytes : session.#buffered + more <= LIMITS.earlyBytes,
			send: (channel, number, message) => session.#send(channel, number, message),
			acknowledge: (channel, now) => session.#acknowledge(channel.number, now),
			closing: (channel, last) => session.#askClose(channel, last),
			closed: (channel) => session.#channelOver(channel),
			broken: () => session.fail(new EnslavismError('bad-message')),
		};
	}

	/** Whether the session can carry messages, or could until a moment ago and may again. */
	get open(): boolean {
		return this.#state === 'open';
	}

	/** What carries the channels. */
	get path(): PathKind | undefined {
		return this.open ? this.#carrier?.kind : undefined;
	}

	/** Whether it needs the way through the master. */
	get relayed(): boolean {
		return this.#carrier?.kind === 'relay';
	}

	/** The channels that are open or opening. */
	get channels(): Channel[] {
		return [...this.#channels.values()];
	}

	/** Begins: the end that makes the offer makes it, the other one waits for it. */
	start(): void {
		this.#state = 'connecting';
		this.#waitFor(this.#options.timeout, 'connect-timeout');
		if (this.#options.makes === 'offer') this.#connect();
	}

	/** The other end has accepted. @param relay whether it takes the way through the master */
	accepted(relay = true): void {
		this.#accepted = true;
		if (!relay) this.#refuseRelay();
		else if (this.#relay === undefined) this.#openRelay(this.#options.openRelay);
		this.#choose(false);
	}

	/** The other end's description arrived. An offer may be a new attempt's. @param ice credentials for the answer */
	description(type: DescriptionType, sdp: string, attempt = 0, ice?: IceCredentials): void {
		if (this.#ended) return;
		if (type === 'offer' && attempt > this.#attempt && this.#options.makes === 'answer') this.#begin(attempt);
		if (attempt === this.#attempt) this.#rtc?.description(type, sdp, ice);
	}

	/** A candidate of the other end arrived. */
	candidate(candidate: BareCandidate, attempt = 0): void {
		if (attempt === this.#attempt) this.#rtc?.candidate(candidate);
	}

	/** The other end has opened a way through the master. */
	relay(open: OpenRelay): void {
		this.#openRelay(open);
	}

	/** The way to the other end through the master may be open again, or the host is online again: tries what is missing. */
	wake(): void {
		if (this.#ended || this.#options.makes !== 'offer' || this.#state === 'new') return;
		if (this.#relay === undefined && this.#accepted) this.#openRelay(this.#options.openRelay);
		// What was offered before may have been lost.
		if (this.#rtc === undefined || !this.#accepted) this.#connect();
	}

	/**
	 * Opens a channel. Resolves when it can carry messages.
	 *
	 * Rejects with `bad-option` (all hosts refuse what browsers do), `limit-reached`, `session-closed`, or why the session could not be opened.
	 */
	async createDataChannel(name: string, options: DataChannelOptions = {}): Promise<Channel> {
		checkChannel(name, options);
		if (this.#ended) throw new EnslavismError('session-closed');
		if (this.#channels.size >= LIMITS.channelsPerSession) {
			throw new EnslavismError('limit-reached', `at most ${LIMITS.channelsPerSession} data channels`);
		}
		const { early = true, eager = false, ...rest } = options;
		if (!early && !this.#wants('rtc'))
			throw new EnslavismError('bad-option', 'paths leave out what early: false waits for');
		const channel = this.#create(name, rest);
		if (eager && !channel.negotiated) {
			channel.open();
			return channel;
		}
		await this.#untilOpen(channel, early);
		return channel;
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
				this.#carrier?.send(PING, 0, n);
			}));
		clearTimeout(bound);
		this.#pings.delete(n);
		if (answered) return performance.now() - sent;
		throw new EnslavismError('session-closed');
	}

	/**
	 * Somebody says that the other end may be gone: asks it, and ends the session if no answer comes.
	 *
	 * @param final whether no other path is to be expected
	 */
	probe(final = false): void {
		const probed = this.#carrier;
		if (this.#state === 'open' && probed === undefined && final) this.#gone();
		if (this.#state !== 'open' || probed === undefined) return;
		// One that has lost this path meanwhile waits for another.
		this.rtt().catch(() => {
			if (final || this.#carrier === probed) this.#gone();
		});
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
		for (const channel of this.channels) channel.close();
		this.#say({ t: 'bye', reason: cutReason(reason) });
		this.#linger(this.#buffered);
	}

	/**
	 * The master says that the other end has closed the session. Its last messages may still be on their way, on another
	 * road than the master's: wait, within a bound, until the other end hangs up itself.
	 */
	closed(error: EnslavismError): void {
		if (this.#ended) return;
		const said = this.#leaving !== undefined && this.#channels.size === 0;
		this.#leaving ??= error;
		if (said || this.#carrier === undefined) this.fail(this.#leaving);
		else this.#linger(0);
	}

	/** Ends the session at once, without a word to the other end: it was refused, or cannot go on. */
	fail(error: EnslavismError): void {
		if (this.#state === 'closed') return;
		const opened = this.#state !== 'connecting';
		this.#state = 'closed';
		clearTimeout(this.#wait);
		clearTimeout(this.#retry);
		clearTimeout(this.#attemptBound);
		clearTimeout(this.#dueTimer);
		for (const answer of this.#pings.values()) answer(false);
		this.#settle.reject(error);
		for (const reject of this.#waits) reject(error);
		this.#rtc?.close();
		this.#relay?.close();
		this.#carrier = undefined;
		for (const channel of this.channels) channel.end(opened ? undefined : error);
		this.emit('close', error);
	}

	get #ended(): boolean {
		return this.#state === 'closing' || this.#state === 'closed';
	}

	#wants(path: PathKind): boolean {
		return this.#options.paths?.includes(path) ?? true;
	}

	// Paths

	/** Makes the next attempt to connect over WebRTC. */
	#connect(): void {
		clearTimeout(this.#retry);
		if (this.#wants('rtc')) {
			this.#begin(this.#attempt + 1);
		} else if (this.#attempt < 0) {
			this.#attempt = 0;
			this.#options.signals.description('offer', undefined, 0);
			this.#openRelay(this.#options.openRelay);
		}
	}

	#begin(attempt: number): void {
		const { createPeer, rtc, makes, signals } = this.#options;
		const wasOpen = this.#carrier?.kind === 'rtc';
		this.#dropRtc();
		if (wasOpen) this.#choose(true);
		this.#attempt = attempt;
		this.#attemptStarted = performance.now();
		const direct = this.#direct;
		try {
			const path = new RtcPath(
				{ createPeer, rtc: rtc(), makes, direct },
				{
					description: (type, sdp, ice) => {
						signals.description(type, sdp, attempt, ice);
						if (type === 'offer' && this.#relay === undefined) this.#openRelay(this.#options.openRelay);
					},
					candidate: (candidate) => signals.candidate(candidate, attempt),
					open: () => this.#rtcOpened(path, attempt),
					weak: (weak) => this.#rtcWeak(weak),
					frame: (bytes) => this.#frame(readFrame(bytes)),
					lost: (problem, parted) => this.#rtcLost(problem, parted),
				},
			);
			this.#rtc = path;
			this.#attemptBound = setTimeout(
				() => this.#rtcLost('no path was found in time', false),
				direct === undefined ? WAITS.rtc : WAITS.direct,
			);
			path.start();
		} catch (cause) {
			this.fail(new EnslavismError('rtc-failed', messageOf(cause), { cause }));
		}
	}

	#rtcOpened(path: RtcPath, attempt: number): void {
		clearTimeout(this.#attemptBound);
		this.#backoff.reset();
		this.#quickFailures = 0;
		this.#direct = undefined;
		this.#accepted = true;
		// The trunk's frames are messages themselves, and have a head.
		this.#maxMessageSize = Math.min(path.maxMessageSize - FRAME_BYTES, LIMITS.messageBytes);
		this.#choose(false);
		for (const channel of this.channels) this.#lane(path, channel, attempt);
	}

	#lane(path: RtcPath, channel: Channel, attempt: number): void {
		if (path.lane(channel)) this.#say({ t: 'lane', n: channel.number, a: attempt });
	}

	/** A path that is in doubt is left soon where there is another one, and given time where there is none. */
	#rtcWeak(weak: boolean): void {
		clearTimeout(this.#attemptBound);
		if (!weak) return;
		const wait = this.#relay === undefined ? WAITS.disconnected : WAITS.weak;
		this.#attemptBound = setTimeout(() => this.#rtcLost('no answer', false), wait);
	}

	#dropRtc(): void {
		clearTimeout(this.#attemptBound);
		this.#rtc?.close();
		this.#rtc = undefined;
		for (const channel of this.channels) channel.unlane();
	}

	#rtcLost(problem: string, parted: boolean): void {
		const wasOpen = this.#carrier?.kind === 'rtc';
		this.#dropRtc();
		if (this.#state === 'closed') return;
		if (parted && wasOpen && (this.#relay === undefined || this.#leaving !== undefined)) {
			this.#gone();
			return;
		}
		this.#choose(wasOpen);
		if (this.#options.retries === false && this.#relay === undefined) {
			this.fail(new EnslavismError(wasOpen ? 'session-closed' : 'rtc-failed', problem));
			return;
		}
		if (this.#options.makes !== 'offer' || this.#state === 'closing') return;
		if (this.#relay === undefined && this.#accepted) this.#openRelay(this.#options.openRelay);
		const age = performance.now() - this.#attemptStarted;
		const quick = this.#direct !== undefined || (age < WAITS.retry && this.#quickFailures++ < LIMITS.retries);
		this.#direct = undefined;
		if (this.#state === 'connecting' && this.#relay === undefined && !quick) {
			this.fail(new EnslavismError('rtc-failed', problem));
			return;
		}
		// An attempt that fails at once has not failed for want of a path.
		this.#retry = setTimeout(() => this.#connect(), quick ? 0 : this.#backoff.next());
	}

	#openRelay(open: OpenRelay | undefined): void {
		if (this.#relayRefused || this.#ended) return;
		const pipe = open?.({
			frame: (frame) => {
				if (this.#relay === pipe) this.#frame(frame);
			},
			lost: (final) => {
				if (final) this.#relayRefused = true;
				if (this.#relay === pipe) this.#relayLost();
			},
		});
		const old = this.#relay;
		this.#relay = pipe;
		old?.close();
		// What was on its way in the old one is lost, also where it was not the best path any more.
		this.#choose(old !== undefined);
	}

	#relayLost(): void {
		this.#relay = undefined;
		this.#choose(true);
		if (this.#relayRefused || this.#options.makes !== 'offer' || this.#carrier !== undefined || !this.#accepted) return;
		clearTimeout(this.#retry);
		this.#retry = setTimeout(() => this.wake(), this.#backoff.next());
	}

	#refuseRelay(): void {
		this.#relayRefused = true;
		this.#relay?.close();
		this.#relay = undefined;
	}

	/** Takes the best path there is. @param lost whether what was sent may have been lost with another */
	#choose(lost: boolean): void {
		const before = this.#carrier;
		const next = this.#rtc?.open ? this.#rtc : this.#relay;
		this.#carrier = next;
		// What waits in a slow way through the master need not be waited for.
		const isSlow = next?.kind === 'rtc' && before?.kind === 'relay' && before.queued > CONGESTED_BYTES;
		if (next !== undefined && (lost || isSlow || before === undefined)) this.#sendAgain();
		if (next === undefined && this.#leaving !== undefined) this.fail(this.#leaving);
		else if (this.#state === 'connecting' && next !== undefined && this.#accepted) this.#opened();
		else if (before?.kind !== next?.kind && this.#state === 'open') this.#pathChanged();
	}

	#pathChanged(): void {
		if (this.#carrier === undefined) this.#waitFor(WAITS.pathless, 'session-closed');
		else this.#stopWaiting();
		this.emit('path', this.#carrier?.kind);
	}

	#opened(): void {
		this.#state = 'open';
		if (this.#leaving === undefined) this.#stopWaiting();
		this.#settle.resolve();
		this.emit('open');
		this.#openChannels();
	}

	#gone(): void {
		this.fail(this.#leaving ?? new EnslavismError('session-closed', GONE));
	}

	// Channels

	#create(label: string, options: DataChannelOptions): Channel {
		const { negotiated = false, id = 0, protocol, ordered, maxRetransmits, maxPacketLifeTime } = options;
		const stream = negotiated ? id : this.#freeId();
		const number = negotiated ? NEGOTIATED + id : this.#nextNumber;
		if (negotiated && this.channels.some((each) => each.id === id)) {
			throw new EnslavismError('bad-option', `there is a data channel with the id ${id} already`);
		}
		if (!negotiated) this.#nextNumber += 2;
		const channel = this.#adopt(new Channel(this.#host, { number, id: stream, label, options }));
		this.#say({
			t: 'open',
			n: number,
			id: stream,
			label,
			protocol,
			ordered,
			maxRetransmits,
			maxPacketLifeTime,
			negotiated: negotiated || undefined,
		});
		if (this.#rtc?.open) this.#lane(this.#rtc, channel, this.#attempt);
		return channel;
	}

	#adopt(channel: Channel): Channel {
		this.#channels.set(channel.number, channel);
		return channel;
	}

	/** Ids are used again as late as possible: the other end may still be closing the last channel that had one. */
	#freeId(): number {
		const used = new Set(this.channels.map(({ id }) => id));
		do this.#nextId = (this.#nextId + 2) % STREAMS;
		while (used.has(this.#nextId));
		return this.#nextId;
	}

	/** Channels that wait for the session are open with it; negotiated ones also wait for the other end's. */
	#openChannels(): void {
		if (!this.open) return;
		for (const channel of this.channels) {
			if (!channel.negotiated || this.#theirs.has(channel.number)) channel.open();
		}
	}

	#askClose(channel: Channel, last: number): void {
		if (this.#state === 'connecting' && !this.#accepted) {
			// Nobody knows of it who could answer.
			if (channel.bufferedAmount === 0) queueMicrotask(() => channel.end());
		}
		this.#closing.add(channel);
		this.#say({ t: 'close', n: channel.number, last });
	}

	#channelOver(channel: Channel): void {
		this.#channels.delete(channel.number);
		this.#theirs.delete(channel.number);
		if (!this.#closing.delete(channel) && this.#state !== 'closed') {
			this.#say({ t: 'close', n: channel.number, last: channel.sent });
		}
		this.#perhapsPart();
	}

	/** Waits until messages may be sent, over WebRTC where it is not to be `early`. */
	#untilOpen(channel: Channel, early: boolean): Promise<void> {
		return new Promise((resolve, reject) => {
			const settle = (error?: EnslavismError): void => {
				this.#waits.delete(settle);
				this.off('path', look);
				clearTimeout(bound);
				if (error === undefined) resolve();
				else reject(error);
			};
			const look = (): void => {
				if (channel.readyState === 'open' && (early || this.path === 'rtc')) settle();
			};
			const bound = early
				? undefined
				: setTimeout(() => settle(new EnslavismError('connect-timeout')), this.#options.timeout);
			this.#waits.add(settle);
			channel.on('close', () => settle(new EnslavismError('channel-not-open')));
			channel.on('open', look);
			this.on('path', look);
			this.#openChannels();
			look();
		});
	}

	// Frames

	/** An end that asks and does not listen is left alone. */
	#isDeaf(): boolean {
		// What is kept may wait there, twice where it was sent again.
		const deaf = (this.#carrier?.queued ?? 0) > LIMITS.controlBufferedBytes + 2 * this.#buffered;
		if (deaf) this.fail(new EnslavismError('limit-reached'));
		return deaf;
	}

	#send(channel: Channel, number: number, message: Message): void {
		const carrier = this.#carrier;
		if (carrier === undefined || (!channel.reliable && carrier.queued > CONGESTED_BYTES)) return;
		carrier.send(typeof message === 'string' ? TEXT : BYTES, channel.number, number, message);
	}

	#say(message: Control): void {
		const text = JSON.stringify(message);
		if (this.#kept.bytes + text.length > LIMITS.controlBufferedBytes) {
			// An end that asks and does not listen is left alone.
			this.fail(new EnslavismError('limit-reached'));
			return;
		}
		const number = this.#kept.keep(text);
		this.#carrier?.send(TEXT, 0, number, text);
	}

	#sendAgain(): void {
		this.#kept.each((number, text) => this.#carrier?.send(TEXT, 0, number, text));
		for (const channel of this.channels) channel.sendAgain();
	}

	#frame(frame: Frame | undefined): void {
		if (frame === undefined) this.fail(new EnslavismError('bad-message'));
		else if (frame.kind === PING) this.#isDeaf() || this.#carrier?.send(PONG, 0, frame.number);
		else if (frame.kind === PONG) this.#pings.get(frame.number)?.(true);
		else if (frame.kind === ACK) this.#acknowledged(frame.channel, frame.number);
		else if (frame.channel !== 0) this.#channels.get(frame.channel)?.arrived(frame.number, frame.data);
		else if (this.#arrived.take(frame.number, frame.data, (text) => this.#heard(text))) this.#acknowledge(0, false);
		else this.fail(new EnslavismError('bad-message'));
	}

	#acknowledged(channel: number, number: number): void {
		if (channel !== 0) this.#channels.get(channel)?.acknowledged(number);
		else this.#kept.acknowledge(number);
		if (this.#state === 'closing') this.#perhapsPart();
	}

	#acknowledge(channel: number, now: boolean): void {
		this.#due.add(channel);
		if (now) this.#acknowledgeDue();
		else this.#dueTimer ??= setTimeout(() => this.#acknowledgeDue(), ACK_DELAY);
	}

	#acknowledgeDue(): void {
		clearTimeout(this.#dueTimer);
		this.#dueTimer = undefined;
		if (this.#isDeaf()) return;
		for (const number of this.#due) {
			const next = number === 0 ? this.#arrived.expected : this.#channels.get(number)?.acknowledgement();
			if (next !== undefined) this.#carrier?.send(ACK, number, next);
		}
		this.#due.clear();
	}

	#heard(text: string | ArrayBuffer): void {
		const message = typeof text === 'string' ? readControl(text) : undefined;
		if (this.#state === 'closed') return;
		if (message === undefined) this.fail(new EnslavismError('bad-message'));
		else if (message.t === 'open') this.#theyOpened(message);
		else if (message.t === 'lane') this.#laneReady(message.n, message.a);
		else if (message.t === 'close') this.#channels.get(message.n)?.ends(message.last);
		else {
			this.#leaving = withReason('session-closed', message.reason);
			this.#linger(0);
			this.#perhapsPart();
		}
	}

	#laneReady(number: number, attempt: number): void {
		if (attempt === this.#attempt) this.#channels.get(number)?.laneReady();
	}

	#theyOpened(message: Extract<Control, { t: 'open' }>): void {
		const { t: _, n: number, id, label, ...options } = message;
		try {
			checkChannel(label, { ...options, id, negotiated: true } as DataChannelOptions);
		} catch {
			this.fail(new EnslavismError('bad-message'));
			return;
		}
		if (number === NEGOTIATED + id) {
			this.#theirs.add(number);
			this.#openChannels();
			return;
		}
		const parity = this.#options.makes === 'offer' ? 0 : 1;
		if (number < 1 || number % 2 !== parity || number >= NEGOTIATED || this.#channels.has(number)) {
			this.fail(new EnslavismError('bad-message'));
			return;
		}
		if (this.#ended) return;
		if (this.#channels.size >= LIMITS.channelsPerSession) {
			this.#say({ t: 'close', n: number, last: 0 });
			return;
		}
		const channel = this.#adopt(new Channel(this.#host, { number, id, label, options: options as DataChannelOptions }));
		this.emit('datachannel', channel);
		if (this.#rtc?.open) this.#lane(this.#rtc, channel, this.#attempt);
		this.#openChannels();
	}

	/** The end that says goodbye hangs up, once it knows that both have read everything. */
	#perhapsPart(): void {
		if (this.#leaving === undefined || this.#channels.size > 0) return;
		if (this.#state !== 'closing') this.#acknowledge(0, true);
		else if (this.#kept.count === 0) this.#gone();
	}

	/** The other end hangs up when it has read everything; this end does when nothing leaves any more. */
	#linger(before: number): void {
		clearTimeout(this.#wait);
		this.#wait = setTimeout(() => {
			const left = this.#buffered;
			if (left < before) this.#linger(left);
			else this.#gone();
		}, WAITS.flush);
	}

	get #buffered(): number {
		let bytes = 0;
		for (const channel of this.channels) bytes += channel.bufferedAmount;
		return bytes;
	}

	#waitFor(ms: number, code: 'connect-timeout' | 'session-closed'): void {
		clearTimeout(this.#wait);
		this.#wait = setTimeout(() => this.fail(new EnslavismError(code)), ms);
	}

	#stopWaiting(): void {
		clearTimeout(this.#wait);
		this.#wait = undefined;
	}
}

const GONE = 'the other end is gone';

/** Streams that in-band channels are numbered with; the trunk's lies above. */
const STREAMS = 1022;
