/**
 * The smallest master: keeps the list of slaves, and serves the page.
 *
 *     npx tsx examples/minimal/master.ts
 *
 * Then, in another terminal, slave.ts; and in a browser http://localhost:8081/. PORT chooses another port.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Master } from 'enslavism';

const port = Number(process.env.PORT || 8081);
const page = readFileSync(new URL('index.html', import.meta.url));

const server = createServer((_request, response) => {
	response.setHeader('content-type', 'text/html; charset=utf-8');
	response.end(page);
});
const master = new Master(server);

master.on('slaveadded', (slave) => console.log('A slave is here:', slave.userData));
master.on('slaveremoved', (slave) => console.log('A slave is gone:', slave.userData));
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
