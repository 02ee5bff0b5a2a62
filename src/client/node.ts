import { nodePlatform } from '../peer/node/index.js';
import { MasterToClient, readMessage } from '../wire/index.js';
import { BaseMasterConnection, type MasterConnectionOptions } from './master-connection.js';

export * from './types.js';

/** A Node program's connection to its master: the live list of slaves. */
export class MasterConnection extends BaseMasterConnection {
	/**
	 * @param masterUrl `ws:`, `wss:`, `http:` or `https:` URL of the master
	 * @throws EnslavismError `bad-url`, `bad-auth`
	 */
	constructor(masterUrl: string, options?: MasterConnectionOptions) {
		super(nodePlatform, (text) => readMessage(MasterToClient, text), masterUrl, options);
	}
}
