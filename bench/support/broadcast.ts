/** A process with a server that hands every change to every client as it comes: what the master is compared with. */
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { pathOf } from '../../src/wire/index.js';
import { answerCalls } from './child.js';

const clients = new WebSocketServer({ noServer: true, perMessageDeflate: false });
const slaves = new WebSocketServer({ noServer: true, perMessageDeflate: false });

const api = {
	/** Starts the server; tells its port. */
	start: async () => {
		const server = createServer();
		server.on('upgrade', (request, socket, head) => {
			const of = request.url === pathOf('client') ? clients : slaves;
			of.handleUpgrade(request, socket, head, (ws) => {
				if (of === slaves) ws.on('message', (change) => broadcast(change as Buffer));
			});
		});
		await new Promise<void>((resolve) => server.listen(0, resolve));
		return (server.address() as { port: number }).port;
	},

	sample: () => {
		const { user, system } = process.cpuUsage();
		return { rss: process.memoryUsage.rss(), cpu: user + system, at: performance.now() };
	},
};

function broadcast(change: Buffer): void {
	for (const client of clients.clients) client.send(change, { binary: false });
}

answerCalls(api);
