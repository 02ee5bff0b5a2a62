import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { SCRIPTS } from '../../bundler.js';
import { BOUND, inEachBrowser, run } from '../support/browsers.js';
import '../support/e2e-globals.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A master in a process of its own, with what it says. */
interface MasterProcess {
	readonly url: string;
	readonly log: string[];
	readonly child: ChildProcess;
}

async function startMaster(root: string, entry: string, env: NodeJS.ProcessEnv): Promise<MasterProcess> {
	const program = `
		import { Master } from ${JSON.stringify(entry)};
		const master = new Master(0);
		await master.ready;
		console.log(master.address().port);
	`;
	const args = [...(entry.endsWith('.ts') ? ['--import', 'tsx'] : []), '--input-type=module', '-e', program];
	const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...env } });
	const log: string[] = [];
	child.stderr.on('data', (chunk) => log.push(String(chunk)));
	const port = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
	if (child.exitCode !== null) throw new Error(`the master did not start: ${log.join('')}`);
	return { url: `http://localhost:${Number(String(port[0]))}`, log, child };
}

/** A master in development, on a copy of the sources that may be broken. */
class Checkout {
	readonly master: MasterProcess;
	readonly #root: string;

	private constructor(root: string, master: MasterProcess) {
		this.#root = root;
		this.master = master;
	}

	static async open(): Promise<Checkout> {
		const root = mkdtempSync(join(tmpdir(), 'enslavism-sources-'));
		cpSync(join(ROOT, 'src'), join(root, 'src'), { recursive: true });
		for (const file of ['bundler.ts', 'package.json']) cpSync(join(ROOT, file), join(root, file));
		symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
		return new Checkout(root, await startMaster(root, './src/index.ts', { NODE_ENV: '' }));
	}

