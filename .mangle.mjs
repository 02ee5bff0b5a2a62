import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = process.cwd();
const opts = {
	entryPoints: [root + '/src/client/global.ts'],
	bundle: true,
	minify: true,
	format: 'iife',
	write: false,
	target: 'es2022',
	tsconfigRaw: '{}',
	supported: { 'class-private-field': true, 'class-private-method': true, 'class-private-accessor': true },
	alias: { eventemitter3: root + '/src/wire/event-lists.ts', devalue: root + '/src/wire/devalue/index.ts' },
};
const g = (t) => gzipSync(t, { level: 9 }).length;
const a = (await build(opts)).outputFiles[0].text;
console.log('plain', a.length, g(a));
const names = new Map();
for (const m of a.matchAll(/[.{,;\s]([a-z][A-Za-z]{2,})(?=[^A-Za-z])/g)) {
}
for (const m of a.matchAll(/\.([a-zA-Z]{3,})\b/g)) names.set(m[1], (names.get(m[1]) || 0) + 1);
console.log(
	[...names]
		.sort((x, y) => y[1] * y[0].length - x[1] * x[0].length)
		.map(([n, c]) => n + ':' + c)
		.join(' '),
);
const internal = (process.argv[2] || '').split(',').filter(Boolean);
if (internal.length) {
	const b = (
		await build({
			...opts,
			minifySyntax: true,
			mangleQuoted: false,
			mangleProps: new RegExp('^(' + internal.join('|') + ')$'),
		})
	).outputFiles[0].text;
	console.log('mangled', b.length, g(b));
}
