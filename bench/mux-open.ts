/**
 * What does a stream cost? Open, write 100 B, read 100 B, close, as often as it goes, beside a TCP connection for each
 * such exchange; and the memory of idle streams. Two processes over loopback.
 *
 *     npx tsx bench/mux-open.ts [rounds]
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MuxClient, MuxServer } from '../src/mux/node/index.js';
import { end, median, other, report } from './mux-support.js';

const MESSAGE = Buffer.alloc(100, 'x');
const AT_ONCE = 64;
const STREAMS = 20_000;
const SOCKETS = 4000;
const IDLE = 10_000;

/** One exchange; resolves when both directions have ended. */
function exchange(stream: Duplex): Promise<void> {
	return new Promise((resolve, reject) => {
		let bytes = 0;
		stream.on('data', (part: Buffer) => {
			bytes += part.length;
		});
		stream.on('end', () => (bytes === MESSAGE.length ? resolve() : reject(new Error(`${bytes} bytes came back`))));
		stream.on('error', reject);
		stream.end(MESSAGE);
	});
}

/** How many exchanges there are in a second. */
async function rate(open: () => Duplex, count: number): Promise<number> {
	let left = count;
	const worker = async (): Promise<void> => {
		while (left-- > 0) await exchange(open());
	};
	const from = performance.now();
	await Promise.all(Array.from({ length: AT_ONCE }, worker));
	return (count / (performance.now() - from)) * 1000;
}

function answer(stream: Duplex): void {
	stream.on('data', (part: Buffer) => stream.write(part));
	stream.on('end', () => stream.end());
	stream.on('error', () => {});
}

/** The answering process: its ports, and the memory that idle streams take there. */
async function serve(): Promise<void> {
	const server = new MuxServer(0);
	const sockets = createServer({ allowHalfOpen: true }, answer).listen(0);
	await Promise.all([server.ready, once(sockets, 'listening')]);
	let idle = 0;
	let before = 0;
	server.on('connection', (connection) =>
		connection.on('stream', (stream) => {
			if (stream.meta !== 'idle') return answer(stream);
			if (++idle === IDLE) process.send?.({ idle: (memory() - before) / IDLE });
		}),
	);
	process.on('message', () => {
		before = memory();
		process.send?.({});
	});
	process.send?.({ mux: server.address()?.port, tcp: (sockets.address() as AddressInfo).port });
}

const notYet = (): void => {};
let collect = notYet;

/** Bytes in use, after a collection. */
function memory(): number {
	if (collect === notYet) {
		setFlagsFromString('--expose-gc');
		collect = runInNewContext('gc') as () => void;
	}
	collect();
	collect();
	const { heapUsed, external } = process.memoryUsage();
	return heapUsed + external;
}

interface Told {
	mux?: number;
	tcp?: number;
	idle?: number;
}

async function measureAll(rounds: number): Promise<void> {
	const child = other(import.meta.url, 'serve');
	const [{ mux = 0, tcp = 0 }] = (await once(child, 'message')) as [Told];
	const client = new MuxClient(mux);
	await client.ready;
	await rate(() => client.openStream(), STREAMS);
	const streams: number[] = [];
	const sockets: number[] = [];
	for (let round = 0; round < rounds; round++) {
		sockets.push(await rate(() => connect(tcp), SOCKETS));
		streams.push(await rate(() => client.openStream(), STREAMS));
	}
	console.log(`a TCP connection for each: ${median(sockets).toFixed(0)} a second`);
	report('exchanges a second', median(streams), 10_000);
	report('exchanges a second / a TCP connection for each', median(streams) / median(sockets), 1);

	child.send('measure');
	await once(child, 'message');
	const before = memory();
	const idle = new Set<Duplex>();
	const theirs = once(child, 'message');
	for (let i = 0; i < IDLE; i++) idle.add(client.openStream('idle'));
	const [{ idle: there = 0 }] = (await theirs) as [Told];
	await client.ping();
	const here = (memory() - before) / IDLE;
	report('bytes an idle stream, where it was opened', here, 2048, here <= 2048);
	report('bytes an idle stream, at the other end', there, 2048, there <= 2048);
	client.destroy();
	await end(child);
	process.exit(idle.size === IDLE ? 0 : 1);
}

const [, , role = ''] = process.argv;
if (role === 'serve') await serve();
else await measureAll(Number(role || 5));
