/** A process with many clients, and slaves, of the library itself. */
import { MasterConnection } from '../../src/client/node.js';
import { Slave } from '../../src/index.js';
import { answerCalls } from './child.js';

/** Clients that are opened at once. */
const BATCH = 100;

const clients: MasterConnection[] = [];
const slaves: Slave[] = [];
/** When each client was back with the whole list, in ms since 1970. */
let returned: number[] = [];
let removed = 0;

const api = {
	open: async (url: string, count: number) => {
		for (let first = 0; first < count; first += BATCH) {
			const batch = Array.from({ length: Math.min(BATCH, count - first) }, async () => {
				const client = new MasterConnection(url);
				client.on('reconnected', () => returned.push(Date.now()));
				client.on('slaveremoved', () => removed++);
				clients.push(client);
				await client.ready;
			});
			await Promise.all(batch);
		}
	},

	slaves: async (url: string, count: number) => {
		for (let n = 0; n < count; n++) slaves.push(await new Slave(url, { name: `arena ${n}`, players: n }));
	},

	forget: () => {
		returned = [];
		removed = 0;
	},

	/** When clients came back since `forget`; how many lists are right; how many removals they were told of. */
	state: () => ({
		returned,
		removed,
		right: clients.filter(
			({ state, slaves: list }) =>
				state === 'open' && list.length === slaves.length && list.every(({ availability }) => availability === 'ready'),
		).length,
	}),
};

/** What a process with clients answers. */
export type ClientsApi = typeof api;

answerCalls(api);
