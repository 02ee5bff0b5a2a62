/** The processes of the live fuzzing: `node --import tsx processes.ts target` and `… attack <args as JSON>`. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { Master, Slave } from '../../src/index.js';
import { newId, PROTOCOL, pathOf, urlBelow } from '../../src/wire/index.js';
import { randomOf } from '../support/random.js';
import { mutate } from './mutate.js';
import type { Recording } from './recording.js';
import { relayFrames } from './relay-frames.js';

/** What an attack is made of. */
export interface Attack {
	port: number;
	/** Id of a slave that is really there. */
	slave: string;
	seed: number;
	sockets: number;
	frames: number;
	recording: Recording;
}

/** What an attack said. */
export interface Said {
	frames: number;
	upgrades: number;
	links: number;
}

/** What is attacked: a master, and a slave that sends everything back. */
async function target(): Promise<void> {
	const errors: string[] = [];
	const note = (error: unknown) => errors.push(error instanceof Error ? (error.stack ?? '') : String(error));
	process.on('uncaughtException', note);
	process.on('unhandledRejection', note);
	const master = new Master(0, { grace: 1000 });
	master.on('error', note);
	await master.ready;
	const port = master.address()?.port ?? 0;
	const slave = await new Slave(`ws://localhost:${port}`, 'target');
	slave.on('error', note);
	slave.on('connection', (client) =>
		client.on('datachannel', (channel) => channel.on('message', ({ data }) => channel.send(data))),
	);
	process.on('message', () => {
		globalThis.gc?.();
		const memory = process.memoryUsage().rss;
		process.send?.({ errors, memory, counts: master.counts, connections: slave.connections.length });
	});
	process.once('disconnect', () => process.exit());
	process.send?.({ port, slave: slave.id });
}

/** How many frames all sockets together send in a second: more would measure how fast a stranger can type. */
const FRAMES_PER_SECOND = 8000;

class Attacker {
	readonly #attack: Attack;
	readonly #random: () => number;
	readonly #upgrades: Buffer[];
	/** The session that was begun last, of whichever link. */
	#session = '';
	readonly #said: Said = { frames: 0, upgrades: 0, links: 0 };

	constructor(attack: Attack) {
		this.#attack = attack;
		this.#random = randomOf(attack.seed);
		this.#upgrades = attack.recording.upgrades.map((text) => Buffer.from(text));
	}

	async run(): Promise<Said> {
		const { sockets, frames } = this.#attack;
		const started = performance.now();
		const one = async (): Promise<void> => {
			while (this.#said.frames < frames) {
				const due = (this.#said.frames / FRAMES_PER_SECOND) * 1000;
				const early = due - (performance.now() - started);
				if (early > 0) await sleep(early);
				if (this.#random() < 0.1) await this.#upgrade();
				else await this.#link(this.#random() < 0.6 ? 'client' : 'slave');
			}
		};
		await Promise.all(Array.from({ length: sockets }, one));
		return this.#said;
	}

	/** A damaged upgrade request, perhaps cut into pieces. */
	async #upgrade(): Promise<void> {
		this.#said.upgrades++;
		const bytes = mutate(this.#pick(this.#upgrades), this.#random, this.#upgrades);
		const socket = connect(this.#attack.port, 'localhost');
		const over = new Promise<void>((resolve) => socket.once('close', () => resolve()));
		socket.on('error', () => {}).resume();
		const cut = Math.floor(this.#random() * bytes.length);
		socket.write(bytes.subarray(0, cut));
		socket.write(bytes.subarray(cut));
		await Promise.race([over, sleep(50)]);
		socket.destroy();
	}

	async #link(kind: 'client' | 'slave'): Promise<void> {
		this.#said.links++;
		const socket = new WebSocket(urlBelow(`ws://localhost:${this.#attack.port}`, pathOf(kind)), PROTOCOL, {
			perMessageDeflate: false,
		});
		socket.on('error', () => {});
		const over = new Promise<void>((resolve) => socket.once('close', () => resolve()));
		const opened = new Promise<boolean>((resolve) => socket.once('open', () => resolve(true)));
		if ((await Promise.race([opened, over])) !== true) return;
		if (kind === 'slave' && this.#random() < 0.7) socket.send('{"t":"register","data":"[1]"}');
		const isRelayed = this.#random() < 0.3;
		for (const frame of this.#framesOf(kind)) {
			if (socket.readyState !== WebSocket.OPEN) break;
			this.#said.frames++;
			if (isRelayed && this.#random() < 0.5) socket.send(relayFrames(this.#random, this.#session), { binary: true });
			else if (this.#random() < 0.02) this.#rawly(socket, frame);
			else socket.send(frame, { binary: this.#random() < 0.02 });
		}
		await Promise.race([over, sleep(30 * this.#random())]);
		if (this.#random() < 0.5) socket.close();
		else socket.terminate();
		await Promise.race([over, sleep(1000)]);
	}

	/** Frames of a real session, out of order, again, or damaged; with ids that are really there. */
	*#framesOf(kind: 'client' | 'slave'): Iterable<Buffer> {
		const recorded = this.#attack.recording[kind];
		const session = newId();
		this.#session = session;
		const whole = this.#random() < 0.5;
		for (let left = 1 + Math.floor(60 * this.#random()); left > 0; left--) {
			const text = this.#pick(recorded)
				.replace(/"session":"[^"]*"/, () => `"session":"${this.#random() < 0.8 ? session : newId()}"`)
				.replace(/"slave":"[^"]*"/, `"slave":"${this.#attack.slave}"`);
			const frame = Buffer.from(text);
			yield whole && this.#random() < 0.95 ? frame : mutate(frame, this.#random);
		}
	}

	/** Bytes below the WebSocket. */
	#rawly(socket: WebSocket, frame: Buffer): void {
		const below = (socket as unknown as { _socket: { write(bytes: Uint8Array): void } })._socket;
		below.write(mutate(frame.subarray(0, 50), this.#random));
	}

	#pick<T>(list: readonly T[]): T {
		return list[Math.floor(list.length * this.#random())] as T;
	}
}

async function attack(args: Attack): Promise<void> {
	process.once('disconnect', () => process.exit());
	process.send?.(await new Attacker(args).run());
}

const [, , role, file] = process.argv;
if (role === 'target') await target();
else if (file !== undefined) {
	const { readFileSync } = await import('node:fs');
	await attack(JSON.parse(readFileSync(file, 'utf8')) as Attack);
}
