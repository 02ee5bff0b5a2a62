import { CONTROL_CHANNEL, messageOf } from '../wire/index.js';
import type { Channel } from './channel.js';
import { type DirectInfo, directAnswer, newCredentials } from './direct.js';
import { type Frame, readFrame, writeFrame } from './frames.js';
import { InOrder } from './in-order.js';
import type { Message } from './numbering.js';
import type { BareCandidate, PathsOptions } from './paths.js';
import type { Delivery, DescriptionType, IceCredentials, RtcChannel, RtcPeer, RtcState } from './rtc.js';
import { sdpToSend } from './sdp.js';

/** What one attempt to connect over WebRTC tells. Nothing comes after `rtcLost`. */
export interface RtcPathHost {
	/** The trunk is open. */
	rtcOpened(): void;
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
	readonly #said = new InOrder();
	readonly #heard = new InOrder();
	readonly #describe: () => PromiseLike<void>;

	/**
	 * @param direct where the other end, which answers, can be reached without asking it first
	 * @throws whatever the host throws when it cannot make a connection
	 */
	constructor(setup: RtcPathSetup, attempt: number, direct: DirectInfo | undefined, host: RtcPathHost) {
		const { createPeer, rtc, makes, signals } = setup;
		const peer = createPeer(rtc());
		this.#makes = makes;
		this.#host = host;
		this.#peer = peer;
		peer.onicecandidate = ({ candidate: own }) =>
			this.#said.candidate(() =>
				signals.candidate({ candidate: own?.candidate ?? '', mid: own?.sdpMid ?? '' }, attempt),
			);
		peer.onconnectionstatechange = () => this.#changed(peer.connectionState);
		this.#describe = () =>
			peer.setLocalDescription().then(() => {
				if (this.#closed) return;
				const sdp = sdpToSend(makes, peer.localDescription?.sdp ?? '');
				// With what is known of the other end, nothing has to come back before checks begin.
				const ice = direct && newCredentials();
				this.#said.description(() => signals.description(makes, sdp, attempt, ice));
				if (makes === 'offer') host.openRelay();
				if (direct && ice) this.description('answer', directAnswer(sdp, direct, ice));
			});
	}

	/**
	 * Begins: the end that makes the offer makes it, the other one waits for it.
	 *
	 * @throws whatever the host throws when there cannot be a trunk
	 */
	start(): void {
		const trunk = this.#stream(CONTROL_CHANNEL.label, CONTROL_CHANNEL.id);
		trunk.onopen = () => {
			if (this.#closed) return;
			this.open = true;
			this.#host.rtcOpened();
		};
		trunk.onmessage = ({ data }) => {
			if (!this.#closed) this.#host.rtcFrame(typeof data === 'string' ? undefined : readFrame(new Uint8Array(data)));
		};
		trunk.onclose = () => this.#lost('the other end is gone', !this.#weak);
		this.#trunk = trunk;
		if (this.#makes === 'offer') this.#attempt(this.#describe());
	}

	/** The other end's description arrived. @param ice what the answer's credentials are to be */
	description(type: DescriptionType, sdp: string, ice?: IceCredentials): void {
		if (type === this.#makes) return;
		this.#heard.description(() => {
			const applied = this.#peer.setRemoteDescription({ type, sdp, ice });
			this.#attempt(type === 'offer' ? applied.then(this.#describe) : applied);
		});
	}

	/** A candidate of the other end arrived. */
	candidate({ candidate, mid }: BareCandidate): void {
		this.#heard.candidate(() =>
			this.#peer.addIceCandidate({ candidate, sdpMid: mid, sdpMLineIndex: 0 }).then(undefined, () => {
				// One that the host cannot use; the others remain.
			}),
		);
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
			const delivery = {
				ordered,
				maxRetransmits: maxRetransmits ?? undefined,
				maxPacketLifeTime: maxPacketLifeTime ?? undefined,
			};
			channel.lane(this.#stream(label, id, delivery));
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

	#stream(label: string, id: number, delivery?: Delivery): RtcChannel {
		const stream = this.#peer.createDataChannel(label, { ...delivery, negotiated: true, id });
		stream.binaryType = 'arraybuffer';
		return stream;
	}

	/** Whatever the host refuses ends this attempt, and nothing else. */
	#attempt(step: PromiseLike<void>): void {
		step.then(undefined, (cause) => this.#lost(messageOf(cause)));
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
