import { type Channel, MasterConnection, type SlaveConnection } from '../../src/client/node.js';
import { Slave } from '../../src/index.js';
import type { End, Pipe } from './pipe.js';
import { wait } from './stats.js';

/** What the options of a client are called that goes over the relay only. */
const ONLY = { rtc: {}, relay: { paths: ['relay'] } };

/** How long a session may take to move to its path, in ms. */
const MOVE_MS = 10_000;

/** The project's own end: a slave, or a client with a link to the master for each connection, whose session is on `path`. */
export function oursEnd(url: string, path: 'rtc' | 'relay'): End {
	return {
		serve: async (accept) => {
			const slave = await Slave.connect(url, {});
			slave.on('connection', (client) => {
				client.on('datachannel', (channel) => accept(pipeOf(channel)));
			});
		},
		open: async (label, options) => {
			const slave = await firstSlave(new MasterConnection(url, ONLY[path] as object));
			const channel = await slave.createDataChannel(label, options);
			for (let waited = 0; (slave.path as string) !== path; waited += 5) {
				if (waited > MOVE_MS) throw new Error(`the session is not on ${path}, but on ${slave.path}`);
				await wait(5);
			}
			return pipeOf(channel);
		},
		signal: () => {},
	};
}

/** The first slave in a master's list. */
export async function firstSlave(master: MasterConnection): Promise<SlaveConnection> {
	await master.ready;
	return master.slaves[0] ?? new Promise((resolve) => master.once('slaveadded', resolve));
}

function pipeOf(channel: Channel): Pipe {
	return {
		label: channel.label,
		send: (bytes) => channel.send(bytes),
		buffered: () => channel.bufferedAmount,
		listen: (receive) => {
			channel.on('message', ({ data }) => receive(data as ArrayBuffer));
		},
		whenLow: (threshold, low) => {
			channel.bufferedAmountLowThreshold = threshold;
			channel.on('bufferedamountlow', low);
		},
	};
}
