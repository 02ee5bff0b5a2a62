/**
 * How much do the project's channels cost over node-datachannel itself? Throughput and echo latency between two
 * processes, against the same two processes with raw node-datachannel and its default settings.
 */
import { alternate, type Pair, startPair } from './support/pair.js';
import type { Kind } from './support/pipe.js';
import { judge, show } from './support/report.js';
import { median, quantile } from './support/stats.js';
import { throughput } from './support/throughput.js';

/** What is measured, how often (small messages vary most), and what must be reached. */
const SERIES = [
	// Its messages are kept, and acknowledged.
	{ what: 'reliable', options: {}, size: 64, rounds: 13, share: 0.9 },
	{ what: 'reliable', options: {}, size: 1024, rounds: 7, share: 0.9 },
	{ what: 'reliable', options: {}, size: 16 * 1024, rounds: 7, share: 0.9 },
	{ what: 'unreliable', options: { ordered: false, maxRetransmits: 0 }, size: 64, rounds: 13, share: 0.95 },
	{ what: 'unreliable', options: { ordered: false, maxRetransmits: 0 }, size: 1024, rounds: 7, share: 0.95 },
];
const ECHO_ROUNDS = 10;

const pairs: Record<Kind, Pair> = { ours: await startPair('ours'), raw: await startPair('raw') };

for (const { what, options, size, rounds: count, share } of SERIES) {
	const opened = {
		ours: await pairs.ours.client.call('open', 1, 'bulk', options),
		raw: await pairs.raw.client.call('open', 1, 'bulk', options),
	};
	const rounds = await alternate(count, (kind) => throughput(pairs[kind], opened[kind], size));
	show(
		`${what}, ${size} bytes`,
		median(rounds.map(({ ours }) => ours)),
		'messages/s',
		'raw',
		median(rounds.map(({ raw }) => raw)),
	);
	judge(`throughput, ${what}, ${size} bytes, ours / raw`, median(rounds.map(({ ours, raw }) => ours / raw)), {
		atLeast: share,
	});
}

const echo = {
	ours: await pairs.ours.client.call('open', 1, 'echo', {}),
	raw: await pairs.raw.client.call('open', 1, 'echo', {}),
};
const rounds = await alternate(ECHO_ROUNDS, (kind) => pairs[kind].client.call('pingPong', echo[kind], 64, 2000));
for (const q of [0.5, 0.99]) {
	const ours = median(rounds.map((round) => quantile(round.ours, q)));
	show(`echo of 64 bytes, quantile ${q}`, ours, 'ms', 'raw', median(rounds.map((round) => quantile(round.raw, q))));
}
judge('echo latency, ours / raw', median(rounds.map(({ ours, raw }) => median(ours) / median(raw))), { atMost: 1.1 });

await Promise.all([pairs.ours.stop(), pairs.raw.stop()]);
