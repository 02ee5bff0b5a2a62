import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { MasterConnection } from '../../src/client/node.js';
import {
	BOUND,
	BROWSERS,
	type Browser,
	type BrowserName,
	launch,
	type Page,
	run,
	waitIn,
} from '../support/browsers.js';
import '../support/e2e-globals.js';
import { openSite, type Site } from '../support/e2e-site.js';

/** Makes the page a slave that answers every message with its name before it. */
async function host(name: string): Promise<string> {
	globalThis.slave = await new Slave(undefined, { name });
	slave.on('offer', (reject, { client }) => {
		seen.push(['offer', client.id.length > 10]);
		if (seen.length > 1) reject('one is enough');
	});
	slave.on('connection', (client) => {
		seen.push('connection');
		client.on('close', (error) => seen.push(['close', error.reason]));
		client.on('datachannel', (channel) => {
			seen.push([channel.label, channel.ordered, channel.maxRetransmits, channel.readyState]);
			channel.on('message', ({ data }) => channel.send(`${name}: ${data}`));
		});
	});
	return slave.id;
}

const names = Object.keys(BROWSERS) as BrowserName[];

describe('a slave in a page', () => {
	const browsers = new Map<BrowserName, Browser>();
	before(async () => {
		for (const name of names) browsers.set(name, await launch(name));
	}, BOUND);
	after(async () => {
		for (const browser of browsers.values()) await browser.close();
	}, BOUND);

	async function withPages(
		work: (site: Site, open: (name: BrowserName, path: string) => Promise<Page>) => Promise<void>,
	) {
		const site = await openSite();
		const pages: Page[] = [];
		try {
			await work(site, async (name, path) => {
				const page = (await browsers.get(name)?.newPage()) as Page;
				pages.push(page);
				await page.open(site.url + path);
				return page;
			});
		} finally {
			for (const page of pages) await page.close();
			await site.close();
		}
	}

	for (const hostName of names) {
		for (const guestName of names) {
			it(`of ${hostName} is played by a page of ${guestName}`, BOUND, () =>
				withPages(async (site, open) => {
					const hostPage = await open(hostName, hostName === 'Chromium' ? '/slave' : '/slave-module');
					await waitIn(hostPage, () => typeof Slave === 'function');
					const id = await run(hostPage, host, 'page');
					assert.deepEqual(
						site.master.slaves.map((slave) => [slave.id, slave.userData]),
						[[id, { name: 'page' }]],
					);
					const guest = await open(guestName, '/');
					const result = await run(guest, async () => {
						await meet();
						const [fast, sure] = await Promise.all([
							slaveCo.createDataChannel('fast', { ordered: false, maxRetransmits: 0 }),
							slaveCo.createDataChannel('sure'),
						]);
						const answers = [fast, sure].map((channel) => next(channel, 'message') as Promise<{ data: string }>);
						fast.send('one');
						sure.send('two');
						const texts = (await Promise.all(answers)).map(({ data }) => data);
						const rtt = await slaveCo.rtt();
						slaveCo.close('bye');
						return [texts, rtt >= 0, slaveCo.id];
					});
					assert.deepEqual(result, [['page: one', 'page: two'], true, id]);
					await waitIn(hostPage, () => seen.length === 5);
					const [offer, connection, ...rest] = (await run(hostPage, () => seen)) as unknown[];
					assert.deepEqual([offer, connection], [['offer', true], 'connection']);
					assert.deepEqual(
						new Set(rest.map(String)),
						new Set(['fast,false,0,connecting', 'sure,true,,connecting', 'close,bye']),
					);
					const again = await run(guest, () => failure(slaveCo.connect()));
					assert.deepEqual([again?.code, again?.reason], ['rejected', 'one is enough']);
					await hostPage.close();
					await waitIn(guest, () => slaveCo.state === 'gone');
				}),
			);
		}

		it(`of ${hostName} is played by a Node program`, BOUND, () =>
			withPages(async (site, open) => {
				const hostPage = await open(hostName, '/slave');
				await run(hostPage, host, 'page');
				const master = new MasterConnection(site.url);
				await master.ready;
				const [slaveCo] = master.slaves;
				assert.ok(slaveCo);
				const channel = await slaveCo.createDataChannel('a');
				const answer = new Promise((resolve) => channel.on('message', ({ data }) => resolve(data)));
				channel.send('hello');
				assert.equal(await answer, 'page: hello');
				master.close();
			}),
		);

		it(`of ${hostName} learns why it is refused`, BOUND, () =>
			withPages(async (site, open) => {
				site.master.on('slaveauth', ({ password }, reject) => {
					if (password !== 'secret') reject('Invalid credentials!');
				});
				const page = await open(hostName, '/slave');
				const result = await run(page, async () => {
					const failed = await failure(new Slave(undefined, 'x', { password: 'guess' }));
					const slave = await Slave.connect(undefined, 'x', { password: 'secret' });
					return [failed?.code, failed?.reason, slave.state, slave instanceof Slave];
				});
				assert.deepEqual(result, ['refused', 'Invalid credentials!', 'open', true]);
			}),
		);
	}
});
