/** Meshes of pages. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { relay, sharedState } from '../../src/index.js';
import type { Peers } from '../../src/signal/index.js';
import { Peers as NodePeers } from '../../src/signal/node.js';
import {
	BOUND,
	BROWSERS,
	type Browser,
	type BrowserName,
	inEachBrowser,
	launch,
	type Page,
	run,
	waitIn,
} from '../support/browsers.js';
import { openSite } from '../support/e2e-site.js';
import { connectionTo, textOf } from '../support/peers.js';

const services = () => [sharedState(), relay()];

/** What {@link enter} leaves in a page. */
interface InPage {
	Peers: typeof Peers;
	peers: Peers;
	/** What the others have said, by id. */
	said: Record<string, string>;
}

/** Has a page enter the room. To every connection that it opens it says its id over a stream, which is answered. */
async function enter(page: Page, id: string): Promise<void> {
	await run(page, () => {
		const script = document.createElement('script');
		script.src = '/enslavism/signal.js';
		document.head.append(script);
		return new Promise<void>((resolve, reject) => {
			script.onload = () => resolve();
			script.onerror = () => reject(new Error('the script was not loaded'));
		});
	});
	await run(
		page,
		(id) => {
			const page = globalThis as unknown as InPage;
			page.said = {};
			page.peers = new page.Peers('', 'mesh', {
				id,
				onconnection: async (connection) => {
					const hear = async (readable: ReadableStream<Uint8Array>) => {
						page.said[connection.id] = await new Response(readable as ReadableStream<Uint8Array<ArrayBuffer>>).text();
					};
					const say = async (writable: WritableStream<ArrayBuffer | ArrayBufferView>) => {
						const writer = writable.getWriter();
						await writer.write(new TextEncoder().encode(`I am ${id}`));
						await writer.close();
					};
					connection.on('stream', ({ readable, writable }) => Promise.all([hear(readable), say(writable)]));
					if (!connection.opened) return;
					const { readable, writable } = await connection.createStream();
					await Promise.all([hear(readable), say(writable)]);
				},
			});
		},
		id,
	);
}

/** Waits until a page is connected to all of these and has heard each; tells the paths. */
async function meshed(page: Page, ids: string[]): Promise<string[]> {
	await waitIn(
		page,
		(ids) => {
			const { said } = globalThis as unknown as InPage;
			return ids.every((id) => said[id] === `I am ${id}`);
		},
		ids,
	);
	return run(page, () => (globalThis as unknown as InPage).peers.connections.map(({ path }) => path));
}

const MESH = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

inEachBrowser('peers in pages', (suite) => {
	it('connect eight pages with each other, over WebRTC', { timeout: 90_000 }, async () => {
		const site = await suite.site({ services: services() });
		const pages = await Promise.all(MESH.map(() => suite.page(`${site.url}/empty`)));
		await Promise.all(pages.map((page, index) => enter(page, MESH[index] as string)));
		for (const [index, page] of pages.entries()) {
			const others = MESH.filter((_, each) => each !== index);
			assert.deepEqual(await meshed(page, others), Array(7).fill('rtc'), `page ${MESH[index]}`);
		}
		// Those who stay see at once that somebody has gone to another page.
		const started = performance.now();
		await pages[0]?.open(`${site.url}/empty?elsewhere`);
		for (const page of pages.slice(1)) {
			await waitIn(page, () => {
				const { peers } = globalThis as unknown as InPage;
				return peers.get('a') === undefined && peers.connections.length === 6;
			});
		}
		assert.ok(performance.now() - started < 10_000, 'the page was missed too late');
		assert.deepEqual(
			pages.flatMap(({ problems }) => problems),
			[],
		);
	});
});

describe('peers in Chromium, Firefox and Node', () => {
	const browsers = new Map<BrowserName, Browser>();
	before(async () => {
		for (const name of Object.keys(BROWSERS) as BrowserName[]) browsers.set(name, await launch(name));
	}, BOUND);
	after(async () => {
		for (const browser of browsers.values()) await browser.close();
	}, BOUND);

	it('connect with each other over WebRTC, whoever has the greater id', BOUND, async (t) => {
		const site = await openSite({ services: services() });
		t.after(() => site.close());
		const pages = new Map<string, Page>();
		t.after(() => Promise.all([...pages.values()].map((page) => page.close())));
		for (const [id, name] of [
			['b', 'Chromium'],
			['c', 'Firefox'],
			['d', 'Chromium'],
		] as const) {
			const page = (await browsers.get(name)?.newPage()) as Page;
			pages.set(id, page);
			await page.open(`${site.url}/empty`);
		}
		const nodes = ['a', 'z'].map((id) => new NodePeers(site.url, 'mesh', { id }));
		t.after(() => {
			for (const peers of nodes) peers.close();
		});
		const said: Record<string, string> = {};
		for (const peers of nodes) {
			peers.on('connection', (connection) => {
				const talk = async (stream: AsyncIterable<Buffer> & { end(text: string): void }) => {
					stream.end(`I am ${peers.id}`);
					said[peers.id + connection.id] = await textOf(stream);
				};
				connection.on('stream', talk);
				if (connection.opened) void connection.createStream().then(talk);
			});
		}
		for (const [id, page] of pages) await enter(page, id);
		const everybody = ['a', 'b', 'c', 'd', 'z'];
		for (const [id, page] of pages) {
			const others = everybody.filter((each) => each !== id);
			assert.deepEqual(await meshed(page, others), Array(4).fill('rtc'), `page ${id}`);
		}
		for (const peers of nodes) {
			for (const id of everybody) if (id !== peers.id) assert.equal((await connectionTo(peers, id)).path, 'rtc');
		}
		assert.deepEqual(said.ab, 'I am b');
		assert.deepEqual(said.zc, 'I am c');
	});
});
