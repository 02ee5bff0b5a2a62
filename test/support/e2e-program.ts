import { spawn } from 'node:child_process';
import { once } from 'node:events';
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
	/** Presses Ctrl-C; resolves with its exit code when it has ended, `null` if a signal ended it. */
	interrupt(): Promise<number | null>;
	/** Sends it SIGTERM; resolves in the same way. */
	terminate(): Promise<number | null>;
	/** Ends it in any case. */
	close(): Promise<void>;
}

/** Runs a TypeScript program, given by its path in the repository. */
export function runProgram(file: string, args: string[], env: NodeJS.ProcessEnv): Program {
	const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], {
		cwd: ROOT,
		env: { ...process.env, ...env },
	});
	const ended = once(child, 'exit') as Promise<[number | null]>;
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
		get output() {
			return output;
		},
		async says(pattern) {
			for (;;) {
				const found = pattern.exec(output);
				if (found !== null) return found;
				if (child.exitCode !== null) throw new Error(`${file} ended without saying ${pattern}:\n${output}`);
				await new Promise<void>((resolve) => {
					heard = resolve;
				});
			}
		},
		async interrupt() {
			child.kill('SIGINT');
			return (await ended)[0];
		},
		async terminate() {
			child.kill('SIGTERM');
			return (await ended)[0];
		},
		async close() {
			if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
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
