/** A process with the services that have namespaces, or with the plainest echo that ws can be: `… ours | plain`. */
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { echo, Master, sharedState } from '../../src/index.js';
import { answerCalls } from './child.js';

async function ours(): Promise<number> {
	const master = new Master(0, { services: [echo(), sharedState()] });
	await master.ready;
	return master.address()?.port ?? 0;
}

/** Everybody is sent everything, one frame and one write each. */
async function plain(): Promise<number> {
	const server = new WebSocketServer({ port: 0, perMessageDeflate: false });
	server.on('connection', (socket) => {
		socket.on('message', (data, binary) => {
			for (const each of server.clients) each.send(data, { binary });
		});
	});
	await new Promise((resolve) => server.once('listening', resolve));
	return (server.address() as AddressInfo).port;
}

const api = {
	/** Starts the server; tells its port. */
	start: () => (process.argv[2] === 'plain' ? plain() : ours()),

	/** CPU used until now in µs. */
	cpu: () => {
		const { user, system } = process.cpuUsage();
		return user + system;
	},
};

/** What the process answers. */
export type NamespaceApi = typeof api;

answerCalls(api);
