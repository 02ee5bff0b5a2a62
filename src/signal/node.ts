import { nodePlatform } from '../peer/node/index.js';
import type { SignalHost, SignalOptions } from './host.js';
import { BaseIntroducer } from './introducer.js';

export * from './types.js';

export const host: SignalHost = { ...nodePlatform, onWake: () => () => {} };

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
