/**
 * Do the project's SCTP settings, a longer delay of acknowledgements above all, cost anything where packets are lost?
 * Bulk throughput and echo latency of reliable channels under 5 % loss each way and 20 ms of round trip, ours and raw
 * node-datachannel with its default settings at the same time on the same road. Needs root, TUN and Python 3.
 */
import { whyNoNetlab } from '../test/netlab/netlab.js';
import { openNetwork } from './support/netns.js';
import { type Pair, startPair } from './support/pair.js';
import { judge, show } from './support/report.js';
import { quantile, wait } from './support/stats.js';

const ONE_WAY_MS = 10;
const LOSS_PERCENT = 5;
const CONNECTIONS = 6;
const BULK_MS = 20_000;
const ECHO_MS = 15_000;
const ECHO_HZ = 20;
/** How much of a difference is the luck of the draw. */
const LUCK = 0.1;

/** Bytes a second over all connections, each kept full. */
async function bulk({ server, client }: Pair): Promise<number> {
	const first = await client.call('open', CONNECTIONS, 'bulk', {});
	const blasts = Array.from({ length: CONNECTIONS }, (_, n) => client.call('blast', first + n, 1024, BULK_MS + 1500));
	await wait(1000);
	const before = await server.call('sample');
	await wait(BULK_MS);
	const after = await server.call('sample');
	await Promise.all(blasts);
	return ((after.bytes - before.bytes) / (after.at - before.at)) * 1000;
}

/** How long echoes took, in ms. */
async function echoes({ client }: Pair): Promise<number[]> {
	const first = await client.call('open', CONNECTIONS, 'echo', {});
	const probes = Array.from({ length: CONNECTIONS }, (_, n) => client.call('probe', first + n, 64, ECHO_HZ, ECHO_MS));
	return (await Promise.all(probes)).flatMap(({ took }) => took);
}

/** Measures both at the same time: each connection has its own luck, and the road is never full. */
async function both<T>(measure: (pair: Pair) => Promise<T>, places: Parameters<typeof startPair>[1]): Promise<[T, T]> {
	const pairs = [await startPair('ours', places), await startPair('raw', places)] as const;
	const measured = await Promise.all([measure(pairs[0]), measure(pairs[1])]);
	await Promise.all(pairs.map((pair) => pair.stop()));
	return measured;
}

const network = await openNetwork(ONE_WAY_MS, LOSS_PERCENT);
if (network === undefined) {
	console.log(`  not measured: a network that loses packets ${whyNoNetlab()}`);
} else {
	try {
		const [ourBulk, rawBulk] = await both(bulk, network.places);
		show('bulk', ourBulk / 1000, 'kB/s', 'raw', rawBulk / 1000);
		const [ours, raw] = await both(echoes, network.places);
		for (const q of [0.5, 0.95, 0.99]) show(`echo, quantile ${q}`, quantile(ours, q), 'ms', 'raw', quantile(raw, q));
		judge('bulk throughput under loss, ours / raw', ourBulk / rawBulk, { atLeast: 1 - LUCK });
		judge('median echo under loss, ours / raw', quantile(ours, 0.5) / quantile(raw, 0.5), { atMost: 1 + LUCK });
		judge('p95 of echoes under loss, ours / raw', quantile(ours, 0.95) / quantile(raw, 0.95), { atMost: 1 + LUCK });
	} finally {
		await network.close();
	}
}
