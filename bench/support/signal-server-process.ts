/** A process that pipes sockets and, but for the bare one, introduces: `signal-server-process.ts ours | relay | bare`. */
import { type AddressInfo, createServer } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { introduction, Master } from '../../src/index.js';
import { relayServerClass } from '../../test/support/local-first.js';
import { answerCalls } from './child.js';

/** The servers that are compared. */
export const SERVERS = ['ours', 'relay', 'bare'] as const;
export type ServerName = (typeof SERVERS)[number];

const START: Record<ServerName, () => Promise<number>> = {
	ours: async () => {
		const master = new Master(0, { services: [introduction()] });
		await master.ready;
		return master.address()?.port ?? 0;
	},

	relay: async () => {
		const Server = await relayServerClass();
		const port = await freePort();
		await new Server({ port }).listen({ silent: true });
		return port;
	},

	/** What ws itself can do: every two sockets that come are joined. */
	bare: async () => {
		const server = new WebSocketServer({ port: 0, perMessageDeflate: false });
		let waiting: WebSocket | undefined;
		server.on('connection', (socket) => {
			const other = waiting;
			waiting = other === undefined ? socket : undefined;
			if (other === undefined) return;
			for (const [from, to] of [
				[socket, other],
				[other, socket],
			] as const) {
				from.on('message', (data, isBinary) => to.send(data, { binary: isBinary }));
				from.on('close', () => to.close());
			}
		});
		await new Promise((resolve) => server.once('listening', resolve));
		return (server.address() as AddressInfo).port;
	},
};

async function freePort(): Promise<number> {
	const server = createServer().listen(0);
	await new Promise((resolve) => server.once('listening', resolve));
	const { port } = server.address() as AddressInfo;
	await new Promise((resolve) => server.close(resolve));
	return port;
}

const api = {
	/** Starts the server; tells its port. */
	start: () => START[process.argv[2] as ServerName](),

	/** CPU used until now in µs, and memory in bytes. */
	sample: () => {
		const { user, system } = process.cpuUsage();
		return { cpu: user + system, rss: process.memoryUsage.rss() };
	},
};

/** What a server's process answers. */
export type SignalServerApi = typeof api;

if (process.send !== undefined) answerCalls(api);
