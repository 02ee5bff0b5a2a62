/**
 * How much goes through a piped connection? One writer and one reader on loopback, which speak WebSocket with frames
 * that were made beforehand, so that the server between them is what is measured: ours, that of `@localfirst/relay`,
 * and a bare pipe from one `ws` socket to another. They take turns; of the rates the best one counts, since whatever else
 * the machine does only makes them worse; of the CPU the median.
 */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { Child } from './support/child.js';
import { judge, show } from './support/report.js';
import { SERVERS, type ServerName, type SignalServerApi } from './support/signal-server-process.js';
import { median } from './support/stats.js';

const SIZES = [1024, 64 * 1024];
const ROUNDS = 15;
const ROUND_MS = 400;
/** What is written at once, at least. */
const BLOCK_BYTES = 256 * 1024;

interface Figures {
	/** MiB/s. */
	rate: number;
	/** CPU of the server, µs a message. */
	cpu: number;
}

/** A WebSocket whose frames are the caller's own. */
async function open(port: number, path: string): Promise<Socket> {
	const socket = connect(port);
	const key = randomBytes(16).toString('base64');
	socket.write(
		`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
			`Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
	);
	const answer: Buffer = await new Promise((resolve) => socket.once('data', resolve));
	if (!answer.toString().startsWith('HTTP/1.1 101')) throw new Error(answer.toString());
	return socket;
}

/** Header of a binary frame (RFC 6455 section 5.2); a client's is masked, here with zeroes. */
function header(size: number, masked: boolean): Buffer {
	const mask = masked ? 0x80 : 0;
	const length =
		size < 0x1_0000 ? Buffer.of(mask | 126, size >> 8, size & 0xff) : Buffer.of(mask | 127, 0, 0, 0, 0, 0, 0, 0, 0);
	if (size >= 0x1_0000) length.writeUInt32BE(size, 5);
	return Buffer.concat([Buffer.of(0x82), length, Buffer.alloc(masked ? 4 : 0)]);
}

async function measure(server: Child<SignalServerApi>, port: number, size: number, id: string): Promise<Figures> {
	const reader = await open(port, `/connection/reader-${id}/writer-${id}/k`);
	const writer = await open(port, `/connection/writer-${id}/reader-${id}/k`);
	let received = 0;
	reader.on('data', (chunk) => {
		received += chunk.length;
	});
	const frame = Buffer.concat([header(size, true), Buffer.alloc(size, 1)]);
	const block = Buffer.concat(Array<Buffer>(Math.ceil(BLOCK_BYTES / frame.length)).fill(frame));
	let writing = true;
	const write = (): void => {
		while (writing && writer.write(block));
	};
	writer.on('drain', write);
	write();
	// It is at full speed now.
	await new Promise((resolve) => setTimeout(resolve, ROUND_MS / 4));
	const [before, first, began] = [await server.call('sample'), received, performance.now()];
	await new Promise((resolve) => setTimeout(resolve, ROUND_MS));
	const [after, last, ended] = [await server.call('sample'), received, performance.now()];
	writing = false;
	for (const socket of [writer, reader]) socket.destroy();
	const bytes = last - first;
	const messages = bytes / (size + header(size, false).length);
	return { rate: bytes / 1024 / 1024 / ((ended - began) / 1000), cpu: (after.cpu - before.cpu) / messages };
}

const children = new Map<ServerName, { child: Child<SignalServerApi>; port: number }>();
for (const name of SERVERS) {
	const child = new Child<SignalServerApi>('./signal-server-process.ts', [name]);
	children.set(name, { child, port: await child.call('start') });
}
for (const size of SIZES) {
	const figures: Record<ServerName, Figures[]> = { ours: [], relay: [], bare: [] };
	for (let round = 0; round <= ROUNDS; round++) {
		for (const [name, { child, port }] of children) {
			const measured = await measure(child, port, size, `${size}-${round}`);
			// The first round only warms up.
			if (round > 0) figures[name].push(measured);
		}
	}
	const rate = (name: ServerName): number => Math.max(...figures[name].map((each) => each.rate));
	const cpu = (name: ServerName): number => median(figures[name].map((each) => each.cpu));
	console.log(`messages of ${size / 1024} KiB`);
	for (const name of ['bare', 'relay'] as const) {
		show('throughput', rate('ours'), 'MiB/s', name, rate(name));
		show('CPU of the server', cpu('ours'), 'µs a message', name, cpu(name));
	}
	judge('throughput, as a share of a bare pipe', rate('ours') / rate('bare'), { atLeast: 0.9 });
	judge("throughput, as a share of the relay's", rate('ours') / rate('relay'), { atLeast: 1 });
}
for (const { child } of children.values()) await child.stop();
