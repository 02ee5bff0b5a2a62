import { Backoff } from '../link/index.js';
import { type Candidate, EnslavismError, messageOf } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import * as WAITS from '../wire/waits.js';
import { type Carrier, type OpenRelay, PATHS, type PathKind, type RelayPipe } from './carrier.js';
import type { Channel } from './channel.js';
import type { DirectInfo } from './direct.js';
import { type Frame, HEAD_BYTES, PING, SILENT } from './frames.js';
import type { Message } from './numbering.js';
import type { CreatePeer, DescriptionType, IceCredentials, RtcConfig } from './rtc.js';
import { RtcPath, type RtcPathHost } from './rtc-path.js';
import { maxMessageSizeOf } from './sdp.js';
import { Timer } from './timer.js';
import { Watch } from './watch.js';

/** A candidate without its session. */
export type BareCandidate = Pick<Candidate, 'candidate' | 'mid'>;

/** What a session says to its other end, through the master. `attempt` counts its attempts to connect over WebRTC, from 0. */
export interface Signals {
	/**
	 * @param sdp `undefined` in the offer of an end that does not want WebRTC
	 * @param ice the credentials that the other end's answer is to have; the offer is answered already
	 */
	description(type: DescriptionType, sdp: string | undefined, attempt: number, ice?: IceCredentials): void;
	candidate(candidate: BareCandidate, attempt: number): void;
}

export interface PathsOptions {
	createPeer: CreatePeer;
	/** Asked before each attempt. */
	rtc: () => RtcConfig;
	/** Which description this end makes: the client offers, the slave answers. */
	makes: DescriptionType;
	signals: Signals;
	/** Whether to try again to connect over WebRTC. Default `true`; otherwise the session fails with its first attempt. */
	retries?: boolean | undefined;
	/** The paths that this end wants. Default both. */
	paths?: readonly PathKind[] | undefined;
	/** How the end that makes the offer opens a way through the master. The other one is handed it, by {@link Paths.openRelay}. */
	openRelay?: OpenRelay | undefined;
	/** Where the other end can be reached without asking it first. */
	direct?: DirectInfo | undefined;
}

/** What goes over the paths. */
export interface PathsTraffic {
	/** Whether something that was sent is not acknowledged. */
	readonly waiting: boolean;
	/** @param frame `undefined`: what arrived is none */
	take(frame: Frame | undefined, from: Carrier): void;
	/** Channels can have lanes, or have them no more. */
	lanes(open: boolean): void;
}

/** The session that the paths are of. */
export interface PathsOwner {
	/** Whether it has been open, and does not end. */
	readonly open: boolean;
	/** Why either end is leaving, if it is. */
	readonly leaving: EnslavismError | undefined;
	/** @param again whether what was sent may be lost, or late, and is to be sent again */
	changed(before: Carrier | undefined, again: boolean): void;
	/** The other end has hung up. */
	gone(): void;
	fail(error: EnslavismError): void;
}

/** Bytes that may wait in a path before unreliable messages are dropped. */
export const CONGESTED_BYTES = 64 * 1024;

/** The paths of a session: which there are, which carries it, and when others are tried. */
export class Paths implements RtcPathHost {
	/** The best path there is. */
	carrier: Carrier | undefined;
	/** Whether the other end has accepted the session. */
	accepted: boolean;
	/** Whether the session ends, and looks for no other path. */
	ended = false;
	/** The attempt to connect over WebRTC that counts: the newest. */
	attempt = -1;
	/** Whether WebRTC is open and left for the relay, because nothing is heard over it; it is taken again when it answers. */
	silent = false;
	/** Whether anything is heard over WebRTC. */
	readonly watch: Watch;
	/** Largest message that the other end takes, in bytes. */
	maxMessageSize = LIMITS.messageBytes;
	readonly #options: PathsOptions;
	readonly #traffic: PathsTraffic;
	readonly #session: PathsOwner;
	#started = 0;
	#quickFailures = 0;
	/** Whether the other end has hung up WebRTC in an orderly way, and not come back to it. */
	#hungUp = false;
	#direct: DirectInfo | undefined;
	#rtc: RtcPath | undefined;
	#relay: RelayPipe | undefined;
	/** Paths that one of the ends does not want. */
	readonly #refused = new Set<PathKind>();
	readonly #backoff = new Backoff();
	/** Until this attempt is given up, or until the next one. */
	readonly #bound = new Timer();
	readonly #relayBackoff = new Backoff();
	readonly #relayRetry = new Timer();
	#relayOpened = 0;

