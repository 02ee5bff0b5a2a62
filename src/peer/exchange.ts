import { CONTROL_CHANNEL, type Control, EnslavismError, readControl } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import * as WAITS from '../wire/waits.js';
import type { Carrier } from './carrier.js';
import { Channel } from './channel.js';
import type { ChannelHost } from './channel-host.js';
import { checkChannel } from './check-channel.js';
import { ACK, BYTES, type Frame, HEAD_BYTES, PING, PONG, payloadOf, SILENT, TEXT } from './frames.js';
import { ACK_DELAY, Arrived, Kept, type Message } from './numbering.js';
import { CONGESTED_BYTES, Paths, type PathsOptions, type PathsOwner, type PathsTraffic } from './paths.js';
import type { DataChannelOptions } from './rtc.js';
import { Timer } from './timer.js';

/** The session that the exchange is of. */
export interface ExchangeOwner extends PathsOwner {
	/** A frame arrived. */
	heard(): void;
	/** The other end opened a channel. */
	announce(channel: Channel): void;
	/** The other end is leaving. */
	bye(reason: string): void;
	/** A channel is over, or the other end has acknowledged something. */
	progress(): void;
}

/** Numbers of negotiated channels in frames: those of the others stay below. */
const NEGOTIATED = 2 ** 31;

/** Streams that channels are numbered with; the trunk's lies above. */
const STREAMS = CONTROL_CHANNEL.id;

/** Number of a channel's stream over WebRTC: of a negotiated one the number that both ends chose. */
const streamOf = (n: number): number => (n < NEGOTIATED ? (n + 1) % STREAMS : n - NEGOTIATED);

/**
 * What the two ends of a session exchange, over whatever path there is: the messages of its channels, and those about
 * the session itself, which are channel 0.
 */
export class Exchange implements ChannelHost, PathsTraffic {
	/** The channels that are open or opening, by their number in frames. */
	readonly channels = new Map<number, Channel>();
	readonly paths: Paths;
	readonly closesLanes: boolean;
	readonly #session: ExchangeOwner;
	/** Channels that this end has told the other one to close. */
	readonly #closing = new Set<Channel>();
	/** Negotiated channels that the other end has created. */
	readonly #theirs = new Set<number>();
	/** Bytes that were sent before the other end had accepted. */
	#early = 0;
	#nextNumber: number;
	/** Of channel 0. */
	readonly #kept = new Kept();
	readonly #arrived = new Arrived(true);
	/** Channels whose messages are to be acknowledged soon. */
	readonly #due = new Set<number>();
	readonly #dueTimer = new Timer();
	/** What the timer was set to. */
	#dueIn = ACK_DELAY;
	readonly #pings = new Map<number, (answered: boolean) => void>();
	#pingNumber = 0;

	constructor(options: PathsOptions, session: ExchangeOwner) {
		this.paths = new Paths(options, this, session);
		this.#session = session;
		this.closesLanes = options.makes === 'offer';
		// Each end numbers its own channels: the one that makes the offer has the odd numbers.
		this.#nextNumber = this.closesLanes ? 1 : 2;
	}

	/** Bytes that wait in all channels. */
	get buffered(): number {
		let bytes = 0;
		for (const channel of this.channels.values()) bytes += channel.bufferedAmount;
		return bytes;
	}

	/** Whether the other end has acknowledged all that was said about the session. */
	get understood(): boolean {
		return this.#kept.count === 0;
	}

	/** Whether anything that was sent is not acknowledged. */
	get waiting(): boolean {
		return !this.understood || [...this.channels.values()].some(({ unacknowledged }) => unacknowledged > 0);
	}

	/** Channels may carry messages from now on; negotiated ones also wait for the other end's. */
	open(): void {
		for (const channel of this.channels.values()) this.#perhapsOpen(channel);
	}

