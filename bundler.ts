/**
 * How what browsers load is bundled: `client.js`, `slave.js`, `signal.js` and `streams.js` as classic scripts with globals, and the
 * same as modules (`.mjs`), each minified, with its source map.
 *
 * `scripts/build.ts` makes of it what an installed package serves. A master that runs in a checkout uses {@link openLiveBundles}
 * instead.
 */
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildContext, type BuildOptions, context, formatMessages, type Message } from 'esbuild';

/** The package's root, whether this runs as `bundler.ts` or as `dist/bundler.js`. */
const ROOT = new URL(import.meta.url.endsWith('.ts') ? '.' : '..', import.meta.url);

/** Where the entries of each script are. */
const ROOMS = {
	client: 'src/client',
	slave: 'src/slave',
	signal: 'src/signal',
	streams: 'src/streams/browser',
};

/**
 * What each module gives. Told here, so that one that does not build has them as well, even at its first build: a module that lacks what
 * is imported from it ends all of the page's before it can say anything.
 */
const NAMES: Record<string, string> = {
	'client.mjs': 'EnslavismError, MasterConnection, SlaveConnection',
	'slave.mjs': 'EnslavismError, Slave',
	'signal.mjs': 'Echo, EnslavismError, Introducer, Peers, SharedState, relay, streamOf, upgrade',
	'streams.mjs': 'EnslavismError, MasterConnection, MuxStream, StreamClient, StreamServer',
};

/** What esbuild is told for each script, by its name: `client.js`, `client.mjs` and so on. */
export const SCRIPTS: ReadonlyMap<string, BuildOptions> = new Map(
	Object.entries(ROOMS).flatMap(([room, folder]) => [
		[`${room}.js`, optionsOf(`${room}.js`, 'iife', `${folder}/global.ts`)],
		[`${room}.mjs`, optionsOf(`${room}.mjs`, 'esm', `${folder}/index.ts`)],
	]),
);

function optionsOf(name: string, format: 'iife' | 'esm', entry: string): BuildOptions {
	return {
		absWorkingDir: fileURLToPath(ROOT),
		entryPoints: [entry],
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

	constructor(name: string, options: BuildOptions, log: (line: string) => void) {
		this.#context = context(options);
		this.#name = name;
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

/** What a page runs instead of a script that does not build: a module throws, so that nobody goes on without what it imports. */
function brokenScript(name: string, problem: string): string {
	const message = JSON.stringify(`Enslavism: ${name} does not build\n${problem}`);
	const names = NAMES[name];
	return names === undefined ? `console.error(${message});\n` : `export let ${names};\nthrow new Error(${message});\n`;
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
	const bundleOf = (name: string): LiveBundle | undefined => {
		const options = SCRIPTS.get(name);
		if (options !== undefined && !bundles.has(name)) bundles.set(name, new LiveBundle(name, options, log));
		return bundles.get(name);
	};
	return {
		get: async (name) => (await bundleOf(name.replace(/\.map$/, ''))?.files())?.get(name),
		close: async () => {
			await Promise.all([...bundles.values()].map((bundle) => bundle.close()));
		},
	};
}