	constructor(options: PathsOptions, traffic: PathsTraffic, session: PathsOwner) {
		this.#options = options;
		this.#traffic = traffic;
		this.#session = session;
		this.#direct = options.direct;
		this.accepted = !this.#offers;
		for (const path of PATHS) if (!this.wants(path)) this.#refused.add(path);
		this.watch = new Watch(
			() => this.carrier?.kind === 'rtc' && this.#relay !== undefined && traffic.waiting,
			() => this.#rtc?.send(PING, 0, 0),
			() => {
				const left = this.#leaveSilent();
				if (left) this.#relay?.send(SILENT, 0, this.attempt);
				return left;
			},
		);
	}

	/** Whether this end wants such a path. */
	wants(path: PathKind): boolean {
		return this.#options.paths?.includes(path) ?? true;
	}

	/** Whether either end does not want such a path. */
	refuses(path: PathKind): boolean {
		return this.#refused.has(path);
	}

	/** The other end has accepted. @param relay whether it takes the way through the master @param rtc whether WebRTC */
	accept(relay = true, rtc = true): void {
		this.accepted = true;
		if (!rtc) {
			this.#refused.add('rtc');
			this.#dropRtc();
		}
		if (relay) this.openRelay();
		else {
			this.#refused.add('relay');
			this.#relay?.close();
			this.#relay = undefined;
		}
		this.#choose(false);
	}

