/** Stream servers in pages, and who talks to them. */
import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import type { WebSocket } from 'ws';
import { streamServers } from '../../src/index.js';
import type * as Streams from '../../src/streams/browser/index.js';
import { StreamClient as NodeClient, MasterConnection as NodeConnection } from '../../src/streams/node/index.js';
import {
	BOUND,
	BROWSERS,
	type Browser,
	type BrowserName,
	inEachBrowser,
	launch,
	type Page,
	run,
} from '../support/browsers.js';
import { openSite, type Site } from '../support/e2e-site.js';
import { next, within } from '../support/wait.js';

declare global {
	var StreamServer: typeof Streams.StreamServer;
	var StreamClient: typeof Streams.StreamClient;
	var con: Streams.MasterConnection;
	var server: Streams.StreamServer;
	/** Says something over a new stream to a server and ends; gives what comes back. */
	var talk: (name: string, words: string, meta?: unknown) => Promise<string>;
}

/** Makes the page able to do all this. */
async function prepare(
	page: Page,
	as: 'script' | 'module' = 'script',
	paths: string[] = ['rtc', 'relay'],
): Promise<void> {
	await run(
		page,
		async (as, paths) => {
			if (as === 'module') Object.assign(globalThis, await import(`/enslavism/streams.mjs?v=${1}`));
			else {
				const script = document.createElement('script');
				script.src = '/enslavism/streams.js';
				document.head.append(script);
				await new Promise((resolve, reject) => Object.assign(script, { onload: resolve, onerror: reject }));
			}
			globalThis.con = new MasterConnection(undefined, {
				paths: paths as 'rtc'[],
			}) as unknown as Streams.MasterConnection;
			globalThis.talk = async (name, words, meta) => {
				const { readable, writable } = StreamClient(con).connect(name, meta);
				const writer = writable.getWriter();
				void writer.write(new TextEncoder().encode(words)).catch(() => {});
				void writer.close().catch(() => {});
				// Not by a Response, which would hide why a stream fails.
				const reader = readable.getReader();
				const decoder = new TextDecoder();
				for (let answer = ''; ; ) {
					const { done, value } = await reader.read();
					if (done) return answer;
					answer += decoder.decode(value, { stream: true });
				}
			};
		},
		as,
		paths,
	);
}

/** Has the page listen and send everything back, behind who says it. */
function listen(page: Page, name: string): Promise<void> {
	return run(
		page,
		async (name) => {
			globalThis.server = StreamServer(con, async ({ meta, readable, writable }, client) => {
				const who = `${client === undefined ? 'master' : 'client'} ${meta}: `;
				const writer = writable.getWriter();
				void writer.write(new TextEncoder().encode(who));
				writer.releaseLock();
				await readable.pipeTo(writable as WritableStream<Uint8Array>);
			});
			await server.listen(name).ready;
		},
		name,
	);
}

const names = Object.keys(BROWSERS) as BrowserName[];
const NAME = 'a page/ü 🦊';

describe('a stream server in a page', () => {
	const browsers = new Map<BrowserName, Browser>();
	before(async () => {
		for (const name of names) browsers.set(name, await launch(name));
	}, BOUND);
	after(async () => {
		for (const browser of browsers.values()) await browser.close();
	}, BOUND);

	async function withSite(work: (site: Site, open: (name: BrowserName) => Promise<Page>) => Promise<void>) {
		const site = await openSite({ services: [streamServers()] });
		const pages: Page[] = [];
		try {
			await work(site, async (name) => {
				const page = (await browsers.get(name)?.newPage()) as Page;
				pages.push(page);
				await page.open(`${site.url}/empty`);
				await prepare(page, name === 'Chromium' ? 'script' : 'module');
				return page;
			});
		} finally {
			for (const page of pages) await page.close();
			await site.close();
		}
	}

	for (const hostName of names) {
		for (const guestName of names) {
			it(`of ${hostName} is reached by a page of ${guestName}`, BOUND, () =>
				withSite(async (site, open) => {
					const host = await open(hostName);
					await listen(host, NAME);
					const guest = await open(guestName);
					const answers = await run(
						guest,
						(name) => Promise.all(['one', 'two'].map((words) => talk(name, words, words.length))),
						NAME,
					);
					assert.deepEqual(answers, ['client 3: one', 'client 3: two']);
					assert.deepEqual(site.master.slaves, []);
					assert.deepEqual([...host.problems, ...guest.problems], []);
				}),
			);
		}
	}
});

