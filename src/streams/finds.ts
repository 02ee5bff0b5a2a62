import type { MasterConnectionEvents } from '../client/master-connection.js';
import type { SlaveConnection } from '../client/slave-connection.js';
import { EnslavismError, type ErrorCode, type Listener, type ServerName, withReason } from '../wire/index.js';
import * as WAITS from '../wire/waits.js';
import type { MasterLike } from './host.js';

/** From below this a search draws its number: the scripts of a page do not know of each other's. */
const NUMBERS = 2 ** 48;

/**
 * Finds a stream server by its name. Rejects with what the master says (`server-does-not-exist`, `limit-reached`), with
 * `unreachable` when it says nothing in time, or with `link-closed`.
 *
 * @param wait how long the server may take to appear, in milliseconds
 */
export async function find(master: MasterLike, server: ServerName, wait: number): Promise<SlaveConnection> {
	if (master.state === 'closed') throw new EnslavismError('link-closed');
	const message = { t: 'find', n: Math.floor(Math.random() * NUMBERS), ...server, wait } as const;
	const ask = (): void => master.ask(message);
	let forget = (): void => {};
	try {
		return await new Promise((resolve, reject) => {
			const timer = setTimeout(() => reject(new EnslavismError('unreachable')), wait + WAITS.linkOpen);
			const found: Listener<MasterConnectionEvents['found']> = (answer, slave) => {
				if (answer.n !== message.n) return;
				if (answer.t === 'absent') reject(withReason(answer.code as ErrorCode, answer.reason));
				else if (slave !== undefined) resolve(slave);
			};
			forget = () => {
				clearTimeout(timer);
				master.off('found', found).off('open', ask).off('reconnected', ask).off('close', reject);
			};
			// A link that comes back is asked again: the master has forgotten the search.
			master.on('found', found).on('open', ask).on('reconnected', ask).on('close', reject);
			if (master.state === 'open') ask();
		});
	} finally {
		forget();
	}
}
