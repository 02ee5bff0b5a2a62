/**
 * What does a game's traffic cost its server? CPU of the slave's process for each message that it echoes, with 200
 * clients that each send 20 small unreliable messages a second; beside it raw node-datachannel with its default
 * settings in the same layout. The clients run in a process of their own.
 */
import { alternate, type Pair, startPair } from './support/pair.js';
import type { Kind } from './support/pipe.js';
import { judge, show } from './support/report.js';
import { median, wait } from './support/stats.js';

const ROUNDS = 9;
const CLIENTS = 200;
const HZ = 20;
const BYTES = 64;
const WARM_UP_MS = 300;
const MEASURED_MS = 2000;

/** Two processes with all clients connected. */
async function connected(kind: Kind): Promise<Pair> {
	const pair = await startPair(kind);
	await pair.client.call('open', CLIENTS, 'echo', { ordered: false, maxRetransmits: 0 });
	return pair;
}

/** CPU of the server in µs for each echo. */
async function cpuPerEcho({ server, client }: Pair): Promise<number> {
	const chatter = client.call('chatter', BYTES, HZ, WARM_UP_MS + MEASURED_MS + 100);
	await wait(WARM_UP_MS);
	const before = await server.call('sample');
	await wait(MEASURED_MS);
	const after = await server.call('sample');
	await chatter;
	const rate = ((after.messages - before.messages) / (after.at - before.at)) * 1000;
	if (rate < 0.9 * CLIENTS * HZ)
		console.log(`  only ${Math.round(rate)} messages a second were echoed: the machine is busy`);
	return (after.cpu - before.cpu) / (after.messages - before.messages);
}

const pairs: Record<Kind, Pair> = { ours: await connected('ours'), raw: await connected('raw') };
const rounds = await alternate(ROUNDS, (kind) => cpuPerEcho(pairs[kind]));
await Promise.all([pairs.ours.stop(), pairs.raw.stop()]);
show('CPU an echo', median(rounds.map(({ ours }) => ours)), 'µs', 'raw', median(rounds.map(({ raw }) => raw)));
judge('CPU an echo, ours / raw', median(rounds.map(({ ours, raw }) => ours / raw)), { atMost: 0.85 });
