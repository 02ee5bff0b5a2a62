/**
 * Many streams over one TCP connection, between two processes: this one keeps the files that it is sent, and sends
 * each client a log, line by line, over a stream of its own.
 *
 *     npx tsx examples/mux/server.ts received 12345
 *     npx tsx examples/mux/client.ts 12345 README.md LICENSE
 *
 * with the folder for the files, and the port.
 */
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type MuxConnection, MuxServer, type MuxStream, util } from '../../src/mux/node/index.js';

const [, , folder = 'received', port = '12345'] = process.argv;

/** What the client opens a stream with. */
interface FileMeta {
	file: string;
	size: number;
}

async function receive(stream: MuxStream): Promise<void> {
	const { file, size } = stream.meta as FileMeta;
	// Its name, not its path: a client must not choose the folder.
	const name = basename(String(file));
	await util.receiveFile(join(folder, name), stream);
	console.log(`received ${name}, ${size} bytes`);
}

async function log(connection: MuxConnection): Promise<void> {
	const stream = await connection.createStream({ log: 'welcome' });
	stream.write(`hello ${connection.socket.remotePort}\n`);
	stream.end(`files go to ${folder}\n`);
}

await mkdir(folder, { recursive: true });
const server = new MuxServer(Number(port));

server.on('connection', (connection) => {
	const failed = (error: Error) => console.log(`a transfer failed: ${error.message}`);
	connection.on('stream', (stream) => void receive(stream).catch(failed));
	log(connection).catch(failed);
});
server.on('listening', () => console.log(`listening on ${server.address()?.port}`));
server.on('error', (error) => {
	console.error(error.message);
	process.exitCode = 1;
});
process.on('SIGINT', () => void server.close().then(() => process.exit()));
