import { Mux, type MuxStream } from '../mux/node/index.js';
import { nodePlatform } from '../peer/node/index.js';
import { BaseEcho } from './echo.js';
import type { SignalHost, SignalOptions } from './host.js';
import { BaseIntroducer, type IntroducedPeer } from './introducer.js';
import type { PeerConnection } from './peer-connection.js';
import { BasePeers, type PeersOptions } from './peers.js';
import type { PipedSocket } from './piped-socket.js';
import { openRelay, type RelayMeeting } from './relay.js';
import { BaseSharedState } from './shared-state.js';
import type { PathOptions, PeerHost } from './upgrade.js';
import { upgradePeer } from './upgrade-peer.js';

export { streamOf } from './node/stream.js';
export * from './types.js';

const host: SignalHost = nodePlatform;

/** Finds peers that have joined the same keys, and connects to each. */
export class Introducer extends BaseIntroducer {
	/**
	 * @param masterUrl `ws:`, `wss:`, `http:` or `https:` URL of the master
	 * @param id what others see, 1 to 256 characters; a random one by default
	 * @throws EnslavismError `bad-url`, `bad-option`, `bad-auth`
	 */
	constructor(masterUrl?: string, id?: string, options?: SignalOptions) {
		super(host, masterUrl, id, options);
	}
}

/** Everybody in a namespace hears what anybody in it says, oneself included, in the same order. */
export class Echo extends BaseEcho {
	/**
	 * @param masterUrl `ws:`, `wss:`, `http:` or `https:` URL of the master
	 * @throws EnslavismError `bad-url`, `bad-option`, `bad-auth`
	 */
	constructor(masterUrl: string, namespace: string, options?: SignalOptions) {
		super(host, masterUrl, namespace, options);
	}
}

/** A map that everybody in a namespace shares, and that the master keeps. */
export class SharedState<Value = unknown> extends BaseSharedState<Value> {
	/**
	 * @param masterUrl `ws:`, `wss:`, `http:` or `https:` URL of the master
	 * @throws EnslavismError `bad-url`, `bad-option`, `bad-auth`
	 */
	constructor(masterUrl: string, namespace: string, options?: SignalOptions) {
		super(host, masterUrl, namespace, options);
	}
}

/**
 * A socket to whoever names the same two tokens the other way round, through the master.
 *
 * @param masterUrl `ws:`, `wss:`, `http:` or `https:` URL of the master
 * @throws EnslavismError `bad-url`, `bad-option`, `bad-auth`
 */
export function relay(masterUrl: string, meeting: RelayMeeting): PipedSocket {
	return openRelay(host, masterUrl, meeting);
}

/** Made by a function, which a bundler leaves out where it is not called. */
const peerHost = (): PeerHost<MuxStream> => ({
	...host,
	createAnswerer: nodePlatform.createPeer,
	createMux: (carrier, options) => new Mux(carrier, options),
});

/** Everybody in a namespace, and a connection to each, whose streams are Node `Duplex`es. */
export class Peers extends BasePeers<MuxStream> {
	/**
	 * @param masterUrl `ws:`, `wss:`, `http:` or `https:` URL of the master
	 * @throws EnslavismError `bad-url`, `bad-option`, `bad-auth`
	 */
	constructor(masterUrl: string, namespace: string, options?: PeersOptions<MuxStream>) {
		super(peerHost(), masterUrl, namespace, options);
	}
}

/**
 * Makes a connection with data channels and streams out of the socket to an introduced peer, over WebRTC if there is a
 * path. Both sides have to call it, and to leave the socket alone from then on.
 *
 * Rejects with `connect-timeout` when the other side does not, `bad-message`, or `link-closed`.
 */
export function upgrade(peer: IntroducedPeer, options?: PathOptions): Promise<PeerConnection<MuxStream>> {
	return upgradePeer(peerHost(), peer, options);
}
