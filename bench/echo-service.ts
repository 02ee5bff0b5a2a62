/**
 * How old is a message when everybody has it? One writer with 1 000 messages a second in an echo namespace, 200 readers;
 * writer, readers and master are processes of their own. Beside it the plainest echo on `ws`: one write for each message
 * and reader.
 */
import WebSocket from 'ws';
import { Child } from './support/child.js';
import type { NamespaceApi } from './support/namespace-process.js';
import type { ReadersApi } from './support/readers-process.js';
import { judge, show } from './support/report.js';
import { wait } from './support/stats.js';

const READERS = 200;
const RATE = 1000;
const BYTES = 64;
const WARM_UP_MS = 1000;
const RUN_MS = 5000;

interface Figures {
	/** Ages in ms. */
	median: number;
	p99: number;
	/** Messages that arrived, of those that should. */
	share: number;
	/** CPU of the server, and of the readers, in cores. */
	cores: number;
	readerCores: number;
}

/** Writes at the rate for some time; tells how many messages there were. */
async function write(socket: WebSocket, ms: number): Promise<number> {
	const started = performance.now();
	let sent = 0;
	for (let passed = 0; passed < ms; passed = performance.now() - started) {
		for (; sent < (passed * RATE) / 1000; sent++) {
			const message = Buffer.alloc(BYTES);
			message.writeBigUInt64LE(process.hrtime.bigint(), 0);
			socket.send(message);
		}
		await wait(1);
	}
	return sent;
}

async function run(kind: 'ours' | 'plain'): Promise<Figures> {
	const server = new Child<NamespaceApi>('./namespace-process.ts', [kind]);
	const readers = new Child<ReadersApi>('./readers-process.ts');
	const url = `ws://localhost:${await server.call('start')}/enslavism/echo/bench`;
	await readers.call('open', url, READERS);
	const writer = new WebSocket(url, { perMessageDeflate: false });
	await new Promise((resolve) => writer.once('open', resolve));
	await write(writer, WARM_UP_MS);
	await wait(500);
	await readers.call('reset');
	const before = [await server.call('cpu'), await readers.call('cpu')] as const;
	const sent = await write(writer, RUN_MS);
	const cores = ((await server.call('cpu')) - before[0]) / RUN_MS / 1000;
	const readerCores = ((await readers.call('cpu')) - before[1]) / RUN_MS / 1000;
	await wait(1000);
	const { count, median, p99 } = await readers.call('ages');
	writer.terminate();
	await Promise.all([server.stop(), readers.stop()]);
	return { median, p99, share: count / (sent * READERS), cores, readerCores };
}

const plain = await run('plain');
const ours = await run('ours');
show('median age', ours.median, 'ms', 'plain', plain.median);
show('p99', ours.p99, 'ms', 'plain', plain.p99);
show('CPU of the server', ours.cores, 'cores', 'plain', plain.cores);
show('CPU of the readers', ours.readerCores, 'cores', 'plain', plain.readerCores);
show('messages that arrived', ours.share, 'of 1', 'plain', plain.share);
judge(`p99 of ${RATE} messages/s to ${READERS} readers`, ours.p99, { atMost: 50 }, 'ms');
judge('messages that arrived', ours.share, { atLeast: 1 }, 'of 1');
