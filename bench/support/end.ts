/** A process that is one end of connections: `end.ts ours | relay | hop URL` or `end.ts raw`. */
import type { DataChannelOptions } from '../../src/client/node.js';
import { answerCalls } from './child.js';
import { hopEnd } from './hop.js';
import { oursEnd } from './ours.js';
import type { End, EndKind, Pipe } from './pipe.js';
import { rawEnd } from './raw.js';
import { wait } from './stats.js';

const [kind, url = ''] = process.argv.slice(2);
const ENDS: Record<EndKind, () => End> = {
	ours: () => oursEnd(url, 'rtc'),
	relay: () => oursEnd(url, 'relay'),
	hop: () => hopEnd(url),
	raw: rawEnd,
};
const end = ENDS[kind as EndKind]();

/**
 * What waits in a channel while it is kept full: from half of this to all of it. Much, because it is not the same
 * everywhere: ours counts what has not arrived, wherever that is, and the others only what has not left.
 */
const FULL_BYTES = 4 * 1024 * 1024;

/** Messages between two looks at what waits. */
const BURST = 16;

const pipes: Pipe[] = [];
const seen = { messages: 0, bytes: 0 };

/** Answers on a channel called "echo", and only counts on any other. */
function accept(pipe: Pipe): void {
	const echo = pipe.label === 'echo';
	pipe.listen((bytes) => {
		seen.messages++;
		seen.bytes += bytes.byteLength;
		if (echo) pipe.send(bytes);
	});
}

function pipeAt(index: number): Pipe {
	const pipe = pipes[index];
	if (pipe === undefined) throw new Error('no such channel');
	return pipe;
}

const dropping = new Set<Pipe>();

/** Reads a pipe and forgets what it says. */
function drop(pipe: Pipe): void {
	if (dropping.has(pipe)) return;
	dropping.add(pipe);
	pipe.listen(() => {});
}

/** Resolves at the next message of a pipe; one listener for all its messages. */
function replies(pipe: Pipe): () => Promise<void> {
	let got: () => void = () => {};
	pipe.listen(() => got());
	return () =>
		new Promise((resolve) => {
			got = resolve;
		});
}

const api = {
	serve: () => end.serve(accept),

	/** What arrived and what this process has used until now: ms, and CPU in µs. */
	sample: () => {
		const { user, system } = process.cpuUsage();
		return { ...seen, at: performance.now(), cpu: user + system, rss: process.memoryUsage.rss() };
	},

	/** Opens channels, each over its own connection; tells the index of the first. */
	open: async (count: number, label: string, options: DataChannelOptions) => {
		const first = pipes.length;
		for (let left = count; left > 0; left -= 20) {
			const batch = Array.from({ length: Math.min(left, 20) }, () => end.open(label, options));
			pipes.push(...(await Promise.all(batch)));
		}
		return first;
	},

	/** Keeps a channel full for `ms`. */
	blast: async (index: number, size: number, ms: number) => {
		const pipe = pipeAt(index);
		const bytes = new Uint8Array(size);
		const until = performance.now() + ms;
		let resume: () => void = () => {};
		pipe.whenLow(FULL_BYTES / 2, () => resume());
		while (performance.now() < until) {
			while (pipe.buffered() < FULL_BYTES) for (let n = 0; n < BURST; n++) pipe.send(bytes);
			const low = new Promise<void>((resolve) => {
				resume = resolve;
			});
			if (pipe.buffered() > FULL_BYTES / 2) await Promise.race([low, wait(1000)]);
		}
	},

	/** Sends a message and waits for its echo, `count` times; tells how long each took, in ms. */
	pingPong: async (index: number, size: number, count: number) => {
		const pipe = pipeAt(index);
		const reply = replies(pipe);
		const bytes = new Uint8Array(size);
		const took: number[] = [];
		for (let n = 0; n < count; n++) {
			const replied = reply();
			const sent = performance.now();
			pipe.send(bytes);
			await replied;
			took.push(performance.now() - sent);
		}
		return took;
	},

	/** Every channel sends `hz` messages a second for `ms`, evenly spread; nobody waits for echoes. */
	chatter: async (size: number, hz: number, ms: number) => {
		const bytes = new Uint8Array(size);
		for (const pipe of pipes) drop(pipe);
		const started = performance.now();
		let sent = 0;
		while (performance.now() - started < ms) {
			const due = ((performance.now() - started) / 1000) * hz * pipes.length;
			for (; sent < due; sent++) pipes[sent % pipes.length]?.send(bytes);
			await wait(1);
		}
	},

	/**
	 * Sends numbered messages at `hz` and notes when each echo came: tells the delays in ms. What was lost on an
	 * unreliable channel is missing.
	 */
	probe: async (index: number, size: number, hz: number, ms: number) => {
		const pipe = pipeAt(index);
		const sent: number[] = [];
		const took: number[] = [];
		pipe.listen((received) => {
			const bytes = received instanceof ArrayBuffer ? new Uint8Array(received) : received;
			const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
			took.push(performance.now() - (sent[number] ?? Number.NaN));
		});
		const started = performance.now();
		while (performance.now() - started < ms) {
			const bytes = new Uint8Array(size);
			new DataView(bytes.buffer).setUint32(0, sent.length);
			sent.push(performance.now());
			pipe.send(bytes);
			await wait(1000 / hz);
		}
		await wait(1000);
		return { sent: sent.length, took };
	},
};

/** What an end answers. */
export type EndApi = typeof api;

answerCalls(api, (signal) => end.signal(signal));
