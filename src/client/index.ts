import { browserPlatform } from '../peer/browser/index.js';
import { readTrusted } from '../wire/index.js';
import { BaseMasterConnection, type MasterConnectionOptions } from './master-connection.js';

export * from './types.js';

/** A page's connection to its master: the live list of slaves. */
export class MasterConnection extends BaseMasterConnection {
	/**
	 * @param masterUrl `ws:`, `wss:`, `http:` or `https:` URL of the master; the page's own origin by default
	 * @throws EnslavismError `bad-url`, `bad-auth`
	 */
	constructor(masterUrl?: string, options?: MasterConnectionOptions) {
		super(browserPlatform, readTrusted, masterUrl, options);
	}
}
