/** Sends files to `server.ts`, all at the same time, each over a stream of its own. See there how it is run. */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { MuxClient, util } from '../../src/mux/node/index.js';

const [, , port = '12345', ...files] = process.argv;
const client = new MuxClient(Number(port));

client.on('stream', async (stream) => {
	for await (const text of stream) process.stdout.write(`server: ${text}`);
	stream.end();
});
client.on('error', (error) => {
	console.error(error.message);
	process.exitCode = 1;
});

async function send(file: string): Promise<void> {
	const { size } = await stat(file);
	// It can be written to at once; the server need not have answered.
	const stream = client.openStream({ file: basename(file), size });
	// The server ends its direction when the file is where it belongs.
	const arrived = new Promise((resolve, reject) => stream.once('end', resolve).once('error', reject));
	let shown = 0;
	await util.sendFile(file, stream, {
		progress: (bytes) => {
			const quarters = Math.floor((bytes / size) * 4);
			if (quarters === shown) return;
			shown = quarters;
			console.log(`${file}: ${quarters * 25} %`);
		},
	});
	await arrived;
}

await client.ready;
await Promise.all(files.map(send));
console.log(`sent ${files.length} files, round trip ${(await client.ping()).toFixed(2)} ms`);
await client.close();
