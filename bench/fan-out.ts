/**
 * What does a live directory cost? 1 000 clients on one master while each of 200 slaves changes its user data once a
 * second: how many frames each client receives, and the master's CPU; beside it a server that broadcasts every change
 * as it comes. And the memory of 5 000 clients that do nothing.
 */
import { Child } from './support/child.js';
import type { LinksApi } from './support/links.js';
import type { MasterApi } from './support/master.js';
import { judge, show } from './support/report.js';
import { short, wait } from './support/stats.js';
import { UNLIMITED_RATES } from './support/unlimited.js';

const CLIENTS = 1000;
const SLAVES = 200;
const TICK_MS = 20;
const IDLE_CLIENTS = 5000;
const MEASURED_MS = 8000;
const LINKS = './links.ts';

interface Load {
	/** Frames a second that the busiest client received. */
	frames: number;
	/** Changes a second that the slaves made. */
	changes: number;
	/** Share of a core. */
	cpu: number;
	/** CPU for bringing one change to every client, in ms. */
	perChange: number;
}

async function load(program: string): Promise<Load> {
	const server = new Child<MasterApi>(program);
	const origin = `ws://localhost:${await server.call('start', 0, { limits: UNLIMITED_RATES })}`;
	const clients = new Child<LinksApi>(LINKS);
	const slaves = new Child<LinksApi>(LINKS);
	await slaves.call('slaves', origin, SLAVES);
	await clients.call('clients', origin, CLIENTS);
	await wait(1000);
	const updating = slaves.call('update', MEASURED_MS + 500);
	await wait(500);
	await clients.call('frames');
	const before = await server.call('sample');
	await wait(MEASURED_MS);
	const after = await server.call('sample');
	const counted = await clients.call('frames');
	const changes = ((await updating) * 1000) / (MEASURED_MS + 500);
	await Promise.all([clients.stop(), slaves.stop(), server.stop()]);
	const seconds = (after.at - before.at) / 1000;
	const frames = Math.max(...counted) / seconds;
	const cpu = (after.cpu - before.cpu) / 1e6 / seconds;
	// A broadcast that cannot keep up has brought fewer changes than were made.
	const brought = program === './master.ts' ? changes : frames;
	return { frames, changes, cpu, perChange: (cpu * 1000) / brought };
}

/** Memory of the master for each client that is only linked, in KiB. */
async function idleMemory(): Promise<number> {
	const master = new Child<MasterApi>('./master.ts', [], { node: ['--expose-gc'] });
	const origin = `ws://localhost:${await master.call('start', 0, { limits: UNLIMITED_RATES })}`;
	const clients = [new Child<LinksApi>(LINKS), new Child<LinksApi>(LINKS)];
	const each = IDLE_CLIENTS / clients.length;
	// The first hundred pay for what is loaded on first use.
	await clients[0]?.call('clients', origin, 100);
	const before = await master.call('sample');
	await Promise.all(clients.map((child) => child.call('clients', origin, each)));
	await wait(1000);
	const after = await master.call('sample');
	await Promise.all([master, ...clients].map((child) => child.stop()));
	return (after.rss - before.rss) / IDLE_CLIENTS / 1024;
}

const ours = await load('./master.ts');
const broadcast = await load('./broadcast.ts');
show('CPU for a change to all clients', ours.perChange, 'ms', 'broadcast', broadcast.perChange);
show('CPU', 100 * ours.cpu, '% of a core', 'broadcast', 100 * broadcast.cpu);
show('frames to a client', ours.frames, 'a second', 'broadcast', broadcast.frames);
console.log(`  changes made: ${short(ours.changes)} a second, broadcast ${short(broadcast.changes)}`);
judge('frames to a client a second', ours.frames, { atMost: 1000 / TICK_MS });
judge(`memory of each of ${IDLE_CLIENTS} idle clients`, await idleMemory(), { atMost: 16 }, 'KiB');
