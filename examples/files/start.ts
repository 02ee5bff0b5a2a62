/**
 * A file server in a browser tab: drop files into a page, and whoever opens its link in another tab downloads them from
 * there, over WebRTC. This program only serves the page and introduces the tabs.
 *
 *     npx tsx examples/files/start.ts
 *
 * Then open http://localhost:8085/. PORT chooses another port.
 */
import { createServer } from 'node:http';
import { Master, streamServers } from 'enslavism';
import { serveWebsite } from '../demo/website.js';

const port = Number(process.env.PORT || 8085);
const server = createServer(serveWebsite(new URL('public/', import.meta.url)));
const shares = streamServers();
const master = new Master(server, { services: [shares] });

// Pages are clients and stream servers here. Nobody registers a game host.
master.on('slaveauth', (_auth, reject) => reject('this master is for files'));
shares.on('server.created', (name) => console.log(`A tab shares files as ${JSON.stringify(name)}`));
shares.on('server.destroyed', (name) => console.log(`${JSON.stringify(name)} is gone`));
master.on('error', (error) => {
	console.error(error);
	process.exitCode = 1;
});

server.listen(port, () => console.log(`http://localhost:${master.address()?.port}/`));

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
	process.once(signal, async () => {
		await master.close();
		server.close();
		server.closeAllConnections();
	});
}
