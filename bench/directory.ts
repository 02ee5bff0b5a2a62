/**
 * How soon does a newcomer see a large directory? A page in Chromium joins a master with 10 000 slaves: from
 * `new MasterConnection()` to a complete `slaves`; beside it the same list as one plain WebSocket frame and
 * `JSON.parse`.
 */
import { createServer } from 'node:http';
import { type Browser, chromium } from 'playwright-core';
import { WebSocketServer } from 'ws';
import type { MasterConnection as MasterConnectionType } from '../src/client/index.js';
import { Master } from '../src/index.js';
import { Child } from './support/child.js';
import type { LinksApi } from './support/links.js';
import { judge, show } from './support/report.js';
import { median, wait } from './support/stats.js';

const SLAVES = 10_000;
const ROUNDS = 15;

/** The client script's global. */
declare const MasterConnection: typeof MasterConnectionType;

/** In the page: how long until the whole list is there, in ms, and how long it is. */
async function joinInPage(): Promise<{ took: number; length: number }> {
	const started = performance.now();
	const master = new MasterConnection();
	await master.ready;
	const length = master.slaves.length;
	const took = performance.now() - started;
	master.close();
	return { took, length };
}

/** In the page: the same for a plain frame. */
async function parseInPage(url: string): Promise<number> {
	const started = performance.now();
	const socket = new WebSocket(url);
	const frame = await new Promise<string>((resolve) => {
		socket.onmessage = ({ data }) => resolve(data);
	});
	JSON.parse(frame);
	const took = performance.now() - started;
	socket.close();
	return took;
}

async function launch(): Promise<Browser> {
	return chromium.launch({
		executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
		args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
	});
}

/** Serves one frame to everybody who connects. */
function plainServer(frame: string): Promise<{ port: number; close(): void }> {
	const server = new WebSocketServer({ port: 0, perMessageDeflate: false });
	server.on('connection', (socket) => socket.send(frame));
	return new Promise((resolve) => {
		server.on('listening', () => {
			resolve({ port: (server.address() as { port: number }).port, close: () => server.close() });
		});
	});
}

const web = createServer((_request, response) => {
	response.writeHead(200, { 'content-type': 'text/html' });
	response.end('<!doctype html><title>bench</title><script src="/enslavism/client.js"></script>');
});
const master = new Master(web);
web.listen(0);
await master.ready;
const origin = `localhost:${master.address()?.port}`;

const links = [new Child<LinksApi>('./links.ts'), new Child<LinksApi>('./links.ts')];
await Promise.all(links.map((child) => child.call('slaves', `ws://${origin}`, SLAVES / links.length)));
while (master.slaves.length < SLAVES) await wait(50);
await wait(500);

const list = master.slaves.map(({ id, userData }) => ({ id, data: JSON.stringify(userData) }));
const plain = await plainServer(JSON.stringify({ t: 'snapshot', seq: 1, slaves: list }));

const browser = await launch();
const page = await browser.newPage();
const ours: number[] = [];
const parse: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
	await page.goto(`http://${origin}/`);
	const joined = await page.evaluate(joinInPage);
	if (joined.length !== SLAVES) throw new Error(`${joined.length} of ${SLAVES} slaves are in the list`);
	ours.push(joined.took);
	parse.push(await page.evaluate(parseInPage, `ws://localhost:${plain.port}`));
}
await browser.close();
plain.close();
await Promise.all(links.map((child) => child.stop()));
await master.close();
web.closeAllConnections();
web.close();

show(`${SLAVES} slaves, median`, median(ours), 'ms', 'JSON.parse of a plain frame', median(parse));
show(`${SLAVES} slaves, worst`, Math.max(...ours), 'ms', 'JSON.parse of a plain frame', Math.max(...parse));
judge(`${SLAVES} slaves in \`slaves\`, median of ${ROUNDS} fresh pages`, median(ours), { atMost: 250 }, 'ms');