inEachBrowser('a page that serves streams', (suite) => {
	async function stage() {
		const proxy = streamServers();
		const site = await suite.site({ services: [proxy] });
		const page = await suite.page(`${site.url}/empty`);
		await prepare(page);
		return { proxy, site, page };
	}

	it('is reached by a Node program and by the master itself', BOUND, async (t) => {
		const { proxy, site, page } = await stage();
		const created = next(proxy, 'server-created');
		await listen(page, NAME);
		assert.deepEqual(await created, [NAME]);
		const con = new NodeConnection(site.url);
		t.after(() => con.close());
		for (const [stream, who] of [
			[NodeClient(con).connect(NAME, 'x'), 'client x'],
			[proxy.connect(NAME, { meta: 'y' }), 'master y'],
		] as const) {
			stream.end('hello');
			assert.equal(await within(text(stream), 'the answer'), `${who}: hello`);
		}
		assert.deepEqual(page.problems, []);
	});

	it('is reached through the master where WebRTC does not work', BOUND, async () => {
		const { site, page } = await stage();
		const sockets: WebSocket[] = [];
		site.master.on('clientconnection', (socket) => sockets.push(socket));
		site.master.on('slaveconnection', (socket) => sockets.push(socket));
		await listen(page, NAME);
		const guest = await suite.page(`${site.url}/empty`);
		await prepare(guest, 'module', ['relay']);
		await run(guest, () => con.ready);
		const long = 'x'.repeat(200_000);
		let relayed = 0;
		for (const socket of sockets) {
			socket.on('message', (data: Buffer, isBinary) => {
				if (isBinary) relayed += data.length;
			});
		}
		const answer = await run(guest, (name, long) => talk(name, long), NAME, long);
		assert.equal(answer, `client undefined: ${long}`);
		assert.ok(relayed > 2 * long.length, `${relayed} bytes through the master`);
		assert.deepEqual([...page.problems, ...guest.problems], []);
	});

	it('is told that its name is taken, and when nobody has one', BOUND, async () => {
		const { site, page } = await stage();
		await listen(page, NAME);
		const other = await suite.page(`${site.url}/empty`);
		await prepare(other, 'module');
		const result = await run(
			other,
			async (name) => {
				const told: unknown[] = [];
				const second = StreamServer(con, () => {});
				second.on('error', ({ code, message }) => told.push(code, message));
				second.on('close', () => told.push('close'));
				const refused = await failure(second.listen(name).ready);
				const absent = await failure(talk('nobody', 'x'));
				return [told, refused?.code, absent?.code, absent?.message];
			},
			NAME,
		);
		assert.deepEqual(result, [
			['server-already-exists', 'server already exists', 'close'],
			'server-already-exists',
			'server-does-not-exist',
			'server does not exist',
		]);
		assert.deepEqual(other.problems, []);
	});

	it('ends its streams when it is closed, and its name is free', { timeout: 60_000 }, async () => {
		const { proxy, site, page } = await stage();
		await listen(page, NAME);
		const guest = await suite.page(`${site.url}/empty`);
		await prepare(guest);
		await run(
			guest,
			async (name) => {
				const { readable, writable } = StreamClient(con).connect(name);
				void writable.getWriter().write(new Uint8Array(1));
				const reader = readable.getReader();
				await reader.read();
				seen.push('open');
				void (async () => {
					try {
						for (;;) if ((await reader.read()).done) break;
						seen.push('done');
					} catch (error) {
						seen.push((error as { code: string }).code);
					}
				})();
			},
			NAME,
		);
		const destroyed = next(proxy, 'server.destroyed');
		await page.close();
		assert.deepEqual(await destroyed, [NAME]);
		const deadline = performance.now() + 30_000;
		for (;;) {
			const [, end] = await run(guest, () => seen);
			if (end !== undefined) {
				assert.match(String(end), /^(mux-lost|mux-closed|session-closed)$/);
				break;
			}
			assert.ok(performance.now() < deadline, 'the stream goes on');
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
		await listen(guest, NAME);
		assert.equal(await run(guest, (name) => talk(name, 'to itself'), NAME), 'client undefined: to itself');
	});

	it('works with a connection of the client script beside it', BOUND, async () => {
		const { site, page } = await stage();
		await listen(page, NAME);
		const guest = await suite.page(site.url);
		await prepare(guest);
		const result = await run(
			guest,
			async (name) => {
				// The class of another script: its errors are not instances of ours.
				const { MasterConnection } = (await import(`/enslavism/client.mjs?v=${1}`)) as typeof Streams;
				globalThis.con = new MasterConnection();
				return [await talk(name, 'hello', 1), (await failure(talk('nobody', 'x')))?.code];
			},
			NAME,
		);
		assert.deepEqual(result, ['client 1: hello', 'server-does-not-exist']);
	});
});
