import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BOUND } from '../support/browsers.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const exec = promisify(execFile);

/** The scripts for browsers. */
const SCRIPTS = ['client', 'slave', 'signal', 'streams'].flatMap((room) => [`${room}.js`, `${room}.mjs`]);

/** A text of several small words, such as an error's code or message: minifying leaves it as it is. */
const PHRASE = /(["'`])([a-z]+(?:[- ][a-z]+)+)\1/g;

/** Runs a program from within the package, where its own name leads to itself; returns what it prints. */
async function printed(kind: 'commonjs' | 'module', program: string): Promise<unknown> {
	const args = ['--no-warnings', `--input-type=${kind}`, '-e', program];
	const { stdout } = await exec(process.execPath, args, { cwd: ROOT, timeout: 20_000 });
	return JSON.parse(stdout);
}

describe('the built package', () => {
	it('is there: build it with "npm run build"', () => {
		for (const name of SCRIPTS) {
			assert.ok(existsSync(join(ROOT, 'dist/browser', name)), name);
			assert.ok(existsSync(join(ROOT, 'dist/browser', `${name}.map`)), `${name}.map`);
		}
	});

	it('has source maps that lead to the line', async () => {
		for (const name of SCRIPTS) {
			const path = join(ROOT, 'dist/browser', name);
			const script = await readFile(path, 'utf8');
			assert.match(script, new RegExp(`\n//# sourceMappingURL=${name}\\.map\\s*$`));
			const payload = JSON.parse(await readFile(`${path}.map`, 'utf8')) as SourceMapPayload;
			const map = new SourceMap(payload);
			let found = 0;
			for (const [row, line] of script.split('\n').entries()) {
				for (const { index, 2: phrase = '' } of line.matchAll(PHRASE)) {
					const entry = map.findEntry(row, index);
					assert.ok('originalSource' in entry, `${phrase} of ${name} has a place`);
					const source = payload.sourcesContent[payload.sources.indexOf(entry.originalSource)] ?? '';
					assert.match(source.split('\n')[entry.originalLine] ?? '', new RegExp(phrase), entry.originalSource);
					found++;
				}
			}
			assert.ok(found > 20, `${name} has some`);
		}
	});

	it('gives require() its Master, which works', BOUND, async () => {
		const program = `
			const { Master, Slave } = require('enslavism');
			const { MasterConnection } = require('enslavism/client');
			const master = new Master(0);
			master.ready.then(async () => {
				const url = 'ws://localhost:' + master.address().port;
				const slave = await new Slave(url, { name: 'one' });
				const { MasterConnection } = require('enslavism/client');
				const client = new MasterConnection(url);
				await client.ready;
				console.log(JSON.stringify([client.slaves[0].userData, require('enslavism').Master === Master]));
				client.close();
				slave.close();
				await master.close();
			});
		`;
		assert.deepEqual(await printed('commonjs', program), [{ name: 'one' }, true]);
	});

	it('gives import the same names at every entry', BOUND, async () => {
		const program = `
			const names = async (entry) => Object.keys(await import(entry)).sort();
			console.log(JSON.stringify({
				main: await names('enslavism'),
				client: await names('enslavism/client'),
				slave: await names('enslavism/slave'),
				streams: await names('enslavism/streams'),
			}));
		`;
		const { main, client, slave, streams } = (await printed('module', program)) as Record<string, string[]>;
		for (const name of ['EnslavismError', 'Master', 'Slave']) assert.ok(main?.includes(name), `${name} in enslavism`);
		for (const name of ['EnslavismError', 'MasterConnection', 'SlaveConnection']) {
			assert.ok(client?.includes(name), `${name} in enslavism/client`);
		}
		for (const name of ['EnslavismError', 'Slave']) assert.ok(slave?.includes(name), `${name} in enslavism/slave`);
		for (const name of ['EnslavismError', 'MasterConnection', 'StreamClient', 'StreamServer']) {
			assert.ok(streams?.includes(name), `${name} in enslavism/streams`);
		}
	});

	it('brings the types along that its own name', async () => {
		const { dependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
			dependencies: Record<string, string>;
		};
		const named = new Set<string>();
		for (const file of await readdir(join(ROOT, 'dist'), { recursive: true })) {
			if (!file.endsWith('.d.ts') || file === 'bundler.d.ts') continue;
			const text = await readFile(join(ROOT, 'dist', file), 'utf8');
			for (const [, name = ''] of text.matchAll(/(?:from |import\()'((?:@[^/']+\/)?[^./'][^/']*)/g)) named.add(name);
		}
		for (const name of named) {
			if (name.startsWith('node:')) continue;
			const types = `@types/${name}`;
			for (const needed of existsSync(join(ROOT, 'node_modules', types)) ? [name, types] : [name]) {
				assert.ok(needed in dependencies, `${needed} is a dependency`);
			}
		}
		assert.ok(named.has('ws'));
	});

	describe('types all entries', () => {
		const MAIN = `
			import { Master, Slave, type ClientConnection, type Channel } from 'enslavism';
			export async function start(url: string): Promise<void> {
				const slave: Slave = await new Slave(url, new Map([['name', 'one']]), { token: 'x' });
				slave.on('offer', (reject, offer) => reject(String(offer.client.auth)));
				slave.on('connection', (client: ClientConnection) => client.on('datachannel', (channel: Channel) => {
					const label: string = channel.label;
					channel.on('message', (event) => event.data satisfies string | ArrayBuffer);
					channel.send(label);
				}));
			}
			export const master = new Master(0);
			master.on('clientconnection', (ws) => ws.readyState satisfies 0 | 1 | 2 | 3);
			// @ts-expect-error: the socket has a type
			master.on('clientconnection', (ws) => ws.nothing);
		`;
		const EITHER = `
			import { MasterConnection, type Channel, type SlaveConnection } from 'enslavism/client';
			import { Mux } from 'enslavism/mux';
			import { Echo, Introducer, Peers, relay, SharedState } from 'enslavism/signal';
			import { Slave } from 'enslavism/slave';
			import { StreamClient, StreamServer } from 'enslavism/streams';
			export async function start(url: string): Promise<Channel> {
				await Slave.connect(url, null);
				const master = new MasterConnection(url, { auth: { token: 'x' } });
				master.on('slaveremoved', (gone: SlaveConnection) => gone.userData satisfies unknown);
				// @ts-expect-error: there is no such event
				master.on('slavechanged', () => {});
				const [first] = master.slaves;
				return first!.createDataChannel('a', { ordered: false, maxRetransmits: 0 });
			}
			export const inPage = () => new MasterConnection();
			export const services = (url: string) => [
				new Echo(url, 'room').on('message', ({ data }) => data satisfies string | ArrayBuffer),
				new Introducer().join('key'),
				new Peers(url, 'room', { data: { name: 'Ada' } }),
				relay(url, { namespace: 'room', local: 'a', remote: 'b' }),
				new SharedState(url, 'room').set('map', 'desert'),
			];
			export const others = [Mux, StreamClient, StreamServer];
		`;
		const NODE = `
			import { MuxServer, util } from 'enslavism/mux';
			import { type MuxStream, MasterConnection, StreamClient, StreamServer } from 'enslavism/streams';
			new MuxServer(0).on('connection', (connection) => connection.on('stream', (stream) => util.sendFile('x', stream)));
			const master = new MasterConnection('ws://localhost:8080');
			const server: StreamServer = StreamServer(master, { maxStreams: 1 }, (stream) => stream.pipe(stream));
			server.listen('echo').on('error', ({ code }) => code satisfies string);
			const stream: MuxStream = new StreamClient(master).connect('echo', { any: 1 }, { signal: AbortSignal.timeout(1) });
			stream.end('hello');
		`;
		const PAGE = `
			import { MasterConnection, StreamClient, StreamServer } from 'enslavism/streams';
			const master = new MasterConnection();
			StreamServer(master, ({ readable, writable }) => readable.pipeTo(writable)).listen('echo');
			const { readable } = StreamClient(master).connect('echo');
			readable satisfies ReadableStream<Uint8Array>;
		`;
		const REQUIRE = `import enslavism = require('enslavism'); new enslavism.Master(0);`;
		const bundler = ['--module', 'esnext', '--moduleResolution', 'bundler', '--lib', 'es2022,dom'];
		for (const [whom, options, files] of [
			['Node', ['--module', 'nodenext', '--lib', 'es2023'], { MAIN, EITHER, NODE, REQUIRE }],
			['bundlers', bundler, { MAIN, EITHER, NODE }],
			[
				'bundlers that say that they are for browsers',
				[...bundler, '--customConditions', 'browser'],
				{ MAIN, EITHER, PAGE },
			],
		] as const) {
			it(`for ${whom}`, { timeout: 60_000 }, async () => {
				// Inside the package, so that its name leads to itself.
				const folder = await mkdtemp(join(ROOT, 'dist', 'types-'));
				const paths: string[] = [];
				try {
					for (const [name, source] of Object.entries(files)) {
						paths.push(join(folder, name === 'REQUIRE' ? `${name}.cts` : `${name}.mts`));
						await writeFile(paths.at(-1) as string, source);
					}
					const tsc = join(ROOT, 'node_modules/.bin/tsc');
					const strict = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--target', 'es2023', '--ignoreConfig'];
					await exec(tsc, [...strict, ...options, '--types', 'node', ...paths], { cwd: ROOT });
				} catch (failed) {
					assert.fail(String((failed as { stdout: string }).stdout || failed));
				} finally {
					await rm(folder, { recursive: true });
				}
			});
		}
	});
});
