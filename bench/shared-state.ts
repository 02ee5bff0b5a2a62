/**
 * How long until a newcomer has everything? A shared state of 10 000 keys, read by our client and by a model of the npm
 * package `scuttlebutt`, from the call that opens the socket to the end of the history; master and newcomers are
 * processes of their own. Beside it the same state as one message of a plain `ws` socket, parsed as JSON.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import Model from 'scuttlebutt/model.js';
import WebSocket, { createWebSocketStream, WebSocketServer } from 'ws';
import { SharedState } from '../src/signal/node.js';
import { Child } from './support/child.js';
import type { NamespaceApi } from './support/namespace-process.js';
import { judge, show } from './support/report.js';
import { median } from './support/stats.js';

const KEYS = 10_000;
const ROUNDS = 9;
const VALUE = { x: 123.456, y: 654.321, name: 'somebody', color: '#ff8800' };

async function fill(url: string): Promise<void> {
	const state = new SharedState(url, 'bench');
	await state.ready;
	for (let n = 0; n < KEYS; n++) state.set(`key ${n}`, { ...VALUE, n });
	const reader = new SharedState(url, 'bench');
	while ([...reader.entries()].length < KEYS) await new Promise((resolve) => setTimeout(resolve, 50));
	state.close();
	reader.close();
}

async function ours(url: string): Promise<number> {
	const started = performance.now();
	const state = new SharedState(url, 'bench');
	await state.ready;
	const took = performance.now() - started;
	if ([...state.entries()].length !== KEYS) throw new Error('keys are missing');
	state.close();
	return took;
}

async function model(url: string): Promise<number> {
	const started = performance.now();
	const socket = new WebSocket(`${url}/enslavism/scuttlebutt/bench`, { perMessageDeflate: false });
	const line = createWebSocketStream(socket);
	const replica = new Model();
	const stream = replica.createStream();
	const synced = once(stream, 'sync');
	stream.pipe(line).pipe(stream);
	await synced;
	const took = performance.now() - started;
	if (Object.keys(replica.toJSON()).length !== KEYS) throw new Error('keys are missing');
	line.on('error', () => {});
	socket.terminate();
	return took;
}

/** The same state as one message. */
async function plainServer(): Promise<WebSocketServer> {
	const server = new WebSocketServer({ port: 0, perMessageDeflate: false });
	const at = Date.now();
	const all = Array.from({ length: KEYS }, (_, n) => [[`key ${n}`, { ...VALUE, n }], at + n / 1000, 'source']);
	const message = JSON.stringify(all);
	server.on('connection', (socket) => socket.send(message));
	await once(server, 'listening');
	return server;
}

async function plain(port: number): Promise<number> {
	const started = performance.now();
	const socket = new WebSocket(`ws://localhost:${port}`, { perMessageDeflate: false });
	const [data] = (await once(socket, 'message')) as [Buffer];
	const all = new Map((JSON.parse(data.toString()) as [[string, unknown]][]).map(([[key, value]]) => [key, value]));
	const took = performance.now() - started;
	if (all.size !== KEYS) throw new Error('keys are missing');
	socket.terminate();
	return took;
}

const master = new Child<NamespaceApi>('./namespace-process.ts', ['ours']);
const url = `ws://localhost:${await master.call('start')}`;
await fill(url);
const baseline = await plainServer();
const times: Record<'ours' | 'model' | 'plain', number[]> = { ours: [], model: [], plain: [] };
for (let round = 0; round < ROUNDS; round++) {
	times.ours.push(await ours(url));
	times.model.push(await model(url));
	times.plain.push(await plain((baseline.address() as AddressInfo).port));
}
baseline.close();
await master.stop();
show('our client', median(times.ours), 'ms', 'plain', median(times.plain));
show('a model of scuttlebutt', median(times.model), 'ms', 'plain', median(times.plain));
show('slowest of ours', Math.max(...times.ours), 'ms', 'plain', Math.max(...times.plain));
judge(`${KEYS} keys to a newcomer`, median(times.ours), { atMost: 300 }, 'ms');
judge(`${KEYS} keys to a model of scuttlebutt`, median(times.model), { atMost: 300 }, 'ms');
