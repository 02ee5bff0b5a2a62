import { nodePlatform } from '../peer/node/index.js';
import { BaseEcho } from './echo.js';
import type { SignalHost, SignalOptions } from './host.js';
import { BaseIntroducer } from './introducer.js';
import type { PipedSocket } from './piped-socket.js';
import { openRelay, type RelayMeeting } from './relay.js';
import { BaseSharedState } from './shared-state.js';

export * from './types.js';

const host: SignalHost = nodePlatform;

/** Finds peers that have joined the same keys, and connects to each. */
export class Introducer extends BaseIntroducer {
	/**
	 * @param masterUrl `ws:`, `wss:`, `http:` or `https:` URL of the master
	 * @param id what others see, 1 to 256 characters; a random one by default
	 * @throws EnslavismError `bad-url`, `bad-option`
	 */
	constructor(masterUrl: string, id?: string, options?: SignalOptions) {
		super(host, masterUrl, id, options);
	}
}

/** Everybody in a namespace hears what anybody in it says, oneself included, in the same order. */
export class Echo extends BaseEcho {
	/**
	 * @param masterUrl `ws:`, `wss:`, `http:` or `https:` URL of the master
	 * @throws EnslavismError `bad-url`, `bad-option`
	 */
	constructor(masterUrl: string, namespace: string, options?: SignalOptions) {
		super(host, masterUrl, namespace, options);
	}
}

/** A map that everybody in a namespace shares, and that the master keeps. */
export class SharedState<Value = unknown> extends BaseSharedState<Value> {
	/**
	 * @param masterUrl `ws:`, `wss:`, `http:` or `https:` URL of the master
	 * @throws EnslavismError `bad-url`, `bad-option`
	 */
	constructor(masterUrl: string, namespace: string, options?: SignalOptions) {
		super(host, masterUrl, namespace, options);
	}
}

/**
 * A socket to whoever names the same two tokens the other way round, through the master.
 *
 * @param masterUrl `ws:`, `wss:`, `http:` or `https:` URL of the master
 * @throws EnslavismError `bad-url`, `bad-option`
 */
export function relay(masterUrl: string, meeting: RelayMeeting): PipedSocket {
	return openRelay(host, masterUrl, meeting);
}
