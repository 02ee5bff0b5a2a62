import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import { type Coding, codingFor } from './content-coding.js';

/** A file that browsers load from a master, as it travels. */
interface Bundle {
	body: Buffer;
	/** Of these very bytes: every coding has its own. */
	etag: string;
}

/** What `bundler.ts` gives in development: the newest good build, or a script that tells what is broken. */
export interface LiveBundles {
	get(name: string): Promise<Buffer | undefined>;
	close(): Promise<void>;
}

/** Below this path the master serves its bundles. */
const PREFIX = '/enslavism/';

/** Every bundle, and its source map. */
const NAME = /^(client|slave|signal|streams)\.(js|mjs)(\.map)?$/;

/** How a file may travel, the smallest first. In development it changes all the time, and the way is short. */
const CODINGS: readonly Coding[] = ['br', 'gzip', 'identity'];
const PLAIN: readonly Coding[] = ['identity'];

/** What is said of a file whether it is sent or not. It holds no secret: pages of every origin may import it, isolated ones too. */
const ALWAYS = {
	'x-content-type-options': 'nosniff',
	'access-control-allow-origin': '*',
	'cross-origin-resource-policy': 'cross-origin',
	'cache-control': 'no-cache',
	vary: 'accept-encoding',
};

const TEXT = { 'content-type': 'text/plain; charset=utf-8' };

/** The package's root, from `src/master` as from `dist/master`. */
const ROOT = new URL('../../', import.meta.url);

/** Whether this is a checkout that somebody works in, and not a production process or an installed package. */
function inDevelopment(): boolean {
	return process.env.NODE_ENV !== 'production' && existsSync(new URL('bundler.ts', ROOT));
}

/**
 * The scripts for browsers: built when their source changes in development, otherwise served as they were built, and compressed
 * for whoever can read that.
 */
export class Bundles {
	readonly #cache = new Map<string, Promise<Bundle | undefined>>();
	readonly #log: (line: string) => void;
	#live: Promise<LiveBundles | undefined> | undefined;

	constructor(log: (line: string) => void) {
		this.#log = log;
	}

	/** Answers a request for a bundle; tells whether it was one. */
	serve(request: IncomingMessage, response: ServerResponse): boolean {
		const path = (request.url ?? '').split('?', 1)[0] ?? '';
		const name = path.startsWith(PREFIX) ? path.slice(PREFIX.length) : '';
		if (!NAME.test(name)) return false;
		if (request.method !== 'GET' && request.method !== 'HEAD') {
			response.writeHead(405, { ...ALWAYS, allow: 'GET, HEAD' }).end();
			return true;
		}
		const coding = codingFor(request.headers['accept-encoding'], inDevelopment() ? PLAIN : CODINGS);
		if (coding === undefined) {
			response.writeHead(406, { ...ALWAYS, ...TEXT }).end(`There are: ${CODINGS.join(', ')}\n`);
			return true;
		}
		this.#get(name, coding).then(
			(bundle) => answer(request, response, { name, coding, bundle }),
			(error: unknown) => {
				this.#log(`enslavism: ${name} cannot be served: ${String(error)}`);
				response.writeHead(500, { ...ALWAYS, ...TEXT }).end('The bundle cannot be read\n');
			},
		);
		return true;
	}

	/** Resolves when nothing is built any more, whatever had failed. */
	async close(): Promise<void> {
		const live = this.#live;
		this.#live = undefined;
		await (await live)?.close().catch(() => {});
	}

	async #get(name: string, coding: Coding): Promise<Bundle | undefined> {
		if (inDevelopment()) {
			this.#live ??= openLive(this.#log);
			const live = await this.#live;
			const body = await live?.get(name);
			if (live !== undefined) return body && bundleOf(body);
		}
		const key = `${name} ${coding}`;
		let bundle = this.#cache.get(key);
		if (bundle === undefined) {
			bundle = read(name, coding).then(bundleOf);
			this.#cache.set(key, bundle);
			bundle.catch(() => this.#cache.delete(key));
		}
		return bundle;
	}
}

/** `undefined` in a checkout without what is needed to build, which somebody runs rather than works in. */
async function openLive(log: (line: string) => void): Promise<LiveBundles | undefined> {
	// The bundler is no part of the package: it needs esbuild and the sources.
	const compiled = import.meta.url.endsWith('.js');
	try {
		const bundler = (await import(new URL(compiled ? 'dist/bundler.js' : 'bundler.ts', ROOT).href)) as {
			openLiveBundles(log: (line: string) => void): LiveBundles;
		};
		return bundler.openLiveBundles(log);
	} catch (thrown) {
		log(`enslavism: the scripts for browsers are served as they were last built: ${String(thrown)}`);
		return undefined;
	}
}

async function read(name: string, coding: Coding): Promise<Buffer> {
	const plain = await readFile(new URL(`dist/browser/${name}`, ROOT));
	if (coding === 'identity') return plain;
	if (coding === 'br') return promisify(brotliCompress)(plain);
	return promisify(gzip)(plain, { level: 9 });
}

function bundleOf(body: Buffer): Bundle {
	return { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
}

/** Whether a request names this very file as one that it has (RFC 9110, section 13.1.2). */
function has(ifNoneMatch: string | undefined, etag: string): boolean {
	if (ifNoneMatch === undefined) return false;
	// A weak tag is as good here: proxies that compress make ours weak.
	return ifNoneMatch.trim() === '*' || (ifNoneMatch.match(/"[^"]*"/g)?.includes(etag) ?? false);
}

function answer(
	request: IncomingMessage,
	response: ServerResponse,
	{ name, coding, bundle }: { name: string; coding: Coding; bundle: Bundle | undefined },
): void {
	if (bundle === undefined) {
		response.writeHead(404, ALWAYS).end();
		return;
	}
	const { body, etag } = bundle;
	if (has(request.headers['if-none-match'], etag)) {
		response.writeHead(304, { ...ALWAYS, etag }).end();
		return;
	}
	const isMap = name.endsWith('.map');
	response.writeHead(200, {
		...ALWAYS,
		etag,
		'content-type': isMap ? 'application/json' : 'text/javascript; charset=utf-8',
		'content-length': body.length,
		...(coding === 'identity' ? {} : { 'content-encoding': coding }),
		...(isMap ? {} : { sourcemap: `${name}.map` }),
	});
	response.end(request.method === 'HEAD' ? undefined : body);
}
