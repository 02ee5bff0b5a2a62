/**
 * How long does it take to open a channel when every two hosts are 100 ms apart? Chromium, Firefox and Node, from the
 * call of `createDataChannel` on an idle, connected `MasterConnection`, with the master on the slave's host and on a
 * third one; beside it geckos.io 3.1, whose signalling server is its game server. Root, Linux and Python 3.
 * `connect-wan.ts Chromium` measures one kind of client.
 */
import { ClientActor, type ClientKind, MasterActor, SlaveActor } from '../test/netlab/actor.js';
import { Netlab, whyNoNetlab } from '../test/netlab/netlab.js';
import { Child } from './support/child.js';
import { installGeckos } from './support/geckos.js';
import type { GeckosApi } from './support/geckos-process.js';
import { judge } from './support/report.js';
import { median, short } from './support/stats.js';
import { beBrowserForGeckos, type Connected, connectGeckos, connectOnce, meetSlave } from './support/wan-pages.js';

const ROUNDS = 10;
const RTT_MS = 100;

/** Two roads, both ways. */
const ROAD = { delay: RTT_MS / 4 };

const PLACES = ['beside the slave', 'on a third host'] as const;

/** Targets in round trips: with the master beside the slave, and on a third host. */
const RESOLVED = [1.2, 2.2] as const;
const EAGER_ECHO = [1.3, 2.3] as const;
const ON_UDP: Record<ClientKind, readonly [number, number]> = {
	Chromium: [5, 5.5],
	Firefox: [6, 6.5],
	Node: [5.5, 6],
};

/** Median and maximum, in round trips. */
function inRtt(times: number[]): { middle: number; most: number } {
	return { middle: median(times) / RTT_MS, most: Math.max(...times) / RTT_MS };
}

function report(what: string, times: number[], target?: number): void {
	const { middle, most } = inRtt(times);
	if (target !== undefined) judge(`${what}, median`, middle, { atMost: target }, 'RTT');
	else console.log(`  ${what}, median: ${short(middle)} RTT`);
	console.log(`  ${' '.repeat(6)}maximum of ${times.length}: ${short(most)} RTT`);
}

async function repeat(connect: () => Promise<Connected>): Promise<Connected[]> {
	// The first one finds cold caches, and programs that have not run yet.
	await connect();
	const measured: Connected[] = [];
	for (let round = 0; round < ROUNDS; round++) measured.push(await connect());
	return measured;
}

async function measureOurs(kind: ClientKind, client: ClientActor, url: string, place: 0 | 1): Promise<void> {
	await client.visit(url);
	await client.run(meetSlave);
	const plain = await repeat(() => client.run(connectOnce, false));
	const eager = await repeat(() => client.run(connectOnce, true));
	const where = `${kind}, master ${PLACES[place]}`;
	report(
		`${where}: createDataChannel resolved`,
		plain.map(({ resolved }) => resolved),
		RESOLVED[place],
	);
	report(
		`${where}: first echo with eager`,
		eager.map(({ echoed }) => echoed),
		EAGER_ECHO[place],
	);
	report(
		`${where}: channel on UDP`,
		plain.map(({ rtc }) => rtc),
		ON_UDP[kind][place],
	);
}

async function measureGeckos(kind: ClientKind, client: ClientActor, url: string, modules: string): Promise<void> {
	await client.visit(url);
	if (kind === 'Node') await client.run(beBrowserForGeckos, modules);
	const measured = await repeat(() => client.run(connectGeckos, url));
	report(
		`${kind}, geckos.io: connected, on UDP`,
		measured.map(({ rtc }) => rtc),
	);
	report(
		`${kind}, geckos.io: first echo`,
		measured.map(({ echoed }) => echoed),
	);
}

async function main(kinds: ClientKind[]): Promise<void> {
	const lab = Netlab.open();
	const actors: { close(): Promise<void> }[] = [];
	try {
		const [slaveHost, thirdHost] = [await lab.host('slave', ROAD), await lab.host('third', ROAD)];
		const masters = [await MasterActor.open(slaveHost), await MasterActor.open(thirdHost)];
		const slave = new SlaveActor(slaveHost);
		actors.push(...masters, slave);
		for (const { url } of masters) await slave.register(url, 'bench');
		const modules = installGeckos();
		let geckos = '';
		if (modules === undefined) console.log('  geckos.io is not measured: it cannot be installed');
		else {
			const child = new Child<GeckosApi>('./geckos-process.ts', [modules], { netns: slaveHost.namespace });
			actors.push({ close: () => child.stop() });
			geckos = `http://${slaveHost.address}:${await child.call('start')}/`;
		}
		for (const kind of kinds) {
			const client = await ClientActor.open(await lab.host(kind.toLowerCase(), ROAD), kind);
			actors.push(client);
			await measureOurs(kind, client, masters[0]?.url ?? '', 0);
			await measureOurs(kind, client, masters[1]?.url ?? '', 1);
			if (modules !== undefined) await measureGeckos(kind, client, geckos, modules);
			await client.close();
		}
	} finally {
		await Promise.all(actors.map((actor) => actor.close()));
		await lab.close();
	}
}

const KINDS: ClientKind[] = ['Chromium', 'Firefox', 'Node'];
const missing = whyNoNetlab();
if (missing !== undefined) console.log(`  not measured: a network ${missing}`);
else await main(KINDS.filter((kind) => process.argv.length < 3 || process.argv.includes(kind)));
