import { CONTROL_CHANNEL, messageOf } from '../wire/index.js';
import type { Channel } from './channel.js';
import { type DirectInfo, directAnswer, newCredentials } from './direct.js';
import { type Frame, readFrame, writeFrame } from './frames.js';
import { InOrder } from './in-order.js';
import type { Message } from './numbering.js';
import type { BareCandidate, PathsOptions } from './paths.js';
import type { DescriptionType, IceCredentials, RtcChannel, RtcPeer, RtcState } from './rtc.js';
import { sdpToSend } from './sdp.js';

/** What one attempt to connect over WebRTC tells. Nothing comes after `rtcLost`. */
export interface RtcPathHost {
	/** The trunk is open. */
	rtcOpened(maxMessageSize: number): void;
	/** The connection has become doubtful, or is well again. */
	rtcWeak(weak: boolean): void;
	/** @param frame `undefined`: what arrived is none */
	rtcFrame(frame: Frame | undefined): void;
	/** It is over; `parted`: the other end hung up in an orderly way. */
	rtcLost(problem: string, parted: boolean): void;
	/** An offer is under way, which what goes through the master may follow. */
	openRelay(): void;
}

/** What an attempt is made with. */
export type RtcPathSetup = Pick<PathsOptions, 'createPeer' | 'rtc' | 'makes' | 'signals'>;

/** One attempt of a session to connect over WebRTC, and the connection it becomes: a trunk, and a lane for each channel. */
export class RtcPath {
	readonly kind = 'rtc';
	/** Whether frames may be sent. */
	open = false;
	#closed = false;
	#weak = false;
	readonly #makes: DescriptionType;
	readonly #host: RtcPathHost;
	readonly #peer: RtcPeer;
	#trunk!: RtcChannel;
	/** What this end says of the connection, and the other one. */
	readonly #said = new InOrder((step) => this.#attempt(step));
	readonly #heard = new InOrder((step) => this.#attempt(step));

	/**
	 * @param direct where the other end, which answers, can be reached without asking it first
	 * @throws whatever the host throws when it cannot make a connection
	 */
	constructor(setup: RtcPathSetup, attempt: number, direct: DirectInfo | undefined, host: RtcPathHost) {
		const { createPeer, rtc, makes, signals } = setup;
		this.#makes = makes;
		this.#host = host;
		this.#peer = createPeer(rtc(), {
			description: (type, own) => {
				if (type !== makes) return;
				this.#said.description(() => {
					const sdp = sdpToSend(type, own);
					// With what is known of the other end, nothing has to come back before checks begin.
					const ice = direct && newCredentials();
					signals.description(type, sdp, attempt, ice);
					if (type === 'offer') host.openRelay();
					if (direct && ice) this.description('answer', directAnswer(sdp, direct, ice));
				});
			},
			candidate: (candidate, mid) => this.#said.candidate(() => signals.candidate({ candidate, mid }, attempt)),
			state: (state) => this.#changed(state),
			failed: (problem) => this.#lost(problem),
		});
	}

	/**
	 * Begins: the end that makes the offer makes it, the other one waits for it.
	 *
	 * @throws whatever the host throws when there cannot be a trunk
	 */
	start(): void {
		this.#trunk = this.#peer.createChannel(CONTROL_CHANNEL.label, CONTROL_CHANNEL.id, {});
		this.#trunk.attach({
			open: () => {
				if (this.#closed) return;
				this.open = true;
				this.#host.rtcOpened(this.#peer.maxMessageSize);
			},
			message: (data) => {
				if (!this.#closed) this.#host.rtcFrame(typeof data === 'string' ? undefined : readFrame(new Uint8Array(data)));
			},
			low: () => {},
			closed: () => this.#lost('the other end is gone', !this.#weak),
		});
		if (this.#makes === 'offer') this.#attempt(() => this.#peer.offer());
	}

	/** The other end's description arrived. @param ice what the answer's credentials are to be */
	description(type: DescriptionType, sdp: string, ice?: IceCredentials): void {
		if (type !== this.#makes) this.#heard.description(() => this.#peer.accept(type, sdp, ice));
	}

	/** A candidate of the other end arrived. */
	candidate({ candidate, mid }: BareCandidate): void {
		this.#heard.candidate(() => this.#peer.addCandidate(candidate, mid));
	}

	/** Sends a frame over the trunk. */
	send(kind: number, channel: number, number: number, payload?: Message): void {
		try {
			this.#trunk.send(writeFrame(kind, channel, number, payload));
		} catch {
			// It is going down, and says so next.
		}
	}

	/** Bytes that wait in the trunk. */
	get queued(): number {
		return this.#trunk.bufferedAmount;
	}

	/** Gives a channel its lane; tells whether it could. */
	lane(channel: Channel): boolean {
		const { label, id, ordered, maxRetransmits, maxPacketLifeTime } = channel;
		try {
			const lane = this.#peer.createChannel(label, id, {
				ordered,
				maxRetransmits: maxRetransmits ?? undefined,
				maxPacketLifeTime: maxPacketLifeTime ?? undefined,
			});
			channel.lane(lane);
			return true;
		} catch {
			// Its number may still be in use by one that is closing: the trunk carries it as well.
			return false;
		}
	}

	close(): void {
		if (this.#closed) return;
		this.#closed = true;
		this.open = false;
		this.#peer.close();
	}

	/** Whatever the host refuses ends this attempt, and nothing else. */
	#attempt(action: () => void): void {
		if (this.#closed) return;
		try {
			action();
		} catch (cause) {
			this.#lost(messageOf(cause));
		}
	}

	#changed(state: RtcState): void {
		const weak = state === 'disconnected' || state === 'failed';
		const changed = weak !== this.#weak;
		this.#weak = weak;
		if (state === 'failed') this.#lost('no path was found');
		else if (state === 'closed') this.#lost('the other end is gone', true);
		else if (changed && this.open) this.#host.rtcWeak(weak);
	}

	#lost(problem: string, parted = false): void {
		if (this.#closed) return;
		this.close();
		this.#host.rtcLost(problem, parted);
	}
}
