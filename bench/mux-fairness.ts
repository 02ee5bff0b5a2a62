/**
 * Do streams share a connection fairly, and does one that nobody reads slow the others? Two processes over loopback,
 * all streams written to as fast as they go; speeds are those of a fixed time after all have begun.
 *
 *     npx tsx bench/mux-fairness.ts [rounds]
 */
import { MuxClient, MuxServer, type MuxStream } from '../src/mux/node/index.js';
import { end, median, other, pour, report } from './mux-support.js';

const STREAMS = 100;
const SECONDS = 2;
const PIECE = Buffer.alloc(64 * 1024);
const WINDOW_KIB = 256;

interface Shares {
	/** Megabytes a second of each stream that is read. */
	speeds: number[];
	/** Bytes kept for the stream that is not. */
	held: number;
}

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);

/** Streams that are read, and one that is not if `isStalled`. */
async function share(count: number, isStalled: boolean): Promise<Shares> {
	const server = new MuxServer(0);
	await server.ready;
	const bytes = new Map<MuxStream, number>();
	let from = 0;
	// What has arrived of the one that nobody reads: with nothing used up, all that its window has lost.
	let held = () => 0;
	const isOver = new Promise<void>((resolve) => {
		server.on('connection', (each) => {
			each.on('stream', (stream) => {
				if (stream.meta === 'stalled') {
					const inside = each.session.streams.get(stream.id);
					held = () => (inside === undefined ? 0 : inside.fullWindow - inside.window);
					return;
				}
				bytes.set(stream, 0);
				stream.on('data', (part) => bytes.set(stream, (bytes.get(stream) ?? 0) + part.length));
				if (bytes.size < count) return;
				setTimeout(() => {
					for (const each of bytes.keys()) bytes.set(each, 0);
					from = performance.now();
					setTimeout(resolve, SECONDS * 1000);
				}, 300);
			});
		});
	});
	const child = other(import.meta.url, 'send', server.address()?.port ?? 0, count, isStalled ? 1 : 0);
	await isOver;
	const ms = performance.now() - from;
	const speeds = [...bytes.values()].map((each) => each / 1000 / ms);
	const heldBytes = held();
	await server.close({ force: true });
	await end(child);
	return { speeds, held: heldBytes };
}

async function send(port: number, count: number, isStalled: boolean): Promise<void> {
	const client = new MuxClient(port);
	client.on('close', () => process.exit());
	const streams = Array.from({ length: count }, () => client.openStream());
	if (isStalled) streams.push(client.openStream('stalled'));
	for (const stream of streams) void pour(stream, PIECE, Number.POSITIVE_INFINITY).catch(() => {});
}

async function measureAll(rounds: number): Promise<void> {
	const fair: number[] = [];
	const ratios: number[] = [];
	const held: number[] = [];
	for (let round = 0; round < rounds; round++) {
		const { speeds } = await share(STREAMS, false);
		fair.push(Math.min(...speeds) / (sum(speeds) / STREAMS));
		console.log(
			`${STREAMS} streams: ${sum(speeds).toFixed(0)} MB/s together, the slowest ${fair.at(-1)?.toFixed(2)} of its share`,
		);
		// Which of the two goes first changes, so that what else the machine does falls on both.
		const order = round % 2 === 0 ? [false, true] : [true, false];
		const speed = new Map<boolean, number>();
		for (const isStalled of order) {
			const shares = await share(STREAMS - 1, isStalled);
			speed.set(isStalled, sum(shares.speeds));
			if (isStalled) held.push(shares.held);
		}
		ratios.push((speed.get(true) ?? 0) / (speed.get(false) ?? 1));
	}
	report('slowest stream / its fair share', median(fair), 0.5);
	report('99 streams beside one that nobody reads / without it', median(ratios), 0.95);
	report(
		'KiB held for the one that nobody reads',
		Math.max(...held) / 1024,
		WINDOW_KIB,
		Math.max(...held) <= WINDOW_KIB * 1024,
	);
	process.exit();
}

const [, , role = '', port = '', count = '', isStalled = ''] = process.argv;
if (role === 'send') await send(Number(port), Number(count), isStalled === '1');
else await measureAll(Number(role || 5));
