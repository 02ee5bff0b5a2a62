/**
 * Builds what browsers load: `client.js`, `slave.js`, `signal.js` and `streams.js` as classic scripts with globals, and the
 * same as modules (`.mjs`), each minified, with its source map.
 *
 * Run as a program it writes them to `dist/browser`, which is what an installed package serves. A master that runs
 * in a checkout uses {@link openLiveBundles} instead.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type BuildContext, type BuildOptions, context, formatMessages, type Message } from 'esbuild';

/** The package's root, whether this runs as `bundler.ts` or as `dist/bundler.js`. */
const ROOT = new URL(import.meta.url.endsWith('.ts') ? '.' : '..', import.meta.url);

/** Where the entries of each script are. */
const ROOMS = {
	client: 'src/client',
	slave: 'src/slave',
	signal: 'src/signal',
	streams: 'src/streams/browser',
} as const;

type Room = keyof typeof ROOMS;

const ROOM_NAMES = Object.keys(ROOMS) as Room[];

function optionsOf(room: Room, format: 'iife' | 'esm'): BuildOptions {
	const name = `${room}.${format === 'iife' ? 'js' : 'mjs'}`;
	return {
		absWorkingDir: fileURLToPath(ROOT),
		entryPoints: [`${ROOMS[room]}/${format === 'iife' ? 'global' : 'index'}.ts`],
		outfile: `dist/browser/${name}`,
		bundle: true,
		minify: true,
		sourcemap: 'linked',
		format,
		target: ['es2022', 'chrome100', 'firefox100', 'safari16'],
		legalComments: 'none',
		// Private fields as they are: every target has them, and rewriting them costs a third of the size.
		supported: { 'class-private-field': true, 'class-private-method': true, 'class-private-accessor': true },
		tsconfigRaw: '{}',
		// The same for what is used of them, in a tenth and in half of the size.
		alias: {
			eventemitter3: fileURLToPath(new URL('src/wire/event-lists.ts', ROOT)),
			devalue: fileURLToPath(new URL('src/wire/devalue/index.ts', ROOT)),
		},
		logLevel: 'silent',
		write: false,
	};
}

/** One script, and whether its source changed since it was built. */
class LiveBundle {
	readonly #context: Promise<BuildContext>;
	readonly #name: string;
	readonly #log: (line: string) => void;
	#building: Promise<Map<string, Buffer>> | undefined;
	#lastProblem = '';

	constructor(options: BuildOptions, log: (line: string) => void) {
		this.#context = context(options);
		this.#name = basename(options.outfile ?? '');
		this.#log = log;
	}

	/** The script and its map as the source now stands. esbuild builds again in milliseconds, so every request asks. */
	async files(): Promise<Map<string, Buffer>> {
		this.#building ??= this.#build().finally(() => {
			this.#building = undefined;
		});
		return this.#building;
	}

	async close(): Promise<void> {
		await (await this.#context).dispose();
	}

	async #build(): Promise<Map<string, Buffer>> {
		const built = new Map<string, Buffer>();
		try {
			const { outputFiles = [] } = await (await this.#context).rebuild();
			for (const file of outputFiles) built.set(basename(file.path), Buffer.from(file.contents));
			this.#lastProblem = '';
		} catch (thrown) {
			const problem = await describe(thrown);
			if (problem !== this.#lastProblem) this.#log(`enslavism: ${this.#name} does not build\n${problem}`);
			this.#lastProblem = problem;
			built.set(this.#name, Buffer.from(brokenScript(this.#name, problem)));
		}
		return built;
	}
}

/** What a page runs instead of a script that does not build. */
function brokenScript(name: string, problem: string): string {
	return `console.error(${JSON.stringify(`Enslavism: ${name} does not build\n${problem}`)});\n`;
}

async function describe(thrown: unknown): Promise<string> {
	const errors = (thrown as { errors?: Message[] }).errors;
	if (errors === undefined) return String(thrown);
	return (await formatMessages(errors, { kind: 'error' })).join('').trim();
}

/** Scripts that are built when somebody asks for them. */
export function openLiveBundles(log: (line: string) => void): {
	get(name: string): Promise<Buffer | undefined>;
	close(): Promise<void>;
} {
	const bundles = new Map<string, LiveBundle>();
	const bundleOf = (file: string): LiveBundle => {
		let bundle = bundles.get(file);
		if (bundle === undefined) {
			const room = ROOM_NAMES.find((each) => file.startsWith(`${each}.`)) ?? 'client';
			bundle = new LiveBundle(optionsOf(room, file.endsWith('.mjs') ? 'esm' : 'iife'), log);
			bundles.set(file, bundle);
		}
		return bundle;
	};
	return {
		get: async (name) => (await bundleOf(name.replace(/\.map$/, '')).files()).get(name),
		close: async () => {
			await Promise.all([...bundles.values()].map((bundle) => bundle.close()));
		},
	};
}

/** Builds every script and writes it. Fails on the first that does not build. */
async function writeAll(): Promise<void> {
	const folder = new URL('dist/browser/', ROOT);
	await mkdir(folder, { recursive: true });
	for (const room of ROOM_NAMES) {
		for (const format of ['iife', 'esm'] as const) {
			const build = await context(optionsOf(room, format));
			try {
				const { outputFiles = [] } = await build.rebuild();
				for (const file of outputFiles) await writeFile(new URL(basename(file.path), folder), file.contents);
			} finally {
				await build.dispose();
			}
		}
	}
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await writeAll();