	/** Ends all channels. @param error why the session could not be opened */
	close(error?: EnslavismError): void {
		this.#dueTimer.stop();
		for (const answer of this.#pings.values()) answer(false);
		for (const channel of this.channels.values()) channel.end(error);
	}

	/**
	 * Makes a channel, and tells the other end.
	 *
	 * @throws EnslavismError `bad-option`, `limit-reached`
	 */
	create(label: string, options: DataChannelOptions): Channel {
		if (this.channels.size >= LIMITS.channelsPerSession) {
			throw new EnslavismError('limit-reached', `at most ${LIMITS.channelsPerSession} data channels`);
		}
		const { id, negotiated, protocol, ordered, maxRetransmits, maxPacketLifeTime } = options;
		const used = new Set(Array.from(this.channels.keys(), streamOf));
		let n = NEGOTIATED + Number(id);
		if (!negotiated) {
			// Streams are used again as late as possible: the other end may still be closing the last channel that had one.
			do {
				n = this.#nextNumber;
				this.#nextNumber += 2;
			} while (used.has(streamOf(n)));
		} else if (used.has(streamOf(n))) throw new EnslavismError('bad-option', `id: ${id} is in use`);
		const channel = this.#adopt(n, label, options);
		this.say({ t: 'open', n, label, protocol, ordered, maxRetransmits, maxPacketLifeTime, negotiated });
		this.#lane(channel);
		this.#perhapsOpen(channel);
		return channel;
	}

	/** Gives all channels a lane, or takes it away. */
	lanes(open: boolean): void {
		for (const channel of this.channels.values()) {
			if (open) this.#lane(channel);
			else channel.unlane();
		}
	}

	/** Tells the other end something about the session, once it can be told. */
	say(message: Control): void {
		const text = JSON.stringify(message);
		if (this.#kept.bytes + text.length <= LIMITS.controlBufferedBytes) {
			this.paths.send(TEXT, 0, this.#kept.keep(text), text);
			this.paths.watch.start();
		} else this.#session.fail(new EnslavismError('limit-reached'));
	}

	/**
	 * The path is another one: says again what the other end may not know, so that nothing about a channel overtakes
	 * the news of it. @param all whether messages may be lost as well
	 */
	sendAgain(all: boolean): void {
		this.#kept.each((number, text) => this.paths.send(TEXT, 0, number, text));
		if (!all) return;
		for (const channel of this.channels.values()) {
			channel.sendAgain();
			// An acknowledgement may be lost as well.
			this.acknowledge(channel.number);
		}
		this.acknowledge(0);
	}

	/** Asks the other end for a sign of life; tells whether it came in time. */
	async ping(): Promise<boolean> {
		const n = ++this.#pingNumber;
		const bound = new Timer();
		const answered = await new Promise<boolean>((resolve) => {
			bound.set(WAITS.probe, () => resolve(false));
			this.#pings.set(n, resolve);
			this.paths.send(PING, 0, n);
		});
		bound.stop();
		this.#pings.delete(n);
		return answered;
	}

	/** A frame arrived. */
	take(frame: Frame | undefined, from: Carrier): void {
		if (!frame) {
			this.broken();
			return;
		}
		this.#session.heard();
		const { kind, channel, number, data } = frame;
		// Over the same path: it may be the path that is in doubt.
		if (kind === PING) this.#isDeaf(from) || from.send(PONG, 0, number);
		else if (kind === PONG) {
			if (number > 0) this.#pings.get(number)?.(true);
			else if (from.kind === 'rtc') this.paths.answered();
		} else if (kind === SILENT) this.paths.unheard(number);
		else if (kind === ACK) {
			(channel === 0 ? this.#kept : this.channels.get(channel))?.acknowledge(number);
			if (this.paths.ended) this.#session.progress();
		} else if (channel !== 0) this.channels.get(channel)?.arrived(number, data);
		else if (this.#arrived.take(number, data, this.#heard)) this.acknowledge(0);
		else this.broken();
	}

	/** The other end is to know what has arrived on a channel, in so many milliseconds at the latest. */
	acknowledge(channel: number, due = ACK_DELAY): void {
		this.#due.add(channel);
		if (due === 0) this.#acknowledgeDue();
		else if (!this.#dueTimer.running || due < this.#dueIn) {
			this.#dueIn = due;
			this.#dueTimer.set(due, () => this.#acknowledgeDue());
		}
	}

	fits(kept: number, more: number): boolean {
		const { accepted, carrier } = this.paths;
		if (accepted) {
			// The way through the master is one for all channels, and what waits for it is memory here.
			const waiting = carrier?.kind === 'relay' ? carrier.queued : 0;
			return Math.max(kept + more, waiting) <= LIMITS.channelBufferedBytes;
		}
		const early = this.#early + more + HEAD_BYTES;
		const fits = early <= LIMITS.earlyBytes;
		if (fits) this.#early = early;
		return fits;
	}

	send({ number: channel, reliable }: Channel, number: number, message: Message): void {
		if (!reliable) {
			if (Number(this.paths.carrier?.queued) > CONGESTED_BYTES) return;
			if (!this.paths.accepted && !this.fits(0, payloadOf(message).length)) return;
		}
		this.paths.send(typeof message === 'string' ? TEXT : BYTES, channel, number, message);
	}

	closing(channel: Channel): void {
		// Nobody knows of it who could answer.
		if (!this.paths.accepted && channel.bufferedAmount === 0) queueMicrotask(() => channel.end());
		this.#closing.add(channel);
		this.#sayClose(channel);
	}

	closed(channel: Channel): void {
		this.channels.delete(channel.number);
		this.#theirs.delete(channel.number);
		if (!this.#closing.delete(channel)) this.#sayClose(channel);
		this.#session.progress();
	}

	broken(): void {
		this.#session.fail(new EnslavismError('bad-message'));
	}

	#adopt(number: number, label: string, options: DataChannelOptions): Channel {
		const channel = new Channel(this, { number, id: streamOf(number), label, options });
		this.channels.set(number, channel);
		return channel;
	}

	#perhapsOpen(channel: Channel | undefined): void {
		if (this.#session.open && (!channel?.negotiated || this.#theirs.has(channel.number))) channel?.open();
	}

	#lane(channel: Channel): void {
		if (this.paths.lane(channel)) this.say({ t: 'lane', n: channel.number, a: this.paths.attempt });
	}

	#sayClose({ number, sent }: Channel): void {
		this.say({ t: 'close', n: number, last: sent });
	}

	/** An end that asks and does not listen is left alone. */
	#isDeaf(path = this.paths.carrier): boolean {
		// What is kept may wait there, twice where it was sent again.
		const most = LIMITS.controlBufferedBytes + 2 * this.buffered;
		const deaf = Number(path?.queued) > most;
		if (deaf) this.#session.fail(new EnslavismError('limit-reached'));
		return deaf;
	}

	#acknowledgeDue(): void {
		if (this.#isDeaf()) return;
		for (const channel of this.#due) {
			const next = (channel === 0 ? this.#arrived : this.channels.get(channel))?.acknowledgement();
			// None tells nothing; unreliable channels have none.
			if (next) this.paths.send(ACK, channel, next);
		}
		this.#due.clear();
	}

	readonly #heard = (text: string | ArrayBuffer): void => {
		const message = typeof text === 'string' ? readControl(text) : undefined;
		if (message?.t === 'bye') this.#session.bye(message.reason);
		else if (message?.t === 'open') this.#theyOpened(message);
		else if (message?.t === 'close') this.channels.get(message.n)?.ends(message.last);
		else if (message?.t !== 'lane') this.broken();
		else if (message.a === this.paths.attempt) this.channels.get(message.n)?.laneReady();
	};

	#theyOpened({ n, label, ...rest }: Extract<Control, { t: 'open' }>): void {
		const options = rest as DataChannelOptions;
		try {
			checkChannel(label, { ...options, id: streamOf(n), negotiated: options.negotiated || true });
		} catch {
			this.broken();
			return;
		}
		if (n >= NEGOTIATED) {
			this.#theirs.add(n);
			this.#perhapsOpen(this.channels.get(n));
			return;
		}
		// Each end numbers its own: odd numbers are of the end that makes the offer.
		if (n < 1 || n % 2 === this.#nextNumber % 2 || this.channels.has(n)) this.broken();
		else if (this.paths.ended) return;
		else if (this.channels.size >= LIMITS.channelsPerSession) this.say({ t: 'close', n, last: 0 });
		else {
			const channel = this.#adopt(n, label, options);
			this.#session.announce(channel);
			this.#lane(channel);
			this.#perhapsOpen(channel);
		}
	}
}
