/** The clients of echo, shared state and relay in pages. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { echo, relay, sharedState } from '../../src/index.js';
import { Echo, relay as openRelay, SharedState } from '../../src/signal/node.js';
import { BOUND, inEachBrowser, type Page, run, waitIn } from '../support/browsers.js';
import { Inbox, next, within } from '../support/wait.js';

const options = () => ({ services: [echo(), sharedState(), relay()] });

/** Has a page load the plain script, which gives it globals. */
async function loadScript(page: Page): Promise<void> {
	await run(page, () => {
		const script = document.createElement('script');
		script.src = '/enslavism/signal.js';
		document.head.append(script);
		return new Promise<void>((resolve, reject) => {
			script.onload = () => resolve();
			script.onerror = () => reject(new Error('the script was not loaded'));
		});
	});
}

/** What the script gives, for functions that run in a page. */
declare global {
	var heard: unknown[];
}

inEachBrowser('the clients of services in a page', (suite) => {
	it('come with a plain script and with a module, with the same names', BOUND, async () => {
		const site = await suite.site(options());
		const page = await suite.page(`${site.url}/empty`);
		await loadScript(page);
		const names = await run(page, async () => {
			const module: object = await import(`/enslavism/signal.mjs?v=${1}`);
			const wanted = ['Echo', 'SharedState', 'relay', 'Introducer', 'Peers', 'upgrade', 'streamOf', 'EnslavismError'];
			return wanted.map((name) => [name, typeof Reflect.get(globalThis, name), typeof Reflect.get(module, name)]);
		});
		for (const [name, ...types] of names) assert.deepEqual(types, ['function', 'function'], name);
		assert.deepEqual(page.problems, []);
	});

	it('echo text and bytes between a page and a Node program', BOUND, async (t) => {
		const site = await suite.site(options());
		const page = await suite.page(`${site.url}/empty`);
		await loadScript(page);
		await run(page, async () => {
			const page = globalThis as unknown as { Echo: typeof Echo; echo: Echo; heard: unknown[] };
			page.heard = [];
			page.echo = new page.Echo('', 'ü room');
			page.echo.on('message', ({ data }) =>
				page.heard.push(typeof data === 'string' ? data : [...new Uint8Array(data)]),
			);
			await new Promise<void>((resolve) => page.echo.once('open', () => resolve()));
		});
		const client = new Echo(site.url, 'ü room');
		t.after(() => client.close());
		const inbox = new Inbox<unknown>();
		client.on('message', ({ data }) => inbox.put(data));
		await next(client, 'open');
		client.send('from Node');
		client.send(new Uint8Array([1, 2]));
		await waitIn(page, () => globalThis.heard.length === 2);
		assert.deepEqual(await run(page, () => globalThis.heard), ['from Node', [1, 2]]);
		await run(page, () => (globalThis as unknown as { echo: Echo }).echo.send(new Uint8Array([9]).buffer));
		const last = (await inbox.count(3)).at(-1);
		assert.deepEqual([...new Uint8Array(last as ArrayBuffer)], [9]);
		assert.deepEqual(page.problems, []);
	});

	it('share a state between two pages and a Node program', BOUND, async (t) => {
		const site = await suite.site(options());
		const state = new SharedState(site.url, 'room');
		t.after(() => state.close());
		state.set('before', { a: 1 });
		await within(state.ready, 'the state');
		const pages = [await suite.page(`${site.url}/empty`), await suite.page(`${site.url}/empty`)];
		for (const [index, page] of pages.entries()) {
			await loadScript(page);
			const before = await run(
				page,
				async (name) => {
					const page = globalThis as unknown as { SharedState: typeof SharedState; state: SharedState };
					page.state = new page.SharedState('', 'room');
					await page.state.ready;
					page.state.heartbeat(name, 'here');
					return page.state.get('before');
				},
				`page ${index}`,
			);
			assert.deepEqual(before, { a: 1 });
		}
		for (const page of pages) {
			await waitIn(page, () => {
				const { state } = globalThis as unknown as { state: SharedState };
				return state.get('page 0') === 'here' && state.get('page 1') === 'here';
			});
		}
		while (state.get('page 1') === undefined) await next(state, 'change');
		assert.deepEqual(
			pages.flatMap(({ problems }) => problems),
			[],
		);
	});

	it('relay between a page and a Node program', BOUND, async (t) => {
		const site = await suite.site(options());
		const page = await suite.page(`${site.url}/empty`);
		await loadScript(page);
		const far = openRelay(site.url, { namespace: 'room', local: 'node', remote: 'page' });
		t.after(() => far.close());
		far.on('message', ({ data }) => far.send(`you said ${data}`));
		const answer = await run(page, async () => {
			const page = globalThis as unknown as { relay: typeof openRelay };
			const socket = page.relay('', { namespace: 'room', local: 'page', remote: 'node' });
			await new Promise<void>((resolve) => socket.once('open', () => resolve()));
			socket.send('hello');
			const { data } = await new Promise<{ data: unknown }>((resolve) => socket.once('message', resolve));
			socket.close();
			return data;
		});
		assert.equal(answer, 'you said hello');
		if (far.readyState !== 'closed') await next(far, 'close');
		assert.deepEqual(page.problems, []);
	});
});
