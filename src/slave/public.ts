import { PATHS, type Platform } from '../peer/index.js';
import { type AuthData, EnslavismError, type MasterToSlave, type Read } from '../wire/index.js';
import { Slave, type SlaveOptions } from './slave.js';

/** What `Slave` is to its users: a constructor whose result is awaited. */
export interface SlaveConstructor {
	/**
	 * Registers a game host with a master: `await new Slave(url, userData)`.
	 *
	 * @param masterUrl `ws:`, `wss:`, `http:` or `https:` URL of the master; in a page its own origin by default
	 * @param userData any JavaScript value that is data, shown to every client; at most 64 KiB when encoded
	 * @param authData for the master's `slaveauth` listeners: an object of strings, or of JSON values
	 * @returns a promise of the slave. It rejects with `unreachable`, `refused` (and the master's `reason`), `bad-url`,
	 *   `bad-user-data`, `user-data-too-large`, `bad-auth`, `bad-option`, `listen-failed`, `wrong-version` or `limit-reached`
	 */
	new (masterUrl?: string, userData?: unknown, authData?: AuthData, options?: SlaveOptions): Promise<Slave>;
	/** The same as `new Slave(…)`, for those who dislike awaiting a constructor. */
	connect(masterUrl?: string, userData?: unknown, authData?: AuthData, options?: SlaveOptions): Promise<Slave>;
	readonly prototype: Slave;
}

/** The public `Slave` of one host. `instanceof` works with it. */
export function slaveFor(platform: Platform, read: (text: string) => Read<MasterToSlave>): SlaveConstructor {
	const connect: SlaveConstructor['connect'] = async (url, userData, auth, options = {}) => {
		const { paths = PATHS, reconnect = true } = options;
		// Callers without types may give anything.
		const isList = Array.isArray(paths) && paths.length > 0 && paths.every((path) => PATHS.includes(path));
		if (!isList || typeof reconnect !== 'boolean')
			throw new EnslavismError('bad-option', 'paths takes a list of "rtc", "relay" or both; reconnect true or false');
		return Slave.register({ platform, read, url, userData, auth, options });
	};
	function construct(...args: Parameters<typeof connect>): Promise<Slave> {
		return connect(...args);
	}
	construct.prototype = Slave.prototype;
	construct.connect = connect;
	return construct as unknown as SlaveConstructor;
}
