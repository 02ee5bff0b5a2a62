/**
 * The demo: `npm start`. One master with a page, and two slaves, each a process of its own. Ctrl-C ends all of it.
 *
 * PORT is where the page is, 8080 by default.
 */
import { createServer } from 'node:http';
import { networkInterfaces } from 'node:os';
import { type EnslavismError, Master } from 'enslavism';
import { SlaveProcess } from './slave-process.js';
import { serveWebsite } from './website.js';

const port = Number(process.env.PORT || 8080);
if (!(Number.isInteger(port) && port >= 0 && port <= 65_535)) fail(`PORT must be a number from 0 to 65535.`);

const server = createServer(serveWebsite(new URL('public/', import.meta.url)));
const master = new Master(server);
master.on('slaveauth', (_auth, reject, { address }) => {
	if (!isLoopback(address)) reject('only slaves on the same machine may register with the demo');
});
master.on('error', () => {});
server.listen(port);
try {
	await master.ready;
} catch (error) {
	fail(explain(error as EnslavismError));
}

const at = master.address()?.port ?? port;
const slaves = [
	new SlaveProcess('Aurora', { places: 12, hue: 165, master: `ws://localhost:${at}` }),
	new SlaveProcess('Ember', { places: 4, hue: 18, master: `ws://localhost:${at}` }),
];
let stopping = false;
process.on('SIGINT', () => void stop('at once'));
process.on('SIGTERM', () => void stop('when players have finished'));

console.log(`\n  Open  http://localhost:${at}/  in two windows.`);
for (const address of otherAddresses()) console.log(`  On a phone in the same network:  http://${address}:${at}/`);
console.log('  Ctrl-C ends the demo.\n');

/** Ends everything; the process then ends by itself. Ctrl-C may arrive twice: from the terminal, and from npm. */
async function stop(when: 'at once' | 'when players have finished'): Promise<void> {
	if (stopping) return;
	stopping = true;
	await Promise.all(slaves.map((slave) => slave.stop(when)));
	await master.close();
	server.close();
	server.closeAllConnections();
}

function isLoopback(address: string): boolean {
	return address === '::1' || /^(::ffff:)?127\./.test(address);
}

function otherAddresses(): string[] {
	return Object.values(networkInterfaces())
		.flatMap((each) => each ?? [])
		.filter(({ family, internal }) => family === 'IPv4' && !internal)
		.map(({ address }) => address);
}

function explain(error: EnslavismError): string {
	const { code } = (error.cause ?? {}) as NodeJS.ErrnoException;
	if (code === 'EADDRINUSE') return `Port ${port} is taken. Choose another one:  PORT=${port + 1} npm start`;
	if (code === 'EACCES') return `Port ${port} may not be used here. Choose another one:  PORT=8080 npm start`;
	return error.message;
}

function fail(message: string): never {
	console.error(message);
	process.exit(1);
}
