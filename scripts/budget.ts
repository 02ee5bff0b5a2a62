/** Fails when a script that browsers load is larger than its budget, by `gzip -9`. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/** Largest gzipped sizes, in bytes. */
const BUDGETS = {
	// Sessions of two paths.
	'client.js': 13 * 1024,
	'client.mjs': 13 * 1024,
	'slave.js': 15.5 * 1024,
	'slave.mjs': 15.5 * 1024,
	// All clients of services, and with Peers sessions and streams.
	'signal.js': 24 * 1024,
	'signal.mjs': 24 * 1024,
	'streams.js': 23 * 1024,
	'streams.mjs': 23 * 1024,
};

/** The same for those who import only this from `enslavism/signal`: their bundlers leave out the rest. */
const PARTS = {
	Echo: 4.5 * 1024,
	relay: 4.5 * 1024,
	SharedState: 6.75 * 1024,
	Introducer: 5 * 1024,
	Peers: 26.25 * 1024,
};

const DIST = new URL('../dist/', import.meta.url);

function check(name: string, script: Uint8Array, budget: number): void {
	const size = gzipSync(script, { level: 9 }).length;
	console.log(`${name}: ${size} of ${budget} bytes gzipped`);
	if (size > budget) process.exitCode = 1;
}

for (const [name, budget] of Object.entries(BUDGETS)) {
	check(name, readFileSync(new URL(`browser/${name}`, DIST)), budget);
}
for (const [name, budget] of Object.entries(PARTS)) {
	const { outputFiles } = await build({
		stdin: { contents: `export { ${name} } from './signal/index.js'`, resolveDir: fileURLToPath(DIST) },
		bundle: true,
		minify: true,
		write: false,
		format: 'esm',
		target: 'es2022',
	});
	for (const { contents } of outputFiles) check(`${name} of enslavism/signal`, contents, budget);
}
