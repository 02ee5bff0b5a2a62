/**
 * Fails when a script that browsers load is larger than its budget, by `gzip -9`. What the build has gzipped, and browsers are sent,
 * is smaller.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/** Largest gzipped sizes, in bytes. */
const BUDGETS = {
	// All clients of services, and with Peers sessions and streams.
	'signal.js': 24.25 * 1024,
	'signal.mjs': 24.25 * 1024,
	// Sessions of two paths. 13 KiB is what it is to be (bench/size.ts): these keep it from growing meanwhile.
	'client.js': 14.5 * 1024,
	'client.mjs': 14.5 * 1024,
	'slave.js': 16 * 1024,
	'slave.mjs': 16 * 1024,
	'streams.js': 23.75 * 1024,
	'streams.mjs': 23.75 * 1024,
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

function check(name: string, script: Uint8Array, budget: number, served?: number): void {
	const size = gzipSync(script, { level: 9 }).length;
	console.log(
		`${name}: ${size} of ${budget} bytes gzipped${served === undefined ? '' : `, ${served} as it is served`}`,
	);
	if (size > budget) process.exitCode = 1;
}

for (const [name, budget] of Object.entries(BUDGETS)) {
	const read = (file: string): Buffer => readFileSync(new URL(`browser/${file}`, DIST));
	check(name, read(name), budget, read(`${name}.gz`).length);
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
