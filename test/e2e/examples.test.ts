import assert from 'node:assert/strict';
import { afterEach, it } from 'node:test';
import { BOUND, inEachBrowser, type Page, run, waitIn } from '../support/browsers.js';
import { freePort, type Program, runProgram } from '../support/e2e-program.js';

const logOf = () => document.querySelector('#log')?.textContent ?? '';
const logHas = (text: string) => document.querySelector('#log')?.textContent?.includes(text);

inEachBrowser('the examples', (suite) => {
	const programs: Program[] = [];
	afterEach(async () => {
		await Promise.all(programs.splice(0).map((program) => program.close()));
	}, BOUND);

	/** Runs programs of an example one after the other, each when the one before is ready. */
	async function start(env: NodeJS.ProcessEnv, ...steps: [file: string, ready: RegExp][]): Promise<Program[]> {
		const started: Program[] = [];
		for (const [file, ready] of steps) {
			const program = runProgram(`examples/${file}`, [], env);
			programs.push(program);
			started.push(program);
			await program.says(ready);
		}
		return started;
	}

	async function where(): Promise<{ PORT: string; MASTER: string; url: string }> {
		const PORT = await freePort();
		return { PORT, MASTER: `ws://localhost:${PORT}`, url: `http://localhost:${PORT}/` };
	}

	it('minimal: the page greets the slave, hears it, and sees it go', BOUND, async () => {
		const { url, ...env } = await where();
		const [master, slave] = await start(env, ['minimal/master.ts', /http:/], ['minimal/slave.ts', /Registered/]);
		const page = await suite.page(url);
		await waitIn(page, logHas, 'my slave server says: What have I wrought!');
		assert.ok(await run(page, logHas, 'my slave server says: hallo welt'));
		assert.equal(await slave?.interrupt(), 0);
		await waitIn(page, logHas, 'my slave server is gone');
		assert.deepEqual(page.problems, []);
		assert.match(slave?.output ?? '', /Client connected: /);
		assert.equal(await master?.interrupt(), 0);
		assert.doesNotMatch(`${master?.output}${slave?.output}`, /Error/);
	});

	it('auth: a stranger is refused, a member greeted by name, a banned one rejected', { timeout: 60_000 }, async () => {
		const { url, ...env } = await where();
		await start(env, ['auth/master.ts', /http:/], ['auth/slave.ts', /Registered/]);
		const page = await suite.page(url);
		await waitIn(page, logHas, 'The master refused: sign in first');
		await signIn(page, 'Zoé');
		await waitIn(page, logHas, 'Hello Zoé');
		assert.ok(await run(page, logHas, 'members only, run by example operator'));
		await signIn(page, 'Mallory');
		await waitIn(page, logHas, 'rejected: Mallory is not welcome here');
		assert.ok(!(await run(page, logOf)).includes('Hello'));
		assert.deepEqual(page.problems, []);
	});

	it('auth: a slave with another key is told why it is refused', BOUND, async () => {
		const { url: _, ...env } = await where();
		await start(env, ['auth/master.ts', /http:/]);
		await start({ ...env, SLAVE_KEY: 'guessed' }, ['auth/slave.ts', /Not registered: wrong key \(refused\)/]);
	});
});

async function signIn(page: Page, name: string): Promise<void> {
	// The old page has a log, too: it is gone when this mark is.
	await run(page, () => {
		document.body.dataset.old = 'yes';
	});
	await page.click('[name=name]');
	await page.type(name);
	await page.click('button');
	await waitIn(page, () => document.readyState === 'complete' && document.body.dataset.old === undefined);
}
