/** WebRTC in Node: connections over node-datachannel. `native-frames.ts` says how its callbacks are taken. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type RtcConfig as NativeConfig, PeerConnection, setSctpSettings } from 'node-datachannel';
import * as WAITS from '../../wire/waits.js';
import type {
	CreatePeer,
	IceCredentials,
	IceServer,
	RtcChannel,
	RtcConfig,
	RtcDescription,
	RtcPeer,
	RtcState,
	StreamOptions,
} from '../rtc.js';
import { problemOfSdp, splitCandidates } from '../sdp.js';
import type { Certificate } from './certificate.js';
import * as garbage from './garbage.js';
import { guarded, later } from './native-frames.js';
import type { Publication } from './public-addresses.js';
import { MAX_MESSAGE_BYTES, NodeChannel } from './rtc-channel.js';

/**
 * The library's own value is 20 ms. 100 ms lets one SACK answer several small messages, which took a quarter off
 * a server's CPU for game-like traffic without a change in latency; RFC 9260 section 6.2 allows 200 ms.
 */
const DELAYED_SACK_MS = 100;

/**
 * When an offerer checks the answerer's candidates, in milliseconds after the answer. It begins the DTLS handshake when
 * its ICE is up: if the answerer's is not, the first message is lost and repeated after a second. So it lets the
 * answerer's checks come first; it only needs its own where they do not get through. An answer that it has written
 * itself may be known to the answerer a round trip later, and what comes before is lost: the library would try
 * again after half a second.
 */
const CHECKS_MS = [30, 75, 150];

/** How many of them it checks again: the library keeps 30 in all. */
const CHECKED_AGAIN = 4;

let settled = false;

/** Global settings of the library, which it takes before its first connection only. */
function settle(): void {
	if (settled) return;
	settled = true;
	setSctpSettings({ delayedSackTime: DELAYED_SACK_MS });
}

/** Makes a connection over node-datachannel. */
export const createNodePeer: CreatePeer = (config) => {
	settle();
	return new NodePeer(nativeConfig(config));
};

/** What all connections of an end that answers share. */
export interface Socket {
	port: number;
	bindAddress: string | undefined;
	certificate: Certificate;
	/** Called for each connection over it; what it gives, when that is closed. */
	hold?(): () => void;
}

/**
 * The same for an end that answers. All such connections of a process share one UDP port, so that one hole in a
 * firewall is enough, and the library waits for one socket and not for one a client, which takes a fifth off a server's
 * CPU. An end that offers has a port of its own for each connection: two connections between the same two ports could
 * not be told apart.
 *
 * A TURN server has one allocation for each port that asks it (RFC 8656 section 2.2), so connections that share a port
 * cannot use one; it is enough that the other end does. They only ask it for their address outside, which a relayed
 * candidate of the other end has to know before it lets them in. Those that may go over TURN only have ports of their own.
 *
 * @param publication what to tell in place of this end's own addresses, if the operator has named others
 */
export function createAnswerer(
	{ port, bindAddress, certificate, hold }: Socket,
	publication?: Publication,
): CreatePeer {
	return (config) => {
		settle();
		const native: NativeConfig = {
			...nativeConfig(config),
			// Also takes the text of a certificate, not just its file's name.
			certificatePemFile: certificate.cert,
			keyPemFile: certificate.key,
			...(bindAddress === undefined ? {} : { bindAddress }),
		};
		// Who goes over TURN only tells no address of its own.
		if (config.iceTransportPolicy === 'relay') return new NodePeer(native);
		const iceServers = native.iceServers.map((each) =>
			typeof each === 'string' ? each : { hostname: each.hostname, port: each.port },
		);
		const shared = { enableIceUdpMux: true, portRangeBegin: port, portRangeEnd: port };
		return new NodePeer({ ...native, iceServers, ...shared }, publication, hold);
	};
}

class NodePeer implements RtcPeer {
	connectionState: RtcState = 'new';
	onconnectionstatechange: RtcPeer['onconnectionstatechange'] = null;
	onicecandidate: RtcPeer['onicecandidate'] = null;
	localDescription: RtcPeer['localDescription'] = null;
	readonly #native: PeerConnection;
	/** The streams that the library has not closed yet. */
	readonly #channels = new Map<number, NodeChannel>();
	/** When this end closed a stream; the other end has to close it, too, before it may be used again. */
	readonly #left = new Map<number, number>();
	readonly #publication: Publication | undefined;
	/** Lets go of the port that it shares. */
	readonly #letGo: (() => void) | undefined;
	/** Whether the other end has made an offer, and what it wants the answer's credentials to be. */
	#answers = false;
	#ice: IceCredentials | undefined;
	#closed = false;

	constructor(config: NativeConfig, publication?: Publication, hold?: Socket['hold']) {
		this.#native = new PeerConnection('enslavism', config);
		garbage.opened();
		this.#letGo = hold?.();
		this.#publication = publication;
		// All callbacks before anything starts work: the library does not repeat events.
		this.#native.onStateChange(guarded((state) => this.#changed(state as RtcState)));
		if (config.iceServers.length > 0) this.#gather();
	}

