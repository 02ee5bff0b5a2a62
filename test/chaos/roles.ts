/**
 * The processes of the chaos: `node --import tsx roles.ts <role> <args as JSON>`. Each tells its parent what it has seen when it is
 * asked to, and nothing else: whatever goes wrong in it ends the process, which the parent takes for a failure.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Channel, MasterConnection, type SlaveConnection } from '../../src/client/node.js';
import { type ClientConnection, type EnslavismError, Master, Slave } from '../../src/index.js';

/** What a slave says of itself. */
export interface SlaveReport {
	id: string;
	state: string;
	/** Ids of clients with an open session. */
	clients: string[];
	received: number;
	violations: string[];
}

/** What a client says of itself. */
export interface ClientReport {
	id: string | undefined;
	state: string;
	/** Ids of the slaves in its list, and of those with an open session. */
	slaves: string[];
	sessions: string[];
	sent: number;
	/** Channels on which every message came back, and those that were cut before. */
	completed: number;
	cut: number;
	reconnected: number;
	/** How often opening failed, by code. */
	failures: Record<string, number>;
	violations: string[];
}

export const CHAOS_SECRET = 'a secret of the chaos tests';

/** Answers each question of the parent. */
function answer(report: () => unknown, stop: () => void = () => {}): void {
	process.on('message', (question) => {
		if (question === 'stop') stop();
		process.send?.({ [String(question)]: report() });
	});
	process.once('disconnect', () => process.exit());
	process.send?.({ ready: true });
}

async function master(port: number): Promise<void> {
	const options = { secret: CHAOS_SECRET, grace: 4000, heartbeat: 500 };
	const it = new Master(port, options);
	await it.ready;
	answer(() => it.slaves.map(({ id }) => id));
}

/** Sends everything back; numbers must come one after the other. */
function echo(channel: Channel, report: SlaveReport): void {
	let next = 0;
	channel.on('message', ({ data }) => {
		report.received++;
		if (Number(data) !== next++) report.violations.push(`slave: ${String(data)} instead of ${next - 1}`);
		if (channel.readyState === 'open') channel.send(data);
	});
}

async function slave(url: string): Promise<void> {
	const report: SlaveReport = { id: '', state: '', clients: [], received: 0, violations: [] };
	let it: Slave | undefined;
	while (it === undefined) it = await new Slave(url).catch(() => sleep(100, undefined));
	const game = it;
	game.on('close', (error) => report.violations.push(`slave: closed, ${error.code} ${error.message}`));
	game.on('connection', (client: ClientConnection) => {
		client.on('datachannel', (channel) => echo(channel, report));
		// Some are thrown out again.
		if (Math.random() < 0.1) setTimeout(() => client.close('thrown out'), 3000 * Math.random());
	});
	answer(() => ({
		...report,
		id: game.id,
		state: game.state,
		clients: game.connections.map(({ id }) => id),
	}));
}

/**
 * How long messages may take to come back while the channel is open, in milliseconds: longer than any slave is stopped, and than a session
 * waits for a path.
 */
const PATIENCE = 45_000;

/** Sends numbers in small bursts, and waits until all are back. Tells whether they are; the channel may be cut before. */
async function talk(channel: Channel, report: ClientReport): Promise<boolean> {
	const total = 20 + Math.floor(200 * Math.random());
	let next = 0;
	let closed = false;
	const over = new Promise<void>((resolve) => {
		channel.on('message', ({ data }) => {
			if (Number(data) !== next++) report.violations.push(`client: ${String(data)} instead of ${next - 1}`);
			if (next === total) resolve();
		});
		channel.on('close', () => {
			closed = true;
			resolve();
		});
	});
	for (let n = 0; n < total && channel.readyState === 'open'; n++) {
		channel.send(String(n));
		report.sent++;
		if (n % 10 === 9) await sleep(20 * Math.random());
	}
	const late = await Promise.race([over.then(() => false), sleep(PATIENCE, true, { ref: false })]);
	if (late && !closed) report.violations.push(`client: only ${next} of ${total} came back on an open channel`);
	return next === total;
}

async function playOnce(client: MasterConnection, slaveCo: SlaveConnection, report: ClientReport): Promise<void> {
	const [state, reconnected] = [client.state, report.reconnected];
	try {
		const channel = await slaveCo.createDataChannel('chaos');
		if (await talk(channel, report)) report.completed++;
		else report.cut++;
		if (Math.random() < 0.3) slaveCo.close();
		else channel.close();
	} catch (error) {
		const { code = String(error) } = error as EnslavismError;
		const alone = state !== 'open' || client.state !== 'open' || reconnected !== report.reconnected;
		const what = alone ? `${code}, the client's own link being lost` : code;
		report.failures[what] = (report.failures[what] ?? 0) + 1;
	}
}

async function clients(urls: string[]): Promise<void> {
	let playing = true;
	const all = await Promise.all(
		urls.map(async (url) => {
			const client = new MasterConnection(url);
			await client.ready;
			const report = { sent: 0, completed: 0, cut: 0, reconnected: 0, failures: {}, violations: [] as string[] };
			client.on('reconnected', () => report.reconnected++);
			client.on('close', (error) => report.violations.push(`client: closed, ${error.code} ${error.message}`));
			return { client, report };
		}),
	);
	const told = ({ client, report }: (typeof all)[number]): ClientReport => ({
		...report,
		id: client.id,
		state: client.state,
		slaves: client.slaves.map(({ id }) => id),
		sessions: client.slaves.filter(({ state }) => state === 'open').map(({ id }) => id),
	});
	answer(
		() => all.map(told),
		() => {
			playing = false;
		},
	);
	await Promise.all(
		all.map(async ({ client, report }) => {
			const full = report as ClientReport;
			while (playing) {
				const ready = client.slaves.filter(({ availability }) => availability === 'ready');
				const slaveCo = ready[Math.floor(ready.length * Math.random())];
				if (slaveCo !== undefined) await playOnce(client, slaveCo, full);
				await sleep(300 * Math.random());
			}
		}),
	);
}

const roles: Record<string, (args: never) => Promise<void>> = { master, slave, clients };
const [, , role = '', args = 'null'] = process.argv;
await roles[role]?.(JSON.parse(args) as never);
