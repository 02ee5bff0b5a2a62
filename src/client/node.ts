import { nodePlatform } from '../peer/node/index.js';
import { EnslavismError, MasterToClient, readMessage } from '../wire/index.js';
import { BaseMasterConnection, type MasterConnectionOptions } from './master-connection.js';

export * from './types.js';

/** A Node program's connection to its master: the live list of slaves. */
export class MasterConnection extends BaseMasterConnection {
	/**
	 * @param masterUrl `ws:`, `wss:`, `http:` or `https:` URL of the master. Always needed here; optional as it is in a page, whose
	 * programs TypeScript may check against this class.
	 * @throws EnslavismError `bad-url`, `bad-auth`
	 */
	constructor(masterUrl?: string, options?: MasterConnectionOptions) {
		if (masterUrl === undefined) throw new EnslavismError('bad-url', NO_URL);
		super(nodePlatform, (text) => readMessage(MasterToClient, text), masterUrl, options);
	}
}

const NO_URL = 'in Node a MasterConnection must be told the URL of its master, such as ws://localhost:8080';