	createDataChannel(label: string, options: StreamOptions): RtcChannel {
		const { id, ordered, maxRetransmits, maxPacketLifeTime } = options;
		const rests = performance.now() - (this.#left.get(id) ?? Number.NEGATIVE_INFINITY) < WAITS.streamRest;
		// The library would give a second channel on the same stream: one that it forgets, so that it hears nothing.
		if (this.#closed || this.#channels.has(id) || rests) throw new TypeError(`stream ${id} is in use`);
		if (this.#goesDown()) throw new TypeError('the connection is over');
		const native = this.#native.createDataChannel(label, {
			negotiated: true,
			id,
			unordered: ordered === false,
			...(maxRetransmits === undefined ? {} : { maxRetransmits }),
			...(maxPacketLifeTime === undefined ? {} : { maxPacketLifeTime }),
		});
		const channel = new NodeChannel(native, {
			left: () => this.#left.set(id, performance.now()),
			over: () => this.#channels.delete(id),
		});
		this.#channels.set(id, channel);
		return channel;
	}

	/** The description as it stands at once has this host's own candidates, which without servers are all there are. */
	async setLocalDescription(): Promise<void> {
		const type = this.#answers ? 'answer' : 'offer';
		if (this.#ice === undefined) this.#native.setLocalDescription(type);
		else this.#native.setLocalDescription(type, { iceUfrag: this.#ice.ufrag, icePwd: this.#ice.pwd });
		const sdp = this.#native.localDescription()?.sdp ?? '';
		this.localDescription = { type, sdp: this.#publication?.description(sdp) ?? sdp };
	}

	/**
	 * The library takes the credentials of an answer first and its fingerprint afterwards. If ICE and DTLS come up in
	 * between, because the answerer is checking already, the handshake fails for want of the fingerprint. One
	 * connection in ten between two programs of one busy machine does; the client then begins anew.
	 */
	async setRemoteDescription({ type, sdp, ice }: RtcDescription): Promise<void> {
		const problem = problemOfSdp(sdp);
		if (problem !== undefined) throw new Error(`the ${type} cannot be used: ${problem}`);
		const { sdp: bare, mid, candidates } = splitCandidates(sdp);
		this.#native.setRemoteDescription(bare, type);
		if (type === 'offer') {
			this.#answers = true;
			this.#ice = ice;
			for (const candidate of candidates) this.#add(candidate, mid);
			return;
		}
		for (const [again, wait] of CHECKS_MS.entries()) setTimeout(() => this.#check(candidates, mid, again), wait);
	}

	/** Begins checks of the other end's candidates, for the first time or again. */
	#check(candidates: string[], mid: string, again: number): void {
		if (this.#closed) return;
		if (again === 0) for (const candidate of candidates) this.#add(candidate, mid);
		else if (this.#native.iceState() === 'checking') {
			// With another foundation it is another candidate to the library, which checks a new one at once.
			for (const candidate of candidates.slice(0, CHECKED_AGAIN)) {
				this.#add(candidate.replace('candidate:', `candidate:${again}`), mid);
			}
		}
	}

	async addIceCandidate({ candidate, sdpMid }: { candidate: string; sdpMid: string }): Promise<void> {
		this.#add(candidate, sdpMid);
	}

	#add(candidate: string, mid: string): void {
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
		this.#letGo?.();
		for (const channel of this.#channels.values()) channel.mute();
		// It closes its channels.
		later(() => this.#native.close());
	}

	#changed(state: RtcState): void {
		if (state === 'closed') void this.#release();
		this.connectionState = state;
		if (!this.#closed) this.onconnectionstatechange?.();
	}

	/**
	 * The library closes what there is when the connection goes down, on a thread of its own. A channel that was created
	 * a moment later is closed here, and one that was created in that very moment it never tells of.
	 */
	async #release(): Promise<void> {
		for (const step of ['release', 'forget'] as const) {
			if (this.#channels.size === 0) break;
			await sleep(WAITS.letGo, undefined, { ref: false });
			for (const channel of this.#channels.values()) channel[step]();
		}
		garbage.closed();
	}

	/**
	 * Whether the library is closing the connection, which it tells later. It may close a new channel before anybody
	 * listens for that. A connection that is in doubt has no such state below.
	 */
	#goesDown(): boolean {
		const state = this.#native.state();
		if (state === 'disconnected') return this.#native.iceState() !== 'disconnected';
		return state === 'closed' || state === 'failed';
	}

	/** Hears what servers tell of this end's addresses, which takes them a while. */
	#gather(): void {
		this.#native.onLocalCandidate(
			guarded((candidate, sdpMid) => {
				if (this.#publication?.candidate(candidate) ?? true) this.#told({ candidate, sdpMid });
			}),
		);
		this.#native.onGatheringStateChange(
			guarded((state) => {
				if (state === 'complete') this.#told(null);
			}),
		);
	}

	#told(candidate: { candidate: string; sdpMid: string } | null): void {
		if (!this.#closed) this.onicecandidate?.({ candidate });
	}
}

/** @throws TypeError for an end that may use TURN servers only, and has none */
function nativeConfig({ iceServers, iceTransportPolicy = 'all' }: RtcConfig): NativeConfig {
	const native = iceServers.flatMap(nativeIceServers);
	// The library keeps its own addresses to itself, and would connect from them all the same.
	if (iceTransportPolicy === 'relay' && !native.some(({ relayType }) => relayType)) {
		throw new TypeError('iceTransportPolicy is "relay", and there is no TURN server');
	}
	return {
		iceServers: native,
		iceTransportPolicy,
		// Descriptions are made when the session says so, not when the first channel is created.
		disableAutoNegotiation: true,
		maxMessageSize: MAX_MESSAGE_BYTES,
	};
}

type NativeIceServer = Extract<NativeConfig['iceServers'][number], object>;

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