	/** The other end's description arrived. An offer may be a new attempt's. @param ice credentials for the answer */
	description(type: DescriptionType, sdp: string, attempt = 0, ice?: IceCredentials): void {
		if (this.ended) return;
		if (type === 'offer' && attempt > this.attempt && !this.#offers) this.#begin(attempt);
		if (attempt !== this.attempt) return;
		// The trunk's frames are messages themselves, and have a head. What else carries the session keeps to the same.
		this.maxMessageSize = Math.min(maxMessageSizeOf(sdp) - HEAD_BYTES, LIMITS.messageBytes);
		this.#rtc?.description(type, sdp, ice);
	}

	/** A candidate of the other end arrived. */
	candidate(candidate: BareCandidate, attempt = 0): void {
		if (attempt === this.attempt) this.#rtc?.candidate(candidate);
	}

	/** Opens a way through the master: the one that the other end has opened, or one of its own where there is none. */
	openRelay(open = this.#relay ? undefined : this.#options.openRelay): void {
		if (!open || this.refuses('relay') || this.ended) return;
		this.#relayRetry.stop();
		this.#relayOpened = performance.now();
		const pipe = open({
			frame: (frame) => {
				if (pipe && this.#relay === pipe) this.#traffic.take(frame, pipe);
			},
			lost: (final) => {
				if (final) this.#refused.add('relay');
				if (this.#relay === pipe) this.#relayLost();
			},
		});
		const old = this.#relay;
		this.#relay = pipe;
		old?.close();
		// What was on its way in the old one is lost, also where it was not the best path any more.
		this.#choose(old !== undefined);
		this.#relayLater();
	}

	/**
	 * Tries what is missing, at this end if it makes the offer: at first, and when the master or the host may be online again.
	 *
	 * @param relinked whether the link is another one: what was under way in the old one is lost
	 */
	wake(relinked = true): void {
		if (this.ended || !this.#offers) return;
		if (this.accepted) this.openRelay();
		if (this.silent || !(relinked ? this.#rtc?.open : this.#rtc)) this.#connect();
	}

	/** Gives a channel its lane; tells whether it could. */
	lane(channel: Channel): boolean {
		return this.#rtc?.open === true && this.#rtc.lane(channel);
	}

	/** The other end hears nothing over WebRTC. */
	unheard(attempt: number): void {
		if (attempt === this.attempt) this.#leaveSilent();
	}

	/** The other end has answered over WebRTC. */
	answered(): void {
		if (!this.watch.answered() || !this.silent) return;
		this.silent = false;
		this.#bound.stop();
		this.#choose(false);
	}

	/** Sends a frame over the best path, if there is one. */
	send(kind: number, channel: number, number: number, payload?: Message): void {
		this.carrier?.send(kind, channel, number, payload);
	}

	close(): void {
		this.ended = true;
		this.#relayRetry.stop();
		this.#dropRtc();
		this.#relay?.close();
		this.#relay = undefined;
		this.carrier = undefined;
	}

	get #offers(): boolean {
		return this.#options.makes === 'offer';
	}

	/** Makes the next attempt to connect over WebRTC. */
	#connect(): void {
		if (!this.refuses('rtc')) this.#begin(this.attempt + 1);
		else {
			// Also of a session that was accepted: the other end may have ended it.
			this.#options.signals.description('offer', undefined, ++this.attempt);
			this.openRelay();
		}
	}

	#begin(attempt: number): void {
		if (this.#dropRtc()) this.#choose(true);
		// That may have been the end of the session, if it was closing.
		if (this.ended) return;
		this.attempt = attempt;
		this.#hungUp = false;
		this.#started = performance.now();
		const direct = this.#direct;
		try {
			this.#rtc = new RtcPath(this.#options, attempt, direct, this);
			this.#giveUpIn(direct ? WAITS.direct : WAITS.rtc);
			this.#rtc.start();
		} catch (cause) {
			if (this.refuses('relay')) {
				this.#session.fail(new EnslavismError('rtc-failed', messageOf(cause), { cause }));
				return;
			}
			// A host may have no WebRTC at all: there are browsers where it is switched off.
			this.#refused.add('rtc');
			this.#choose(this.#dropRtc());
			if (this.#offers) this.#connect();
		}
	}

	#giveUpIn(ms: number): void {
		this.#bound.set(ms, () => this.rtcLost('no answer', false));
	}

	rtcOpened(): void {
		this.#bound.stop();
		this.#backoff.reset();
		this.#quickFailures = 0;
		this.#direct = undefined;
		this.accepted = true;
		this.#choose(false);
		// How long a round trip takes, which is how long silence means nothing.
		this.watch.ask();
		this.#traffic.lanes(true);
	}

	/** A path that is in doubt is left soon where there is another one, and given time where there is none. */
	rtcWeak(weak: boolean): void {
		if (weak) this.#giveUpIn(this.#relay ? WAITS.weak : WAITS.disconnected);
		else if (!this.silent) this.#bound.stop();
	}

	rtcFrame(frame: Frame | undefined): void {
		this.watch.heard = true;
		this.#traffic.take(frame, this.#rtc as RtcPath);
	}

	/** Tells whether it was the one that carries the session. */
	#dropRtc(): boolean {
		this.#bound.stop();
		this.silent = false;
		this.watch.reset();
		this.#rtc?.close();
		this.#rtc = undefined;
		this.#traffic.lanes(false);
		return this.carrier?.kind === 'rtc';
	}

	rtcLost(problem: string, parted: boolean): void {
		const carried = this.#dropRtc();
		const hungUp = parted && carried;
		const isFinal = this.#session.leaving || (!this.#relay && (this.#offers || this.#options.retries === false));
		if (hungUp && isFinal) {
			this.#session.gone();
			return;
		}
		this.#hungUp = hungUp;
		this.#choose(carried);
		if (this.#options.retries === false && !this.#relay) {
			this.#session.fail(new EnslavismError(carried ? 'session-closed' : 'rtc-failed', problem));
		}
		if (!this.#offers || this.ended) return;
		if (this.accepted) this.openRelay();
		// An attempt that fails at once has not failed for want of a path.
		const isEarly = performance.now() - this.#started < WAITS.retry;
		const quick = this.#direct || (isEarly && this.#quickFailures++ < LIMITS.retries);
		this.#direct = undefined;
		if (quick || this.#relay || this.#session.open) {
			this.#bound.set(quick ? 0 : this.#backoff.next(), () => this.#connect());
		} else this.#session.fail(new EnslavismError('rtc-failed', problem));
	}

	/** Leaves WebRTC for the relay, until it answers. Tells whether it does. */
	#leaveSilent(): boolean {
		// A relay that has much to send already need not be given all of it again.
		const isRoom = this.#relay && this.#relay.queued <= CONGESTED_BYTES;
		if (!this.#rtc?.open || this.silent || !isRoom) return false;
		this.silent = true;
		this.watch.ask();
		this.#giveUpIn(WAITS.disconnected);
		this.#choose(true);
		return true;
	}

	#relayLost(): void {
		this.#relay = undefined;
		this.silent = false;
		this.#choose(true);
		if (performance.now() - this.#relayOpened > WAITS.backoffReset) this.#relayBackoff.reset();
		this.#relayLater();
	}

	/** A way through the master that is not there is tried again, also while it is not needed: WebRTC may die. */
	#relayLater(): void {
		if (this.#relay || this.refuses('relay') || this.ended || !this.#offers || !this.accepted) return;
		this.#relayRetry.set(this.#relayBackoff.next(), () => this.openRelay());
	}

	/** Takes the best path there is. @param lost whether what was sent may have been lost with another */
	#choose(lost: boolean): void {
		const before = this.carrier;
		const next = this.#rtc?.open && !this.silent ? this.#rtc : this.#relay;
		this.carrier = next;
		// The end that makes the offers may leave a connection for the next one.
		if (!next && this.#hungUp && !this.#offers) {
			this.#bound.set(WAITS.flush, () => this.carrier || this.#rtc || this.#session.gone());
		}
		// What waits in a slow way through the master need not be waited for.
		const isSlow = next?.kind === 'rtc' && before?.kind === 'relay' && before.queued > CONGESTED_BYTES;
		if (!next && this.#refused.size === PATHS.length) this.#session.gone();
		else this.#session.changed(before, lost || isSlow || !before);
	}
}
