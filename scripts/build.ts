/**
 * Writes `dist/browser`, which is what an installed package serves: every script that browsers load, minified by esbuild and
 * once more by terser, with the names that gzip likes best, its source map, and gzipped by zopfli, which makes that 3.5 %
 * smaller than zlib can.
 *
 * `--quick` leaves the names as they are: looking for them takes most of a minute. With the name of a script it makes that one
 * alone.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { type MinifyOptions, minify } from 'terser';
import { SCRIPTS } from '../bundler.js';
import { renamed } from './rename.js';

const FOLDER = new URL('../dist/browser/', import.meta.url);

/** What gzip makes of it counts: sequences of commas, for example, are shorter and leave less that is alike. */
const SECOND_PASS: MinifyOptions = {
	ecma: 2020,
	compress: { passes: 3, sequences: false, hoist_funs: true, lhs_constants: false },
};

/** The text of a script, minified, and of its map. */
async function minified(name: string, options: BuildOptions): Promise<{ script: string; map: string }> {
	const { outputFiles = [] } = await build(options);
	const textOf = (file: string): string => outputFiles.find(({ path }) => path.endsWith(file))?.text ?? '';
	const { code = '', map } = await minify(
		{ [name]: textOf(name) },
		{
			...SECOND_PASS,
			module: name.endsWith('.mjs'),
			sourceMap: { content: textOf(`${name}.map`), url: `${name}.map` },
		},
	);
	return { script: code, map: String(map) };
}

async function make(name: string, options: BuildOptions): Promise<void> {
	const { script, map } = await minified(name, options);
	const final = isQuick ? script : renamed(script);
	// Not sooner: once it is loaded, it shows each error of the process below all of its own code.
	const { gzipAsync } = await import('@gfx/zopfli');
	const gzipped = await gzipAsync(Buffer.from(final), { numiterations: 30 });
	for (const [file, content] of Object.entries({ [`${name}.map`]: map, [`${name}.gz`]: gzipped, [name]: final })) {
		await writeFile(new URL(file, FOLDER), content);
	}
}

/** Makes one script after the other, each in a process of its own. */
async function makeAll(names: Iterator<string>): Promise<void> {
	for (let next = names.next(); !next.done; next = names.next()) {
		const child = fork(fileURLToPath(import.meta.url), [next.value, ...options]);
		const [code] = await once(child, 'exit');
		if (code !== 0) process.exit(1);
	}
}

const options = process.argv.slice(2).filter((word) => word.startsWith('--'));
const isQuick = options.includes('--quick');
const [only] = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const found = SCRIPTS.get(only ?? '');
if (only !== undefined && found !== undefined) {
	await make(only, found);
} else {
	await mkdir(FOLDER, { recursive: true });
	const names = SCRIPTS.keys();
	await Promise.all(Array.from({ length: availableParallelism() }, () => makeAll(names)));
}
