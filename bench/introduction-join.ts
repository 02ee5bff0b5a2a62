/**
 * How long does an introduction take when many come at once? 2 000 peers, four to a key, join within a second; the
 * time runs from the join of the later one of a pair until each of the two has been told. Beside it the server of
 * `@localfirst/relay`; the peers are the same and speak its dialect.
 */
import { pack, unpack } from 'msgpackr';
import WebSocket from 'ws';
import { Child } from './support/child.js';
import { judge, show } from './support/report.js';
import type { SignalServerApi } from './support/signal-server-process.js';
import { median, quantile, wait } from './support/stats.js';

const PEERS = 2_000;
const KEYS = 500;
const JOIN_MS = 1_000;
/** Everyone with a key is told of everyone else with it. */
const EXPECTED = PEERS * (PEERS / KEYS - 1);
/** How long the last introduction is waited for. */
const PATIENCE = 10_000;
/** Sockets that are opened at the same time. */
const BATCH = 100;
/** The servers take turns; figures are medians. */
const ROUNDS = 3;

type ServerName = 'ours' | 'relay';

interface Figures {
	/** Of each introduction, ms. */
	took: number[];
	/** CPU of the server for all of it, ms. */
	cpu: number;
	/** Memory of the server, MiB. */
	rss: number;
}

async function measure(server: ServerName): Promise<Figures> {
	const child = new Child<SignalServerApi>('./signal-server-process.ts', [server]);
	const port = await child.call('start');
	const sockets = await openAll(`ws://localhost:${port}`);
	const joined = new Array<number>(PEERS).fill(0);
	const told = new Map<string, number>();
	for (const [peer, socket] of sockets.entries()) {
		socket.on('message', (data: Buffer) => {
			const at = performance.now();
			const pair = `${peer} ${(unpack(data) as { peerId: string }).peerId}`;
			if (!told.has(pair)) told.set(pair, at);
		});
	}
	const before = await child.call('sample');
	const began = performance.now();
	for (let peer = 0; peer < PEERS; ) {
		const due = Math.min(PEERS, ((performance.now() - began) / JOIN_MS) * PEERS);
		for (; peer < due; peer++) {
			joined[peer] = performance.now();
			sockets[peer]?.send(pack({ type: 'Join', documentIds: [`key-${peer % KEYS}`] }));
		}
		await wait(1);
	}
	for (const until = performance.now() + PATIENCE; told.size < EXPECTED && performance.now() < until; ) await wait(10);
	const after = await child.call('sample');
	for (const socket of sockets) socket.terminate();
	await child.stop();
	const took = [...told].map(
		([pair, at]) => at - Math.max(...pair.split(' ').map((peer) => joined[Number(peer)] ?? 0)),
	);
	return { took, cpu: (after.cpu - before.cpu) / 1000, rss: after.rss / 1024 / 1024 };
}

async function openAll(url: string): Promise<WebSocket[]> {
	const sockets: WebSocket[] = [];
	while (sockets.length < PEERS) {
		const batch = Array.from(
			{ length: Math.min(BATCH, PEERS - sockets.length) },
			(_, n) => new WebSocket(`${url}/introduction/${sockets.length + n}`, { perMessageDeflate: false }),
		);
		await Promise.all(batch.map((socket) => new Promise((resolve) => socket.once('open', resolve))));
		sockets.push(...batch);
	}
	return sockets;
}

const figures: Record<ServerName, Figures[]> = { ours: [], relay: [] };
for (let round = 0; round <= ROUNDS; round++) {
	for (const server of round % 2 === 0 ? (['ours', 'relay'] as const) : (['relay', 'ours'] as const)) {
		const measured = await measure(server);
		// The first round only warms up.
		if (round > 0) figures[server].push(measured);
	}
}
const of = (server: ServerName, what: (figures: Figures) => number): number => median(figures[server].map(what));
const both = (what: string, unit: string, value: (figures: Figures) => number): void =>
	show(what, of('ours', value), unit, 'relay', of('relay', value));

console.log(`${PEERS} peers on ${KEYS} keys join within ${JOIN_MS} ms`);
both('introductions', `of ${EXPECTED}`, ({ took }) => took.length);
for (const q of [0.5, 0.9, 0.99]) both(`quantile ${q}`, 'ms', ({ took }) => quantile(took, q));
both('CPU of the server', 'ms', ({ cpu }) => cpu);
both('memory of the server', 'MiB', ({ rss }) => rss);
const fewest = Math.min(...figures.ours.map(({ took }) => took.length));
judge('introductions that arrived, in every round', fewest, { atLeast: EXPECTED });
