/**
 * Does a process that opens and closes sessions all day stay as it is? 2 000 cycles of connect and close, master,
 * slave and clients in one process: how much its resident memory grows after the first 500, and that it then ends by
 * itself; beside it the same with raw node-datachannel.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Kind } from './support/pipe.js';
import { judge, show } from './support/report.js';

const CYCLES = 2000;
const SETTLED_AFTER = 500;
const LONGEST_MS = 120_000;

interface Outcome {
	/** Growth after the first cycles, in MB. */
	growth: number;
	/** From closing everything until the process was gone, in ms. */
	endedAfter: number;
	code: number | null;
}

async function cycles(kind: Kind): Promise<Outcome> {
	const program = fileURLToPath(new URL('./support/cycles.ts', import.meta.url));
	const child = spawn(process.execPath, ['--expose-gc', '--import', 'tsx', program, kind, String(CYCLES)], {
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	const bound = setTimeout(() => child.kill('SIGKILL'), LONGEST_MS);
	const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
	const samples: { done: number; rss: number }[] = [];
	let closedAt = Number.NaN;
	for await (const line of createInterface(child.stdout)) {
		const said = JSON.parse(line) as { done: number; rss: number } | { closed: true };
		if ('closed' in said) closedAt = performance.now();
		else samples.push(said);
	}
	const code = await ended;
	clearTimeout(bound);
	const settled = samples.find(({ done }) => done >= SETTLED_AFTER)?.rss ?? Number.NaN;
	const last = samples.find(({ done }) => done >= CYCLES)?.rss ?? Number.NaN;
	console.log(`  ${kind}: ${samples.map(({ done, rss }) => `${done}: ${Math.round(rss / 1e6)} MB`).join(', ')}`);
	return { growth: (last - settled) / 1e6, endedAfter: performance.now() - closedAt, code };
}

const ours = await cycles('ours');
const raw = await cycles('raw');
show(`growth from ${SETTLED_AFTER} to ${CYCLES} cycles`, ours.growth, 'MB', 'raw', raw.growth);
judge(`growth from ${SETTLED_AFTER} to ${CYCLES} cycles`, ours.growth, { atMost: 20 }, 'MB');
judge('exit code of the process, which nobody ended', ours.code ?? Number.NaN, { atMost: 0 });
judge('from closing everything to the end of the process', ours.endedAfter / 1000, { atMost: 10 }, 's');
