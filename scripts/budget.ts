/** Fails when a script that browsers load is larger than its budget. */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

/** Largest gzipped sizes, in bytes. */
const BUDGETS = {
	'client.js': 13 * 1024,
	'client.mjs': 13 * 1024,
	'slave.js': 15 * 1024,
	'slave.mjs': 15 * 1024,
	'signal.js': 12 * 1024,
	'signal.mjs': 12 * 1024,
	'streams.js': 28 * 1024,
	'streams.mjs': 28 * 1024,
};

for (const [name, budget] of Object.entries(BUDGETS)) {
	const size = gzipSync(readFileSync(new URL(`../dist/browser/${name}`, import.meta.url)), { level: 9 }).length;
	console.log(`${name}: ${size} of ${budget} bytes gzipped`);
	if (size > budget) process.exitCode = 1;
}
