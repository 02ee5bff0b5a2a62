/**
 * Writes `dist/browser`, which is what an installed package serves: every script that browsers load, minified by esbuild and
 * once more by terser, with its source map.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { type BuildOptions, build } from 'esbuild';
import { type MinifyOptions, minify } from 'terser';
import { SCRIPTS } from '../bundler.js';

const FOLDER = new URL('../dist/browser/', import.meta.url);

/** What gzip makes of it counts: sequences of commas, for example, are shorter and leave less that is alike. */
const SECOND_PASS: MinifyOptions = {
	ecma: 2020,
	compress: { passes: 3, sequences: false, hoist_funs: true, lhs_constants: false },
};

async function make(name: string, options: BuildOptions): Promise<void> {
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
	await writeFile(new URL(`${name}.map`, FOLDER), String(map));
	await writeFile(new URL(name, FOLDER), code);
}

await mkdir(FOLDER, { recursive: true });
for (const [name, options] of SCRIPTS) await make(name, options);
