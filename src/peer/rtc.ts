/**
 * The small part of WebRTC that a session needs, as both hosts can give it: browsers natively, Node through
 * node-datachannel. An adaptor throws from its methods what the host threw, and calls handlers from outside the
 * host's own frames. It may call some after `close()`, which are to be ignored.
 */

import type { IceServer } from '../wire/index.js';

export type { IceServer };

/** Options of a data channel: those of `RTCDataChannelInit`. */
export interface DataChannelOptions {
	/** Whether messages arrive in the order they were sent. Default `true`. */
	ordered?: boolean;
	/** How often a lost message is sent again; excludes `maxPacketLifeTime`. Default: until it arrives. */
	maxRetransmits?: number;
	/** How long, in milliseconds, a lost message is sent again; excludes `maxRetransmits`. Default: until it arrives. */
	maxPacketLifeTime?: number;
	/** Name of what is spoken on the channel. Default `''`. */
	protocol?: string;
	/** Whether both ends create the channel themselves, with the same `id`. Default `false`. */
	negotiated?: boolean;
	/** Number of the channel's stream, 0 to 1021; needed for, and used with, `negotiated` only. */
	id?: number;
	/**
	 * Whether `createDataChannel` resolves as soon as any path carries messages. Default `true`; `false` waits for WebRTC.
	 */
	early?: boolean;
	/**
	 * Whether `createDataChannel` resolves at once. What is sent before the other end has accepted, up to 64 KiB, travels
	 * right behind the offer; if it rejects, the channel errors and closes. Default `false`.
	 */
	eager?: boolean;
}

export type DescriptionType = 'offer' | 'answer';

/** States of a connection, as `RTCPeerConnectionState` names them. `disconnected` may pass. */
export type RtcState = 'new' | 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed';

export interface RtcPeerHandlers {
	/** The local description is set and may be sent. */
	description(type: DescriptionType, sdp: string): void;
	/** A local candidate; an empty one says that there are no more. */
	candidate(candidate: string, mid: string): void;
	state(state: RtcState): void;
	/** Something failed outside a call, a description that the host refuses for example. */
	failed(problem: string): void;
}

export interface RtcChannelHandlers {
	/** Told before any message. */
	open(): void;
	message(data: string | ArrayBuffer): void;
	low(): void;
	closed(): void;
}

/** What `RTCDataChannel` is, as far as it is needed, with handlers of its own. */
export interface RtcChannel {
	readonly bufferedAmount: number;
	bufferedAmountLowThreshold: number;
	/** Takes the handlers, in the turn in which it was made. */
	attach(handlers: RtcChannelHandlers): void;
	send(data: string | Uint8Array): void;
	close(): void;
}

/** How a stream delivers what is sent over it. */
export type Delivery = {
	[Option in 'ordered' | 'maxRetransmits' | 'maxPacketLifeTime']?: DataChannelOptions[Option] | undefined;
};

/** ICE credentials that the other end has chosen for this one (RFC 8839 section 5.4). */
export interface IceCredentials {
	ufrag: string;
	pwd: string;
}

export interface RtcPeer {
	/** Largest message the other end takes, in bytes, once a channel is open. */
	readonly maxMessageSize: number;
	/** Opens a stream; both ends do, with the same number. */
	createChannel(label: string, id: number, delivery: Delivery): RtcChannel;
	/** Makes the local description; it arrives at `description`. */
	offer(): void;
	/**
	 * Applies the other end's description. To an offer the answer arrives at `description`.
	 *
	 * @param ice what the answer's credentials are to be; only Node can choose them
	 */
	accept(type: DescriptionType, sdp: string, ice?: IceCredentials): void;
	/** Adds a candidate of the other end; only after `accept`. One that the host cannot use is ignored. */
	addCandidate(candidate: string, mid: string): void;
	close(): void;
}

/** What a connection is made with. */
export interface RtcConfig {
	iceServers: IceServer[];
	/** `relay`: over TURN servers only. Default `all`. */
	iceTransportPolicy?: IceTransportPolicy | undefined;
}

/** Which ways a session may take, as `RTCIceTransportPolicy` names them. */
export type IceTransportPolicy = 'all' | 'relay';

/** Makes a connection. */
export type CreatePeer = (config: RtcConfig, handlers: RtcPeerHandlers) => RtcPeer;
