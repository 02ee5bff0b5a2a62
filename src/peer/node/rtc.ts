/**
 * WebRTC in Node: the one file that touches node-datachannel.
 *
 * The native library ends the process when an exception leaves one of its callbacks, so each callback goes
 * through {@link guarded}, which hands exceptions to Node from outside. Everything but a message is told from
 * a queue after the native frame, because a listener may close what is just calling. Messages are told at once
 * while that queue is empty: they are the hot path, and sending from inside a callback is safe.
 */
import { type DataChannel, type RtcConfig as NativeConfig, PeerConnection, setSctpSettings } from 'node-datachannel';
import { rethrowLater } from '../../wire/index.js';
import type {
	CreatePeer,
	Delivery,
	DescriptionType,
	IceCredentials,
	IceServer,
	RtcChannel,
	RtcChannelHandlers,
	RtcConfig,
	RtcPeer,
	RtcPeerHandlers,
	RtcState,
} from '../rtc.js';
import { problemOfSdp, splitCandidates } from '../sdp.js';
import type { Certificate } from './certificate.js';

/**
 * The library's own value is 20 ms. 100 ms lets one SACK answer several small messages, which took a quarter off
 * a server's CPU for game-like traffic without a change in latency; RFC 9260 section 6.2 allows 200 ms.
 */
const DELAYED_SACK_MS = 100;

/** What node-datachannel offers as the largest message it takes, in bytes. */
const MAX_MESSAGE_BYTES = 256 * 1024;

/**
 * The offerer begins the DTLS handshake when its ICE is up. If the answerer's is not, the first message is lost and
 * repeated after a second. So the offerer lets the answerer's checks come first; it only needs its own where they do
 * not get through.
 */
const OFFERER_WAITS_MS = 30;

const queue: (() => void)[] = [];
let settled = false;

/** Runs `action` after the native frame that is calling, in order. */
function later(action: () => void): void {
	if (queue.push(action) === 1) setImmediate(drain);
}

function drain(): void {
	// What is added meanwhile runs in the same turn, so that order and promptness hold together.
	for (let next = 0; next < queue.length; next++) {
		try {
			queue[next]?.();
		} catch (thrown) {
			rethrowLater(thrown);
		}
	}
	queue.length = 0;
}

/** The form of every native callback: nothing is thrown into the library. */
function guarded<Args extends unknown[]>(callback: (...args: Args) => void): (...args: Args) => void {
	return (...args) => later(() => callback(...args));
}

/** Global settings of the library, which it takes before its first connection only. */
function settle(): void {
	if (settled) return;
	settled = true;
	setSctpSettings({ delayedSackTime: DELAYED_SACK_MS });
}

/** Makes a connection over node-datachannel. */
export const createNodePeer: CreatePeer = (config, handlers) => {
	settle();
	return new NodePeer(nativeConfig(config), handlers);
};

/** What all connections of an end that answers share. */
export interface Socket {
	port: number;
	bindAddress: string | undefined;
	certificate: Certificate;
}

/**
/**
 * The same for an end that answers. All such connections of a process share one UDP port, so that one hole in a
 * firewall is enough, and the library waits for one socket and not for one a client, which takes a fifth off a server's
 * CPU. An end that offers has a port of its own for each connection: two connections between the same two ports could
 * not be told apart.
 *
 * A TURN server has one allocation for each port that asks it (RFC 8656 section 2.2), so connections that share a port
 * cannot use one; it is enough that the other end does. Those that may go over TURN only have ports of their own.
 */
export function createAnswerer({ port, bindAddress, certificate }: Socket): CreatePeer {
	return (config, handlers) => {
		settle();
		const native: NativeConfig = {
			...nativeConfig(config),
			// Also takes the text of a certificate, not just its file's name.
			certificatePemFile: certificate.cert,
			keyPemFile: certificate.key,
			...(bindAddress === undefined ? {} : { bindAddress }),
		};
		if (config.iceTransportPolicy === 'relay') return new NodePeer(native, handlers);
		const iceServers = native.iceServers.filter((each) => typeof each === 'string' || each.relayType === undefined);
		const shared = { enableIceUdpMux: true, portRangeBegin: port, portRangeEnd: port };
		return new NodePeer({ ...native, iceServers, ...shared }, handlers);
	};
}

class NodePeer implements RtcPeer {
	readonly #native: PeerConnection;
	readonly #channels = new Set<NodeChannel>();
	readonly #handlers: RtcPeerHandlers;
	#closed = false;

	constructor(config: NativeConfig, handlers: RtcPeerHandlers) {
		this.#native = new PeerConnection('enslavism', config);
		this.#handlers = handlers;
		// All callbacks before anything starts work: the library does not repeat events.
		this.#native.onStateChange(this.#told((state) => handlers.state(state as RtcState)));
		if (config.iceServers.length > 0) this.#gather();
	}

