import { short } from './stats.js';

/** What a figure must reach. */
export type Target = { atMost: number } | { atLeast: number };

/** Prints what a figure was measured as, beside its baseline. */
export function show(what: string, ours: number, unit: string, baseline: string, theirs: number): void {
	console.log(`  ${what}: ${short(ours)} ${unit}, ${baseline} ${short(theirs)} ${unit}, ratio ${short(ours / theirs)}`);
}

/** Prints a figure against its target; a missed one makes the program fail. */
export function judge(what: string, value: number, target: Target, unit = ''): void {
	const reached = 'atMost' in target ? value <= target.atMost : value >= target.atLeast;
	const bound = 'atMost' in target ? `at most ${target.atMost}` : `at least ${target.atLeast}`;
	const measured = [short(value), unit].filter(Boolean).join(' ');
	console.log(`${reached ? 'reached' : 'MISSED '}  ${what}: ${measured} (target: ${bound})`);
	if (!reached) process.exitCode = 1;
}
