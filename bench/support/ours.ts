import { type Channel, MasterConnection, type SlaveConnection } from '../../src/client/node.js';
import { Slave } from '../../src/index.js';
import type { End, Pipe } from './pipe.js';

/** The project's own end: a slave, or a client with a link to the master for each connection. */
export function oursEnd(url: string): End {
	return {
		serve: async (accept) => {
			const slave = await Slave.connect(url, {});
			slave.on('connection', (client) => {
				client.on('datachannel', (channel) => accept(pipeOf(channel)));
			});
		},
		open: async (label, options) => {
			const slave = await firstSlave(new MasterConnection(url));
			return pipeOf(await slave.createDataChannel(label, options));
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