	createChannel(label: string, id: number, { ordered, maxRetransmits, maxPacketLifeTime }: Delivery): RtcChannel {
		// The library would give a second channel on the same stream.
		if ([...this.#channels].some((channel) => channel.id === id)) throw new TypeError(`stream ${id} is in use`);
		const native = this.#native.createDataChannel(label, {
			negotiated: true,
			id,
			unordered: ordered === false,
			...(maxRetransmits === undefined ? {} : { maxRetransmits }),
			...(maxPacketLifeTime === undefined ? {} : { maxPacketLifeTime }),
		});
		const channel = new NodeChannel(native, id, () => this.#channels.delete(channel));
		this.#channels.add(channel);
		return channel;
	}

	offer(): void {
		this.#describe('offer');
	}

	/**
	 * The library takes the credentials of an answer first and its fingerprint afterwards. If ICE and DTLS come up in
	 * between, because the answerer is checking already, the handshake fails for want of the fingerprint. One
	 * connection in ten between two programs of one busy machine does; the client then begins anew.
	 */
	accept(type: DescriptionType, sdp: string, ice?: IceCredentials): void {
		const problem = problemOfSdp(sdp);
		if (problem !== undefined) throw new Error(`the ${type} cannot be used: ${problem}`);
		const { sdp: bare, mid, candidates } = splitCandidates(sdp);
		this.#native.setRemoteDescription(bare, type);
		const add = (): void => {
			if (!this.#closed) for (const candidate of candidates) this.addCandidate(candidate, mid);
		};
		if (type === 'offer') {
			add();
			this.#describe('answer', ice);
		} else {
			setTimeout(add, OFFERER_WAITS_MS);
		}
	}

	addCandidate(candidate: string, mid: string): void {
		if (candidate === '') return;
		try {
			this.#native.addRemoteCandidate(candidate, mid);
		} catch {
			// One that the library cannot use, an mDNS name for example; the others remain.
		}
	}

	close(): void {
		if (this.#closed) return;
		this.#closed = true;
		for (const channel of this.#channels) channel.mute();
		// It closes its channels. Closed one by one while the other end closes them too, now and then one would never be let
		// go of by the library, and the process would not end.
		later(() => this.#native.close());
	}

	/** Hears what servers tell of this end's addresses, which takes them a while. */
	#gather(): void {
		this.#native.onLocalCandidate(this.#told((candidate, mid) => this.#handlers.candidate(candidate, mid)));
		this.#native.onGatheringStateChange(
			this.#told((state) => {
				if (state === 'complete') this.#handlers.candidate('', '');
			}),
		);
	}

	/** The description as it stands at once has this host's own candidates, which without servers are all there are. */
	#describe(type: DescriptionType, ice?: IceCredentials): void {
		if (ice === undefined) this.#native.setLocalDescription(type);
		else this.#native.setLocalDescription(type, { iceUfrag: ice.ufrag, icePwd: ice.pwd });
		const sdp = this.#native.localDescription()?.sdp ?? '';
		later(() => {
			if (!this.#closed) this.#handlers.description(type, sdp);
		});
	}

	#told<Args extends unknown[]>(handler: (...args: Args) => void): (...args: Args) => void {
		return guarded((...args: Args) => {
			if (!this.#closed) handler(...args);
		});
	}
}

class NodeChannel implements RtcChannel {
	readonly id: number;
	readonly #native: DataChannel;
	readonly #forget: () => void;
	#handlers: RtcChannelHandlers | undefined;
	/** What happened before there were handlers. */
	#early: ((handlers: RtcChannelHandlers) => void)[] | undefined = [];
	#disposed = false;
	#wasOpen = false;
	#muted = false;
	#tellsLow = false;
	#threshold = 0;
	/** The most that may be waiting as far as the user knows: the native queue drains on a thread of its own. */
	#known = 0;
	#maxMessageSize = 0;

