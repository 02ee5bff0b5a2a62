/**
 * The small part of WebRTC that a session needs, named as browsers name it: a page's own `RTCPeerConnection` is such a
 * peer, and Node has one over node-datachannel. Every method may throw, or reject, whatever its host does; handlers are
 * called from outside the host's own frames, and may be called after `close()`.
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

/** The part of `RTCDataChannel` that is needed. It tells nothing before whoever made it has returned. */
export interface RtcChannel {
	binaryType: string;
	readonly bufferedAmount: number;
	bufferedAmountLowThreshold: number;
	/** Told before any message. */
	onopen: (() => void) | null;
	onmessage: ((event: { data: string | ArrayBuffer }) => void) | null;
	onbufferedamountlow: (() => void) | null;
	onclose: (() => void) | null;
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

/** What a stream is opened with: both ends open it, with the same number. */
export interface StreamOptions extends Delivery {
	negotiated: true;
	id: number;
}

/** A description, and what the credentials of the answer to it are to be: only Node can choose them. */
export interface RtcDescription {
	type: DescriptionType;
	sdp: string;
	ice?: IceCredentials | undefined;
}

/** The part of `RTCPeerConnection` that is needed. */
export interface RtcPeer {
	readonly connectionState: RtcState;
	onconnectionstatechange: (() => void) | null;
	/** A local candidate; an empty one, or none, says that there are no more. */
	onicecandidate: ((event: { candidate: { candidate: string; sdpMid: string | null } | null }) => void) | null;
	readonly localDescription: { readonly type: string; readonly sdp: string } | null;
	createDataChannel(label: string, options: StreamOptions): RtcChannel;
	/** Makes the local description: an answer where the other end has made an offer. */
	setLocalDescription(): PromiseLike<void>;
	setRemoteDescription(description: RtcDescription): PromiseLike<void>;
	/** Adds a candidate of the other end, after its description. */
	addIceCandidate(candidate: { candidate: string; sdpMid: string; sdpMLineIndex: number }): PromiseLike<void>;
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
export type CreatePeer = (config: RtcConfig) => RtcPeer;
