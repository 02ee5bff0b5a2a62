/** A live master and slave under malformed frames and requests, and a client that is served meanwhile. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Channel, MasterConnection } from '../../src/client/node.js';
import type { Attack, Said } from './processes.js';
import { record } from './recording.js';

const PROCESSES = fileURLToPath(new URL('processes.ts', import.meta.url));

export interface LiveResult {
	/** What was said to the target. */
	frames: number;
	upgrades: number;
	links: number;
	/** What a well-behaved client waited, in milliseconds: for an answer on a channel, and for the list on a new link. */
	asked: number;
	p50: number;
	p99: number;
	worst: number;
	/** By how much the target's resident memory has grown since it was warm, in MB. */
	grownMb: number;
	/** Exceptions, and what was left behind. */
	errors: string[];
}

interface State {
	errors: string[];
	memory: number;
	counts: { clients: number; slaves: number };
	connections: number;
}

/** From one question of the well-behaved client to the next, in milliseconds. */
const PAUSE = 10;

/** Asks all the time, until it is told to stop; tells how long each answer took. */
class Bystander {
	readonly #url: string;
	readonly #slave: string;
	readonly waits: number[] = [];
	#stopped = false;
	#done: Promise<void> | undefined;

	constructor(url: string, slave: string) {
		this.#url = url;
		this.#slave = slave;
	}

	async start(): Promise<void> {
		const client = new MasterConnection(this.#url);
		await client.ready;
		const slaveCo = client.slaves.find(({ id }) => id === this.#slave);
		const channel = await slaveCo?.createDataChannel('bystander');
		if (channel === undefined) throw new Error('the slave is not there');
		this.#done = this.#ask(channel).finally(() => client.close());
	}

	async stop(): Promise<void> {
		this.#stopped = true;
		await this.#done;
	}

	async #ask(channel: Channel): Promise<void> {
		for (let n = 0; !this.#stopped; n++) {
			const started = performance.now();
			if (n % 5 === 4) await this.#newcomer();
			else {
				const answered = new Promise((resolve) => channel.once('message', resolve));
				channel.send(String(n));
				await answered;
			}
			this.waits.push(performance.now() - started);
			await sleep(PAUSE);
		}
	}

	async #newcomer(): Promise<void> {
		const client = new MasterConnection(this.#url);
		await client.ready;
		client.close();
	}
}

function heard<T>(child: ChildProcess): Promise<T> {
	return new Promise((resolve, reject) => {
		const ended = (code: number | null, signal: string | null): void =>
			reject(new Error(`a process ended by itself: ${code ?? signal}`));
		child.once('exit', ended);
		child.once('message', (message) => {
			child.off('exit', ended);
			resolve(message as T);
		});
	});
}

/** Attacks for so many frames; then looks what is left of it. */
export async function fuzzLive(options: { seed: number; sockets: number; frames: number }): Promise<LiveResult> {
	const folder = mkdtempSync(join(tmpdir(), 'enslavism-fuzz-'));
	const target = fork(PROCESSES, ['target'], { execArgv: ['--expose-gc', '--import', 'tsx'] });
	try {
		const { port, slave } = await heard<{ port: number; slave: string }>(target);
		const recording = await record();
		const attack = async (seed: number, frames: number): Promise<Said> => {
			const file = join(folder, 'attack.json');
			writeFileSync(file, JSON.stringify({ ...options, seed, frames, port, slave, recording } satisfies Attack));
			const child = fork(PROCESSES, ['attack', file], { execArgv: ['--import', 'tsx'] });
			try {
				return await heard(child);
			} finally {
				child.kill();
			}
		};
		const bystander = new Bystander(`ws://localhost:${port}`, slave);
		await bystander.start();
		await attack(options.seed + 1, Math.min(20_000, options.frames / 4));
		const warm = await settled(target, 2);
		bystander.waits.length = 0;
		const said = await attack(options.seed, options.frames);
		await bystander.stop();
		const left = await settled(target, 1);
		const waits = bystander.waits.sort((a, b) => a - b);
		const at = (share: number) => waits[Math.min(waits.length - 1, Math.floor(share * waits.length))] ?? Number.NaN;
		const behind = left.counts.clients + left.counts.slaves + left.connections;
		return {
			...said,
			asked: waits.length,
			p50: at(0.5),
			p99: at(0.99),
			worst: at(1),
			grownMb: (left.memory - warm.memory) / 1024 / 1024,
			errors: behind > 1 ? [...left.errors, `left behind: ${JSON.stringify(left)}`] : left.errors,
		};
	} finally {
		target.kill('SIGKILL');
		rmSync(folder, { recursive: true });
	}
}

/** The state of the target once it has so many links left, its slave's own among them, and a session fewer; or after a while. */
async function settled(target: ChildProcess, links: number): Promise<State> {
	for (let tries = 0; ; tries++) {
		await sleep(500);
		const state = heard<State>(target);
		target.send('state');
		const { counts, connections } = await state;
		// A session that was on the relay waits for a path, for 30 s.
		const isDone = counts.clients + counts.slaves <= links && connections < links;
		if ((isDone && tries > 6) || tries > 80) return state;
	}
}
