import { CONTROL_CHANNEL, messageOf } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import type { Channel } from './channel.js';
import { type DirectInfo, directAnswer, newCredentials } from './direct.js';
import { writeFrame } from './frames.js';
import { type BareCandidate, Negotiation, type Step } from './negotiation.js';
import type { Message } from './numbering.js';
import type { CreatePeer, DescriptionType, IceCredentials, RtcChannel, RtcConfig, RtcPeer, RtcState } from './rtc.js';

/** What one attempt to connect over WebRTC tells its session. Nothing comes after `lost`. */
export interface RtcPathHandlers {
	/** To be sent to the other end. `ice`: credentials that it is to use. */
	description(type: DescriptionType, sdp: string, ice?: IceCredentials): void;
	candidate(candidate: BareCandidate): void;
	/** The trunk is open. */
	open(): void;
	/** The connection has become doubtful, or is well again. */
	weak(weak: boolean): void;
	frame(bytes: Uint8Array): void;
	/** It is over; `parted`: the other end hung up in an orderly way. */
	lost(problem: string, parted: boolean): void;
}

/** What an attempt is made with. */
export interface RtcPathSetup {
	createPeer: CreatePeer;
	rtc: RtcConfig;
	/** Which description this end makes. */
	makes: DescriptionType;
	/** Where the other end can be reached without asking it first. */
	direct?: DirectInfo | undefined;
}

/** One attempt of a session to connect over WebRTC, and the connection it becomes: a trunk, and a lane for each channel. */
export class RtcPath {
	readonly kind = 'rtc';
	/** Whether frames may be sent. */
	open = false;
	#closed = false;
	/** Frames that the host told of before it told that the trunk is open. */
	readonly #early: Uint8Array[] = [];
	#weak = false;
	readonly #setup: RtcPathSetup;
	readonly #handlers: RtcPathHandlers;
	readonly #negotiation: Negotiation;
	readonly #peer: RtcPeer;
	readonly #trunk: RtcChannel;
	#credentials: IceCredentials | undefined;

	/** @throws whatever the host throws when it cannot make a connection */
	constructor(setup: RtcPathSetup, handlers: RtcPathHandlers) {
		this.#setup = setup;
		this.#handlers = handlers;
		this.#negotiation = new Negotiation(setup.makes);
		this.#peer = setup.createPeer(setup.rtc, {
			description: (type, sdp) => this.#take(this.#negotiation.localDescription(type, sdp)),
			candidate: (candidate, mid) => this.#take(this.#negotiation.localCandidate({ candidate, mid })),
			state: (state) => this.#changed(state),
			failed: (problem) => this.#lost(problem),
		});
		this.#trunk = this.#peer.createChannel(CONTROL_CHANNEL.label, CONTROL_CHANNEL.id, {});
	}

	/** Begins: the end that makes the offer makes it, the other one waits for it. */
	start(): void {
		this.#trunk.attach({
			open: () => this.#opened(),
			// Text is no frame, and read as an empty one.
			message: (data) => this.#frame(typeof data === 'string' ? new Uint8Array(0) : new Uint8Array(data)),
			low: () => {},
			error: () => {},
			closed: () => this.#lost('the other end is gone', !this.#weak),
		});
		if (this.#setup.makes === 'offer') this.#attempt(() => this.#peer.offer());
	}

	/** The other end's description arrived. @param ice what the answer's credentials are to be */
	description(type: DescriptionType, sdp: string, ice?: IceCredentials): void {
		this.#credentials = ice;
		this.#take(this.#negotiation.remoteDescription(type, sdp));
	}

	/** A candidate of the other end arrived. */
	candidate(candidate: BareCandidate): void {
		this.#take(this.#negotiation.remoteCandidate(candidate));
	}

	/** Largest message that the other end takes, in bytes. */
	get maxMessageSize(): number {
		return this.#trunk.maxMessageSize;
	}

	/** Sends a frame over the trunk. */
	send(kind: number, channel: number, number: number, payload?: Message): void {
		try {
			this.#trunk.sendBytes(writeFrame(kind, channel, number, payload));
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
				...(maxRetransmits === null ? {} : { maxRetransmits }),
				...(maxPacketLifeTime === null ? {} : { maxPacketLifeTime }),
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

	#opened(): void {
		this.open = true;
		this.#handlers.open();
		for (const bytes of this.#early.splice(0)) this.#frame(bytes);
	}

	#frame(bytes: Uint8Array): void {
		if (this.#closed) return;
		if (this.open) this.#handlers.frame(bytes);
		else this.#early.push(bytes);
	}

	#take(steps: Step[]): void {
		for (const step of steps) {
			if (this.#closed) return;
			this.#attempt(() => this.#do(step));
		}
	}

	#do(step: Step): void {
		if ('sdp' in step) {
			if (step.send) this.#describe(step.type, step.sdp);
			else this.#peer.accept(step.type, step.sdp, this.#credentials);
		} else if (step.send) this.#handlers.candidate(step.candidate);
		else this.#peer.addCandidate(step.candidate.candidate, step.candidate.mid);
	}

	/** Sends this end's description; with what is known of the other end, nothing has to come back before checks begin. */
	#describe(type: DescriptionType, sdp: string): void {
		const { direct } = this.#setup;
		if (direct === undefined || type !== 'offer') {
			this.#handlers.description(type, sdp);
			return;
		}
		const ice = newCredentials();
		this.#handlers.description(type, sdp, ice);
		this.description('answer', directAnswer(sdp, direct, ice));
	}

	/** Whatever the host refuses ends this attempt, and nothing else. */
	#attempt(action: () => void): void {
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
		else if (changed && this.open) this.#handlers.weak(weak);
	}

	#lost(problem: string, parted = false): void {
		if (this.#closed) return;
		this.close();
		this.#handlers.lost(problem, parted);
	}
}

/** Streams of a connection that are for channels. */
export const LANES = LIMITS.channelsPerSession;
