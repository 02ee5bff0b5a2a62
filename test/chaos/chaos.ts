/**
 * Chaos: a master that is killed and started again, slaves that are killed, stopped and continued, lines that are cut and frozen, while
 * clients open, use and close channels. Then everything is left alone, and must become right by itself.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CuttingProxy } from '../support/cutting-proxy.js';
import { randomOf } from '../support/random.js';
import type { ClientReport, SlaveReport } from './roles.js';

const ROLES = fileURLToPath(new URL('roles.ts', import.meta.url));

/** How long everything may take to become right again, in milliseconds. */
const SETTLING = 120_000;

/** What was done, and what came of it. */
export interface ChaosResult {
	/** How often each thing was done. */
	done: Record<string, number>;
	/** Messages that clients sent; that slaves and clients have seen come, each once and in order. */
	sent: number;
	received: number;
	/** Channels on which everything came back, and those that were cut before. */
	completed: number;
	cut: number;
	reconnected: number;
	failures: Record<string, number>;
	/** What should not have happened. */
	violations: string[];
	/** How long it took until everything was right, in milliseconds. */
	settledAfter: number;
}

interface Role {
	readonly process: ChildProcess;
	/** Whether this program has ended it. */
	killed: boolean;
}

export interface ChaosOptions {
	seconds: number;
	seed: number;
	slaves?: number;
	clients?: number;
	log?: (line: string) => void;
}

class Chaos {
	readonly #random: () => number;
	readonly #log: (line: string) => void;
	readonly #violations: string[] = [];
	readonly #done: Record<string, number> = {};
	readonly #ends: (() => void)[] = [];
	readonly #roles = new Set<Role>();
	readonly #slaves: { role: Role; proxy: CuttingProxy; stopped: boolean }[] = [];
	readonly #clientProxies: CuttingProxy[] = [];
	#clients!: Role;
	#master!: Role;
	#port = 0;
	#received = 0;

	constructor({ seed, log = () => {} }: ChaosOptions) {
		this.#random = randomOf(seed);
		this.#log = log;
	}

