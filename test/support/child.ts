/** Programs of a test that run in a process of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Inbox, within } from './wait.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAMS = fileURLToPath(new URL('child-programs.ts', import.meta.url));

export interface Child {
	readonly process: ChildProcess;
	/** Lines that the program printed. */
	readonly lines: Inbox<string>;
	/** How it ended, and what it wrote to standard error until then. */
	readonly ended: Promise<{ code: number | null; signal: string | null; stderr: string }>;
	/** What it wrote to standard error so far. */
	stderr(): string;
}

/** Runs a program of `child-programs.ts` until it ends by itself, or the test does. */
export function childFor(t: TestContext, program: string, ...args: string[]): Child {
	const command = ['--import', 'tsx', PROGRAMS, program, ...args];
	const child = spawn(process.execPath, command, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
	t.after(() => child.kill('SIGKILL'));
	const lines = new Inbox<string>();
	let rest = '';
	child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
		const parts = (rest + chunk).split('\n');
		rest = parts.pop() ?? '';
		for (const line of parts) lines.put(line);
	});
	let stderr = '';
	child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
		stderr += chunk;
	});
	const ended = new Promise<Awaited<Child['ended']>>((resolve) => {
		child.once('close', (code, signal) => resolve({ code, signal, stderr }));
	});
	return {
		process: child,
		lines,
		stderr: () => stderr,
		get ended() {
			return within(ended, `"${program}" to end`, 60_000);
		},
	};
}
