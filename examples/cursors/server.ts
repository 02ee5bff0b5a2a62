/**
 * A wall that everybody who looks at it shares: notes in a shared state of the master, and cursors and ink that go from
 * browser to browser.
 *
 *     npx tsx examples/cursors/server.ts
 *
 * Then http://localhost:8082/ in two windows, or on a phone in the same network. PORT chooses another port.
 */
import { createServer } from 'node:http';
import { Master, relay, sharedState } from 'enslavism';
import { serveWebsite } from '../demo/website.js';

const port = Number(process.env.PORT || 8082);
const server = createServer(serveWebsite(new URL('public/', import.meta.url)));
const master = new Master(server, { services: [sharedState(), relay()] });
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
