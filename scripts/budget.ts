/** Fails when a script that browsers load is larger than its budget. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/** Largest gzipped sizes, in bytes. */
const BUDGETS = {
	// All clients of services, and with Peers sessions and streams.
	'signal.js': 25.5 * 1024,
	'signal.mjs': 25.5 * 1024,
	// Sessions of two paths. 13 KiB is what it is to be (bench/size.ts): these keep it from growing meanwhile.
	'client.js': 15 * 1024,
	'client.mjs': 15 * 1024,
	'slave.js': 16.5 * 1024,
	'slave.mjs': 16.5 * 1024,
	'streams.js': 25 * 1024,
	'streams.mjs': 25 * 1024,
};

/** The same for those who import only this from `enslavism/signal`: their bundlers leave out the rest. */
const PARTS = {
	Echo: 5.5 * 1024,
	relay: 5.5 * 1024,
	SharedState: 8 * 1024,
	Introducer: 6 * 1024,
	Peers: 26.5 * 1024,
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
