/**
 * How do 5 000 clients get over a restart of their master? The master closes and starts again at once; from then until the last
 * list is right, and how many come in the busiest second. Beside it the same where everybody is told to come at once. And what
 * the heartbeat costs while they idle, beside a master whose heart does not beat.
 */
import { Child } from './support/child.js';
import type { ClientsApi } from './support/clients-process.js';
import type { MasterApi } from './support/master.js';
import { judge, show } from './support/report.js';
import { wait } from './support/stats.js';

const CLIENTS = 5_000;
const SLAVES = 20;
const SPREAD = 10_000;
const IDLE = 20_000;
const SECRET = 'a secret of the benches';

const running: Child<MasterApi>[] = [];

async function start(port: number, heartbeat?: number): Promise<{ master: Child<MasterApi>; port: number }> {
	const master = new Child<MasterApi>('master.ts', [], { node: ['--expose-gc'] });
	running.push(master);
	const options = { secret: SECRET, ...(heartbeat !== undefined && { heartbeat }) };
	return { master, port: await master.call('start', port, options) };
}

/** Share of a core that a master needs while nothing happens. */
async function idle(master: Child<MasterApi>): Promise<number> {
	const before = await master.call('sample');
	await wait(IDLE);
	const after = await master.call('sample');
	return (after.cpu - before.cpu) / 1000 / (after.at - before.at);
}

interface Return {
	/** Until the last list was right, and until the last client was linked, in ms. */
	took: number;
	last: number;
	/** Clients that came in the busiest second. */
	busiest: number;
	removed: number;
}

/** Closes a master and starts the next one. */
async function restart(master: Child<MasterApi>, spread: number, heartbeat?: number) {
	await clients.call('forget');
	const started = Date.now();
	await master.call('close', spread);
	await master.stop();
	const next = await start(port, heartbeat);
	for (;;) {
		await wait(100);
		const { returned, right, removed } = await clients.call('state');
		if (right < CLIENTS && Date.now() - started < 60_000) continue;
		const seconds = new Map<number, number>();
		for (const at of returned) {
			const second = Math.floor((at - started) / 1000);
			seconds.set(second, (seconds.get(second) ?? 0) + 1);
		}
		const result: Return = {
			took: Date.now() - started,
			last: Math.max(...returned) - started,
			busiest: Math.max(...seconds.values()),
			removed,
		};
		return { master: next.master, result };
	}
}

const first = await start(0);
const { port } = first;
const clients = new Child<ClientsApi>('clients-process.ts');
const url = `ws://localhost:${port}`;
await clients.call('slaves', url, SLAVES);
await wait(500);
const empty = await first.master.call('sample');
await clients.call('open', url, CLIENTS);
await wait(2000);
const full = await first.master.call('sample');
const beating = await idle(first.master);

const spread = await restart(first.master, SPREAD, 600_000);
const still = await idle(spread.master);
const atOnce = await restart(spread.master, 0);

console.log(`${CLIENTS} clients, ${SLAVES} slaves, master told them to come back within ${SPREAD} ms`);
show('until the last list is right', spread.result.took, 'ms', 'all at once', atOnce.result.took);
show('busiest second', spread.result.busiest, 'clients', 'all at once', atOnce.result.busiest);
show('idle', 100 * beating, '% of a core', 'without heartbeat', 100 * still);
judge('the last list is right after', spread.result.took, { atMost: SPREAD + 5000 }, 'ms');
judge('clients in the busiest second', spread.result.busiest, { atMost: (2 * CLIENTS * 1000) / SPREAD });
judge('slaves that clients saw leave', spread.result.removed, { atMost: 0 });
judge('CPU of the heartbeat', 100 * (beating - still), { atMost: 3 }, '% of a core');
judge('memory of a client at the master', (full.rss - empty.rss) / CLIENTS / 1024, { atMost: 24 }, 'KiB');
await Promise.all([...running, clients].map((child) => child.stop()));
