import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A program of the repository, run as a person would. */
export interface Program {
	/** What it has printed, errors too. */
	readonly output: string;
	/** Waits until it has printed something like this. Rejects if it ends before. */
	says(pattern: RegExp): Promise<RegExpExecArray>;
	/** Its exit code when it has ended, `null` if a signal ended it. */
	readonly ended: Promise<number | null>;
	/** Presses Ctrl-C; resolves with its exit code when it has ended, `null` if a signal ended it. */
	interrupt(): Promise<number | null>;
	/** Sends it SIGTERM; resolves in the same way. */
	terminate(): Promise<number | null>;
	/** Ends it in any case. */
	close(): Promise<void>;
}

/** Runs a TypeScript program, given by its path in the repository. */
export function runProgram(file: string, args: string[], env: NodeJS.ProcessEnv): Program {
	const command = ['--import', 'tsx', file, ...args];
	const child = spawn(process.execPath, command, { cwd: ROOT, env: { ...process.env, ...env } });
	return programOf(child, file, (signal) => child.kill(signal));
}

/** `npm start` at a terminal, where Ctrl-C reaches every process of it. `running` tells how many there are (Linux only). */
export function npmStart(env: NodeJS.ProcessEnv): Program & { running(): number } {
	const child = spawn('npm', ['start'], { cwd: ROOT, env: { ...process.env, ...env }, detached: true });
	const group = child.pid as number;
	const program = programOf(child, 'npm start', (signal) => process.kill(-group, signal));
	return Object.assign(program, { running: () => sizeOf(group) });
}

/** How many processes of a group have not ended. Those that only wait to be collected have. */
function sizeOf(group: number): number {
	const isIn = (pid: string): boolean => {
		try {
			const [state = '', , its] = readFileSync(`/proc/${pid}/stat`, 'utf8')
				.replace(/^.*\) /s, '')
				.split(' ');
			return Number(its) === group && !'ZX'.includes(state);
		} catch {
			return false;
		}
	};
	return readdirSync('/proc').filter(isIn).length;
}

function programOf(
	child: ChildProcessWithoutNullStreams,
	name: string,
	signal: (name: NodeJS.Signals) => unknown,
): Program {
	const ended = once(child, 'exit').then(([code]) => code as number | null);
	let output = '';
	let heard: () => void = () => {};
	for (const stream of [child.stdout, child.stderr]) {
		stream.setEncoding('utf8').on('data', (text: string) => {
			output += text;
			heard();
		});
	}
	child.once('exit', () => heard());
	return {
		ended,
		get output() {
			return output;
		},
		async says(pattern) {
			for (;;) {
				const found = pattern.exec(output);
				if (found !== null) return found;
				if (child.exitCode !== null) throw new Error(`${name} ended without saying ${pattern}:\n${output}`);
				await new Promise<void>((resolve) => {
					heard = resolve;
				});
			}
		},
		async interrupt() {
			signal('SIGINT');
			return ended;
		},
		async terminate() {
			signal('SIGTERM');
			return ended;
		},
		async close() {
			try {
				signal('SIGKILL');
			} catch {
				// Nothing is left.
			}
			await ended;
		},
	};
}

/** A port that is free now, for programs that cannot be asked which one they took. */
export async function freePort(): Promise<string> {
	const server = createServer().listen(0);
	await once(server, 'listening');
	const { port } = server.address() as AddressInfo;
	server.close();
	await once(server, 'close');
	return String(port);
}
