/**
 * What does the relay carry? Throughput of one session at 1 KiB and 16 KiB, beside a bare pipe of `ws` sockets through
 * one hop; and how long the messages of another session take, 20 a second, while one keeps the relay as busy as it can.
 * All on loopback, with a process for the slave, the master and each client.
 */
import { Child } from './support/child.js';
import type { EndApi } from './support/end.js';
import { type Pair, startPair } from './support/pair.js';
import { judge, show } from './support/report.js';
import { median, quantile, wait } from './support/stats.js';
import { throughput } from './support/throughput.js';

const SIZES = [1024, 16 * 1024];
const ROUNDS = 9;

const PROBE_HZ = 20;
const PROBE_MS = 15_000;

/** Times in ms of the echoes of another client at the same slave, while the first one is busy or idle. */
async function probe({ client, url }: Pair, busy: boolean): Promise<number[]> {
	const other = new Child<EndApi>('./end.ts', ['relay', url]);
	const [bulk, echo] = [await client.call('open', 1, 'bulk', {}), await other.call('open', 1, 'echo', {})];
	const blasting = busy ? client.call('blast', bulk, 16 * 1024, PROBE_MS + 1000) : undefined;
	await wait(500);
	const { sent, took } = await other.call('probe', echo, 64, PROBE_HZ, PROBE_MS);
	await blasting;
	await other.stop();
	if (took.length !== sent) throw new Error(`${sent - took.length} of ${sent} messages did not come back in time`);
	return took;
}

const pairs = { relay: await startPair('relay'), hop: await startPair('hop') };
for (const size of SIZES) {
	const channels = {
		relay: await pairs.relay.client.call('open', 1, 'bulk', {}),
		hop: await pairs.hop.client.call('open', 1, 'bulk', {}),
	};
	const rates = { relay: [] as number[], hop: [] as number[] };
	for (let round = 0; round < ROUNDS; round++) {
		for (const kind of ['relay', 'hop'] as const) {
			rates[kind].push(await throughput(pairs[kind], channels[kind], size));
		}
	}
	const ratios = rates.relay.map((rate, round) => rate / (rates.hop[round] ?? Number.NaN));
	show(`${size} bytes`, median(rates.relay), 'messages/s', 'bare ws', median(rates.hop));
	judge(`throughput at ${size} bytes, relay / bare ws pipe`, median(ratios), { atLeast: 0.5 });
}
await pairs.hop.stop();

const [idle, busy] = [await probe(pairs.relay, false), await probe(pairs.relay, true)];
for (const q of [0.5, 0.99])
	show(`echo, quantile ${q}, relay busy`, quantile(busy, q), 'ms', 'idle', quantile(idle, q));
judge('p99 of echoes beside a session that saturates the relay', quantile(busy, 0.99), { atMost: 20 }, 'ms');
await pairs.relay.stop();