	/** Adds a line to a source, of the client's classic script by default, in place of the one added before. */
	add(line: string, source = 'src/client/global.ts'): void {
		writeFileSync(join(this.#root, source), `${readFileSync(join(ROOT, source), 'utf8')}\n${line}\n`);
	}

	async script(name = 'client.js'): Promise<string> {
		return (await fetch(`${this.master.url}/enslavism/${name}`)).text();
	}

	close(): void {
		this.master.child.kill();
		rmSync(this.#root, { recursive: true, force: true });
	}
}

describe('a master in production', () => {
	let master: MasterProcess;
	before(async () => {
		master = await startMaster(ROOT, './dist/index.js', { NODE_ENV: 'production' });
	}, BOUND);
	after(() => master.child.kill());

	for (const name of ['client.js', 'client.mjs', 'slave.js', 'slave.mjs']) {
		it(`serves ${name} as it was built, with its type and its source map`, BOUND, async () => {
			const response = await fetch(`${master.url}/enslavism/${name}`);
			const body = await response.text();
			assert.equal(response.status, 200);
			assert.equal(body, readFileSync(join(ROOT, 'dist/browser', name), 'utf8'));
			assert.equal(response.headers.get('content-type'), 'text/javascript; charset=utf-8');
			assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
			assert.equal(response.headers.get('sourcemap'), `${name}.map`);
			const map = await fetch(`${master.url}/enslavism/${name}.map`);
			assert.equal(map.headers.get('content-type'), 'application/json');
			const { version, sources } = (await map.json()) as { version: number; sources: string[] };
			assert.equal(version, 3);
			assert.ok(sources.some((source) => source.endsWith('link/link.ts')));
		});
	}

	it('answers 304 to whoever has the script already', BOUND, async () => {
		const url = `${master.url}/enslavism/client.js?v=1`;
		const etag = (await fetch(url)).headers.get('etag') ?? '';
		assert.match(etag, /^"[\w-]+"$/);
		const again = await fetch(url, { headers: { 'if-none-match': etag } });
		assert.deepEqual([again.status, await again.text()], [304, '']);
		const other = await fetch(url, { headers: { 'if-none-match': '"something-else"' } });
		assert.equal(other.status, 200);
		await other.text();
	});

	it('answers HEAD without a body, refuses other methods and knows no other file', BOUND, async () => {
		const url = `${master.url}/enslavism/client.js`;
		const head = await fetch(url, { method: 'HEAD' });
		assert.deepEqual([head.status, await head.text()], [200, '']);
		assert.ok(Number(head.headers.get('content-length')) > 1000);
		assert.equal((await fetch(url, { method: 'POST' })).status, 405);
		for (const path of ['/enslavism/', '/enslavism/client.ts', '/enslavism/../package.json', '/enslavism/%2e%2e/x']) {
			assert.equal((await fetch(master.url + path)).status, 404, path);
		}
	});
});

describe('a master in development', () => {
	let checkout: Checkout;
	before(async () => {
		checkout = await Checkout.open();
	}, BOUND);
	after(() => checkout.close());

	it('builds again when the source has changed', BOUND, async () => {
		assert.ok(!(await checkout.script()).includes('a new line'));
		checkout.add(`console.info('a new line');`);
		const changed = await checkout.script();
		assert.ok(changed.includes('a new line'));
		assert.match(changed, /sourceMappingURL=client\.js\.map/);
		assert.ok((await checkout.script('client.js.map')).includes('a new line'));
	});

	it('tells of a build that fails, and lives on', BOUND, async () => {
		const { master } = checkout;
		checkout.add('const broken = ;');
		const response = await fetch(`${master.url}/enslavism/client.js`);
		assert.equal(response.headers.get('content-type'), 'text/javascript; charset=utf-8');
		assert.match(await response.text(), /^console\.error\(.*does not build.*Unexpected/s);
		while (!/client\.js does not build.*Unexpected.*global\.ts/s.test(master.log.join(''))) {
			await once(master.child.stderr as NodeJS.ReadableStream, 'data');
		}
		checkout.add('');
		assert.match(await checkout.script(), /sourceMappingURL/);
		assert.match(await checkout.script('slave.mjs'), /sourceMappingURL/);
		assert.equal(master.child.exitCode, null);
	});

	it('gives modules that do not build the names of those that do', BOUND, async () => {
		checkout.add('const broken = ;', 'src/wire/errors.ts');
		for (const room of ['client', 'slave', 'signal', 'streams']) {
			const broken = await checkout.script(`${room}.mjs`);
			const built = (await import(join(ROOT, `dist/browser/${room}.mjs`))) as object;
			assert.deepEqual(/^export let (.*);\nthrow /.exec(broken)?.[1]?.split(', '), Object.keys(built));
		}
		checkout.add('', 'src/wire/errors.ts');
		assert.match(await checkout.script('client.mjs'), /sourceMappingURL/);
	});
});

describe('a built master in a checkout, as npm start runs it', () => {
	it('builds what it serves from the source, too', BOUND, async () => {
		const master = await startMaster(ROOT, './dist/index.js', { NODE_ENV: '' });
		try {
			const options = SCRIPTS.get('client.js');
			assert.ok(options);
			const { outputFiles = [] } = await build(options);
			const script = outputFiles.find(({ path }) => path.endsWith('.js'));
			const served = await (await fetch(`${master.url}/enslavism/client.js`)).text();
			assert.equal(served, script?.text);
			assert.notEqual(served, readFileSync(join(ROOT, 'dist/browser/client.js'), 'utf8'));
			assert.deepEqual(master.log, []);
		} finally {
			master.child.kill();
		}
	});
});

inEachBrowser('the scripts of a master', (suite) => {
	it('show on the console that they do not build, also to a page that imports from them', BOUND, async () => {
		const checkout = await Checkout.open();
		try {
			checkout.add('const broken = ;', 'src/wire/errors.ts');
			const site = await suite.site();
			for (const name of ['client.js', 'client.mjs']) {
				const page = await suite.page(`${site.url}/empty`);
				await run(
					page,
					(src) => {
						const text = `import { MasterConnection } from '${src}'; new MasterConnection();`;
						const how = src.endsWith('.mjs') ? { type: 'module', text } : { src };
						document.head.append(Object.assign(document.createElement('script'), how));
					},
					`${checkout.master.url}/enslavism/${name}`,
				);
				while (page.problems.length === 0) await sleep(20);
				const [problem = '', ...more] = page.problems;
				assert.ok(problem.includes(`${name} does not build`) && problem.includes('errors.ts'), problem);
				assert.deepEqual(more, []);
			}
		} finally {
			checkout.close();
		}
	});

	it('work in pages of another origin, as a module and with crossorigin', BOUND, async () => {
		const home = await suite.site();
		const site = await suite.site({ origins: [home.url] });
		const slave = await site.slave('one');
		const page = await suite.page(`${home.url}/empty`);
		const slaves = await run(
			page,
			async (url) => {
				const script = Object.assign(document.createElement('script'), { crossOrigin: 'anonymous' });
				const loaded = new Promise((resolve) => script.addEventListener('load', resolve));
				document.head.append(Object.assign(script, { src: `${url}/enslavism/client.js` }));
				const module = (await import(`${url}/enslavism/client.mjs`)) as { MasterConnection: typeof MasterConnection };
				await loaded;
				const masters = [new MasterConnection(url), new module.MasterConnection(url)];
				await Promise.all(masters.map((master) => master.ready));
				return masters.map((master) => master.slaves.map(({ id }) => id));
			},
			site.url,
		);
		assert.deepEqual(slaves, [[slave.id], [slave.id]]);
		assert.deepEqual(page.problems, []);
	});

	it('reach pages compressed', BOUND, async () => {
		const site = await suite.site();
		const page = await suite.page(`${site.url}/module`);
		const { encoded, decoded } = await run(page, async () => {
			const has = () => 'enslavism' in globalThis;
			while (!has()) await new Promise((resolve) => setTimeout(resolve, 10));
			const { href } = new URL('/enslavism/client.mjs', location.href);
			const [loaded] = performance.getEntriesByName(href) as PerformanceResourceTiming[];
			return { encoded: loaded?.encodedBodySize ?? 0, decoded: loaded?.decodedBodySize ?? 0 };
		});
		assert.equal(decoded, readFileSync(join(ROOT, 'dist/browser/client.mjs')).length);
		assert.ok(encoded > 0 && encoded < decoded / 2.5, `${encoded} of ${decoded} bytes`);
	});

	it('leave no other global than their own', BOUND, async () => {
		const site = await suite.site();
		const before = await suite.page(`${site.url}/empty`);
		const names = () => Object.keys(globalThis);
		const page = await suite.page(`${site.url}/both`);
		const known = new Set(await run(before, names));
		const added = (await run(page, names)).filter((name) => !known.has(name));
		assert.deepEqual(new Set(added), new Set(['MasterConnection', 'SlaveConnection', 'EnslavismError', 'Slave']));
	});
});
