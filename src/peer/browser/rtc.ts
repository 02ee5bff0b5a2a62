/** WebRTC in a browser. */
import { messageOf } from '../../wire/index.js';
import type {
	CreatePeer,
	DataChannelOptions,
	DescriptionType,
	RtcChannel,
	RtcChannelHandlers,
	RtcConfig,
	RtcPeer,
	RtcPeerHandlers,
} from '../rtc.js';

/** RFC 8841 section 6: what a description without `a=max-message-size` means, in bytes. */
const DEFAULT_MAX_MESSAGE_BYTES = 64 * 1024;

/** Makes a connection with the browser's `RTCPeerConnection`. */
export const createBrowserPeer: CreatePeer = (config, handlers) => new BrowserPeer(config, handlers);

class BrowserPeer implements RtcPeer {
	readonly #native: RTCPeerConnection;
	readonly #handlers: RtcPeerHandlers;
	#closed = false;

	constructor(config: RtcConfig, handlers: RtcPeerHandlers) {
		this.#handlers = handlers;
		this.#native = new RTCPeerConnection({
			iceServers: config.iceServers,
			iceTransportPolicy: config.iceTransportPolicy ?? 'all',
		});
		this.#native.onicecandidate = ({ candidate }) => {
			if (!this.#closed) handlers.candidate(candidate?.candidate ?? '', candidate?.sdpMid ?? '');
		};
		this.#native.onconnectionstatechange = () => {
			if (!this.#closed) handlers.state(this.#native.connectionState);
		};
		this.#native.ondatachannel = ({ channel }) => {
			if (!this.#closed) handlers.channel(new BrowserChannel(channel, this.#native));
		};
	}

	createChannel(label: string, options: DataChannelOptions): RtcChannel {
		return new BrowserChannel(this.#native.createDataChannel(label, options), this.#native);
	}

	offer(): void {
		this.#describe('offer');
	}

	accept(type: DescriptionType, sdp: string): void {
		this.#after(
			this.#native.setRemoteDescription({ type, sdp }).then(() => {
				if (type === 'offer') this.#describe('answer');
			}),
		);
	}

	addCandidate(candidate: string, mid: string): void {
		// Browsers keep candidates in order behind a description that is being applied.
		this.#native.addIceCandidate({ candidate, sdpMid: mid, sdpMLineIndex: 0 }).catch(() => {
			// One that the browser cannot use; the others remain.
		});
	}

	close(): void {
		this.#closed = true;
		this.#native.close();
	}

	#describe(type: DescriptionType): void {
		this.#after(
			this.#native.setLocalDescription().then(() => {
				if (!this.#closed) this.#handlers.description(type, this.#native.localDescription?.sdp ?? '');
			}),
		);
	}

	#after(step: Promise<void>): void {
		step.catch((thrown: unknown) => {
			if (!this.#closed) this.#handlers.failed(messageOf(thrown));
		});
	}
}

class BrowserChannel implements RtcChannel {
	readonly #native: RTCDataChannel;
	readonly #peer: RTCPeerConnection;
	readonly #early: (string | ArrayBuffer)[] = [];

	constructor(native: RTCDataChannel, peer: RTCPeerConnection) {
		this.#native = native;
		this.#peer = peer;
		native.binaryType = 'arraybuffer';
		native.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => this.#early.push(data);
	}

	get label(): string {
		return this.#native.label;
	}

	get protocol(): string {
		return this.#native.protocol;
	}

	get id(): number | null {
		return this.#native.id;
	}

	get bufferedAmount(): number {
		return this.#native.bufferedAmount;
	}

	get maxMessageSize(): number {
		return this.#peer.sctp?.maxMessageSize ?? DEFAULT_MAX_MESSAGE_BYTES;
	}

	attach(handlers: RtcChannelHandlers): void {
		const native = this.#native;
		native.onopen = () => handlers.open();
		native.onbufferedamountlow = () => handlers.low();
		native.onclose = () => handlers.closed();
		native.onerror = ({ error }) => handlers.error(messageOf(error));
		if (native.readyState === 'open') handlers.open();
		for (const data of this.#early.splice(0)) handlers.message(data);
		native.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => handlers.message(data);
	}

	setLowThreshold(bytes: number): void {
		this.#native.bufferedAmountLowThreshold = bytes;
	}

	sendText(text: string): void {
		this.#native.send(text);
	}

	sendBytes(bytes: Uint8Array): void {
		// The cast: a view of shared memory is refused by the browser itself.
		this.#native.send(bytes as Uint8Array<ArrayBuffer>);
	}

	close(): void {
		this.#native.close();
	}
}