	constructor(native: DataChannel, id: number, forget: () => void) {
		this.#native = native;
		this.id = id;
		this.#forget = forget;
		native.onMessage((data) => this.#received(data));
		native.onClosed(guarded(() => this.#gone()));
		const opened = guarded(() => {
			this.#wasOpen = true;
			this.#tell((handlers) => handlers.open());
		});
		if (!native.isOpen()) native.onOpen(opened);
		// Also when it opened between the two lines above.
		if (native.isOpen()) opened();
	}

	get bufferedAmount(): number {
		this.#known = this.#native.bufferedAmount();
		return this.#known;
	}

	get maxMessageSize(): number {
		if (this.#maxMessageSize > 0) return this.#maxMessageSize;
		this.#maxMessageSize = Math.min(this.#native.maxMessageSize(), MAX_MESSAGE_BYTES);
		return this.#maxMessageSize || MAX_MESSAGE_BYTES;
	}

	attach(handlers: RtcChannelHandlers): void {
		later(() => {
			const early = this.#early;
			this.#early = undefined;
			this.#handlers = handlers;
			for (const happened of early ?? []) happened(handlers);
		});
	}

	setLowThreshold(bytes: number): void {
		this.#threshold = bytes;
		const low = guarded(() => {
			// More may have been sent since: then the library tells again.
			if (this.#native.bufferedAmount() <= this.#threshold) this.#tell((handlers) => handlers.low());
		});
		const missed = !this.#tellsLow && this.#known > bytes;
		if (!this.#tellsLow) this.#native.onBufferedAmountLow(low);
		this.#tellsLow = true;
		this.#native.setBufferedAmountLowThreshold(bytes);
		// What has drained since the user looked or sent was told to nobody.
		if (missed && this.#native.bufferedAmount() <= bytes) low();
	}

	sendText(text: string): void {
		this.#known += text.length;
		try {
			this.#native.sendMessage(text);
		} catch (thrown) {
			this.#notTaken(thrown);
		}
	}

	sendBytes(bytes: Uint8Array): void {
		this.#known += bytes.byteLength;
		try {
			this.#native.sendMessageBinary(bytes);
		} catch (thrown) {
			this.#notTaken(thrown);
		}
	}

	close(): void {
		later(() => {
			// With its connection it goes by itself.
			if (!this.#muted) this.#dispose();
		});
	}

	/** Says nothing more: what the library still has in its queue comes too late. */
	mute(): void {
		this.#muted = true;
	}

	/** Closes the native channel. The library says nothing more of a channel that its owner closed. */
	#dispose(): void {
		if (this.#disposed) return;
		this.#disposed = true;
		// One that the other end has just closed must not be closed again: the library would never let go of it.
		if (!this.#wasOpen || this.#native.isOpen()) this.#native.close();
		this.#forget();
		this.#tell((handlers) => handlers.closed());
	}

	#received(data: string | Buffer | ArrayBuffer): void {
		if (this.#muted) return;
		try {
			const message = typeof data === 'string' ? data : bufferOf(data);
			if (queue.length === 0 && this.#handlers !== undefined) this.#handlers.message(message);
			else later(() => this.#tell((handlers) => handlers.message(message)));
		} catch (thrown) {
			rethrowLater(thrown);
		}
	}

	#gone(): void {
		if (this.#disposed) return;
		this.#disposed = true;
		this.#forget();
		this.#tell((handlers) => handlers.closed());
	}

	/** A channel that has just died takes messages and loses them, as in a browser: `close` is on its way. */
	#notTaken(thrown: unknown): void {
		if (this.#native.isOpen()) throw thrown;
	}

	#tell(happened: (handlers: RtcChannelHandlers) => void): void {
		if (this.#muted) return;
		if (this.#handlers !== undefined) happened(this.#handlers);
		else this.#early?.push(happened);
	}
}

/** The library copies each message into memory of its own, so the buffer behind it is the message. */
function bufferOf(data: Buffer | ArrayBuffer): ArrayBuffer {
	if (data instanceof ArrayBuffer) return data;
	const { buffer, byteOffset, byteLength } = data;
	if (byteLength === buffer.byteLength) return buffer as ArrayBuffer;
	return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
}

function nativeConfig(config: RtcConfig): NativeConfig {
	return {
		iceServers: config.iceServers.flatMap(nativeIceServers),
		iceTransportPolicy: config.iceTransportPolicy ?? 'all',
		// Descriptions are made when the session says so, not when the first channel is created.
		disableAutoNegotiation: true,
		maxMessageSize: MAX_MESSAGE_BYTES,
	};
}

type NativeIceServer = NativeConfig['iceServers'][number];

/** RFC 7064 and 7065: `stun:host[:port]`, `turn:host[:port][?transport=udp]`. */
const ICE_URL = /^(stun|turn):(\[[0-9a-fA-F:]+\]|[^:?[\]]+)(?::(\d+))?(?:\?transport=udp)?$/;

/** Servers over TCP and TLS are left out: the library reaches servers over UDP only. */
function nativeIceServers(server: IceServer): NativeIceServer[] {
	return [server.urls].flat().flatMap((url) => {
		const [, scheme, hostname, port] = ICE_URL.exec(url) ?? [];
		if (hostname === undefined) return [];
		const base = { hostname, port: Number(port ?? 3478) };
		if (scheme === 'stun') return [base];
		return [{ ...base, username: server.username ?? '', password: server.credential ?? '', relayType: 'TurnUdp' }];
	});
}