	async run({ seconds, slaves = 5, clients = 20 }: ChaosOptions): Promise<ChaosResult> {
		try {
			await this.#begin(slaves, clients);
			const until = performance.now() + seconds * 1000;
			let nextKill = performance.now() + 2000;
			while (performance.now() < until) {
				await sleep(100 + 500 * this.#random());
				if (performance.now() < nextKill) {
					await this.#mischief();
					continue;
				}
				await this.#restartMaster();
				nextKill = performance.now() + 2000 + 4000 * this.#random();
			}
			return await this.#end();
		} finally {
			for (const { process } of this.#roles) process.kill('SIGKILL');
			for (const end of this.#ends) end();
		}
	}

	async #begin(slaves: number, clients: number): Promise<void> {
		this.#port = await freePort();
		this.#master = await this.#start('master', this.#port);
		for (let n = 0; n < slaves; n++) {
			const proxy = await this.#proxy();
			this.#slaves.push({ role: await this.#start('slave', proxy.url), proxy, stopped: false });
		}
		for (let n = 0; n < clients; n++) this.#clientProxies.push(await this.#proxy());
		this.#clients = await this.#start(
			'clients',
			this.#clientProxies.map(({ url }) => url),
		);
	}

	async #mischief(): Promise<void> {
		const slave = this.#pick(this.#slaves);
		const kind = this.#random();
		if (kind < 0.1) {
			this.#count('slave killed');
			await this.#collect(slave.role);
			this.#kill(slave.role);
			slave.role = await this.#start('slave', slave.proxy.url);
		} else if (kind < 0.25 && !slave.stopped) {
			this.#count('slave stopped and continued');
			const { process } = slave.role;
			slave.stopped = true;
			process.kill('SIGSTOP');
			setTimeout(() => {
				process.kill('SIGCONT');
				slave.stopped = false;
			}, 3000 * this.#random());
		} else {
			const proxy = this.#random() < 0.3 ? slave.proxy : this.#pick(this.#clientProxies);
			const freeze = kind < 0.5;
			this.#count(freeze ? 'line half-cut' : 'line cut');
			if (freeze) proxy.freeze();
			else proxy.cut();
		}
	}

	async #restartMaster(): Promise<void> {
		this.#count('master killed and started again');
		this.#kill(this.#master);
		await sleep(1500 * this.#random());
		this.#master = await this.#start('master', this.#port);
	}

	async #end(): Promise<ChaosResult> {
		this.#log('left alone');
		// Slaves that were stopped are continued by now, or soon.
		await sleep(3000);
		const started = performance.now();
		await ask(this.#clients, 'stop');
		let problem = 'not looked yet';
		while (problem !== '' && performance.now() - started < SETTLING) {
			await sleep(500);
			problem = await this.#problem().catch(String);
		}
		const settledAfter = performance.now() - started;
		if (problem !== '') this.#violations.push(problem);
		for (const { role } of this.#slaves) await this.#collect(role);
		const reports = (await ask(this.#clients, 'report')) as ClientReport[];
		for (const report of reports) this.#violations.push(...report.violations);
		const sum = (of: (report: ClientReport) => number) => reports.reduce((total, each) => total + of(each), 0);
		const failures: Record<string, number> = {};
		for (const [code, count] of reports.flatMap((each) => Object.entries(each.failures)))
			failures[code] = (failures[code] ?? 0) + count;
		return {
			done: this.#done,
			sent: sum(({ sent }) => sent),
			received: this.#received,
			completed: sum(({ completed }) => completed),
			cut: sum(({ cut }) => cut),
			reconnected: sum(({ reconnected }) => reconnected),
			failures,
			violations: this.#violations,
			settledAfter,
		};
	}

	/** What is not right yet, in words; empty when everything is. */
	async #problem(): Promise<string> {
		const slaves = (await Promise.all(this.#slaves.map(({ role }) => ask(role, 'report')))) as SlaveReport[];
		const clients = (await ask(this.#clients, 'report')) as ClientReport[];
		const truth = slaves.map(({ id }) => id).sort();
		const listed = ((await ask(this.#master, 'report')) as string[]).sort();
		if (String(listed) !== String(truth)) {
			return `the master lists ${listed}, but there are ${slaves.map(({ id, state }) => `${id} (${state})`)}`;
		}
		for (const { id, slaves: list, state } of clients) {
			if (state !== 'open' || String(list.sort()) !== String(truth))
				return `client ${id} is ${state} and lists ${list}, but there are ${truth}`;
		}
		const atSlaves = slaves.flatMap(({ id, clients }) => clients.map((client) => `${client} with ${id}`)).sort();
		const atClients = clients.flatMap(({ id, sessions }) => sessions.map((slave) => `${id} with ${slave}`)).sort();
		const onlyThere = atSlaves.filter((each) => !atClients.includes(each));
		const onlyHere = atClients.filter((each) => !atSlaves.includes(each));
		if (onlyThere.length + onlyHere.length === 0 && atSlaves.length === atClients.length) return '';
		return `sessions that only slaves know: ${onlyThere}; only clients: ${onlyHere}; ${atSlaves.length} and ${atClients.length}`;
	}

	/** What a slave has seen so far; it may be killed next. */
	async #collect(role: Role): Promise<void> {
		// One that is stopped cannot say; what it saw is not counted then.
		const report = (await ask(role, 'report').catch(() => undefined)) as SlaveReport | undefined;
		this.#received += report?.received ?? 0;
		this.#violations.push(...(report?.violations ?? []));
	}

	async #start(role: string, args: unknown): Promise<Role> {
		const child = fork(ROLES, [role, JSON.stringify(args)], { execArgv: ['--import', 'tsx'], stdio: 'inherit' });
		const it: Role = { process: child, killed: false };
		this.#roles.add(it);
		child.on('exit', (code, signal) => {
			this.#roles.delete(it);
			if (!it.killed) this.#violations.push(`a ${role} ended by itself: ${code ?? signal}`);
		});
		if (role === 'slave') return it;
		await new Promise((resolve) => child.once('message', resolve));
		return it;
	}

	#kill(role: Role): void {
		role.killed = true;
		role.process.kill('SIGKILL');
	}

	async #proxy(): Promise<CuttingProxy> {
		const ends: (() => void)[] = this.#ends;
		return CuttingProxy.open({ after: (end: () => void) => ends.push(end) } as never, this.#port);
	}

	#pick<T>(list: T[]): T {
		return list[Math.floor(list.length * this.#random())] as T;
	}

	#count(what: string): void {
		this.#done[what] = (this.#done[what] ?? 0) + 1;
		this.#log(what);
	}
}

/** Asks a process; one that does not answer within a while has nothing to say. */
async function ask({ process }: Role, question: string): Promise<unknown> {
	const answered = new Promise<unknown>((resolve) => {
		const listen = (message: Record<string, unknown>): void => {
			if (!(question in message)) return;
			process.off('message', listen);
			resolve(message[question]);
		};
		process.on('message', listen);
		process.send(question);
	});
	const late = sleep(5000, undefined, { ref: false }).then(() => {
		throw new Error(`no answer to "${question}"`);
	});
	return Promise.race([answered, late]);
}

function freePort(): Promise<number> {
	const server = createServer();
	return new Promise((resolve) => {
		server.listen(0, () => {
			const { port } = server.address() as AddressInfo;
			server.close(() => resolve(port));
		});
	});
}

/** Runs chaos for a while, and then looks whether everything has become right. */
export function chaos(options: ChaosOptions): Promise<ChaosResult> {
	return new Chaos(options).run(options);
}
