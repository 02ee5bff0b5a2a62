import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';

/** A file that browsers load from a master. */
interface Bundle {
	body: Buffer;
	etag: string;
}

/** What `bundler.ts` gives in development: the newest good build, or a script that tells what is broken. */
export interface LiveBundles {
	get(name: string): Promise<Buffer | undefined>;
	close(): Promise<void>;
}

/** Below this path the master serves its bundles. */
const PREFIX = '/enslavism/';

/** Nothing that a master answers is to be taken for something else than it says. */
const NOSNIFF = { 'x-content-type-options': 'nosniff' };

/** Every bundle, and its source map. */
const NAME = /^(client|slave|signal|streams)\.(js|mjs)(\.map)?$/;

/** The package's root, from `src/master` as from `dist/master`. */
const ROOT = new URL('../../', import.meta.url);

/** Whether this is a checkout that somebody works in, and not a production process or an installed package. */
function inDevelopment(): boolean {
	return process.env.NODE_ENV !== 'production' && existsSync(new URL('bundler.ts', ROOT));
}

/** The scripts for browsers: built when their source changes in development, otherwise served as they were built. */
export class Bundles {
	readonly #cache = new Map<string, Promise<Bundle | undefined>>();
	readonly #log: (line: string) => void;
	#live: Promise<LiveBundles> | undefined;

	constructor(log: (line: string) => void) {
		this.#log = log;
	}

	/** Answers a request for a bundle; tells whether it was one. */
	serve(request: IncomingMessage, response: ServerResponse): boolean {
		const path = (request.url ?? '').split('?', 1)[0] ?? '';
		const name = path.startsWith(PREFIX) ? path.slice(PREFIX.length) : '';
		if (!NAME.test(name)) return false;
		if (request.method !== 'GET' && request.method !== 'HEAD') {
			response.writeHead(405, { ...NOSNIFF, allow: 'GET, HEAD' }).end();
			return true;
		}
		this.#get(name).then(
			(bundle) => answer(request, response, name, bundle),
			(error: unknown) => {
				this.#log(`enslavism: ${name} cannot be served: ${String(error)}`);
				response
					.writeHead(500, { ...NOSNIFF, 'content-type': 'text/plain; charset=utf-8' })
					.end('The bundle cannot be read\n');
			},
		);
		return true;
	}

	async close(): Promise<void> {
		const live = this.#live;
		this.#live = undefined;
		await (await live)?.close();
	}

	async #get(name: string): Promise<Bundle | undefined> {
		if (inDevelopment()) {
			this.#live ??= openLive(this.#log);
			const body = await (await this.#live).get(name);
			return body && bundleOf(body);
		}
		let bundle = this.#cache.get(name);
		if (bundle === undefined) {
			bundle = read(name);
			this.#cache.set(name, bundle);
			bundle.catch(() => this.#cache.delete(name));
		}
		return bundle;
	}
}

async function openLive(log: (line: string) => void): Promise<LiveBundles> {
	// The bundler is no part of the package: it needs esbuild and the sources.
	const compiled = import.meta.url.endsWith('.js');
	const bundler = (await import(new URL(compiled ? 'dist/bundler.js' : 'bundler.ts', ROOT).href)) as {
		openLiveBundles(log: (line: string) => void): LiveBundles;
	};
	return bundler.openLiveBundles(log);
}

async function read(name: string): Promise<Bundle> {
	return bundleOf(await readFile(fileURLToPath(new URL(`dist/browser/${name}`, ROOT))));
}

function bundleOf(body: Buffer): Bundle {
	return { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
}

function answer(request: IncomingMessage, response: ServerResponse, name: string, bundle: Bundle | undefined): void {
	if (bundle === undefined) {
		response.writeHead(404, NOSNIFF).end();
		return;
	}
	const headers = {
		'content-type': name.endsWith('.map') ? 'application/json' : 'text/javascript; charset=utf-8',
		'cache-control': 'no-cache',
		...NOSNIFF,
		etag: bundle.etag,
		...(name.endsWith('.map') ? {} : { sourcemap: `${name}.map` }),
	};
	if (request.headers['if-none-match'] === bundle.etag) {
		response.writeHead(304, headers).end();
		return;
	}
	response.writeHead(200, { ...headers, 'content-length': bundle.body.length });
	response.end(request.method === 'HEAD' ? undefined : bundle.body);
}
