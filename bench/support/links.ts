/** A process with many plain WebSockets to a master, or to a server that stands in for one. */
import WebSocket from 'ws';
import { PROTOCOL, pathOf } from '../../src/wire/index.js';
import { answerCalls } from './child.js';
import { wait } from './stats.js';

/** Sockets that are opened at once. */
const BATCH = 100;

const sockets: WebSocket[] = [];
/** Frames that each socket received. */
let frames: number[] = [];

async function open(url: string): Promise<WebSocket> {
	const socket = new WebSocket(url, [PROTOCOL], { perMessageDeflate: false });
	await new Promise((resolve, reject) => {
		socket.once('open', resolve);
		socket.once('error', reject);
	});
	socket.on('message', (data: Buffer) => {
		if (data.length === BEAT.length && data.toString() === BEAT) socket.send(BEAT);
	});
	return socket;
}

/** The master asks for a sign of life, and gets one. */
const BEAT = '{"t":"beat"}';

async function openMany(url: string, count: number, opened: (socket: WebSocket, index: number) => void): Promise<void> {
	for (let first = 0; first < count; first += BATCH) {
		const batch = Array.from({ length: Math.min(BATCH, count - first) }, async (_, n) => {
			const socket = await open(url);
			opened(socket, first + n);
			sockets.push(socket);
		});
		await Promise.all(batch);
	}
}

/** User data as the codec would encode it. */
function dataOf(index: number, players: number): string {
	return JSON.stringify([{ name: 1, players: 2 }, `arena ${index}`, players]);
}

const api = {
	/** Opens client links, which count what they receive. */
	clients: (origin: string, count: number) =>
		openMany(origin + pathOf('client'), count, (socket, index) => {
			frames[index] = 0;
			socket.on('message', () => {
				frames[index] = (frames[index] ?? 0) + 1;
			});
		}),

	/** Opens slave links and registers them. */
	slaves: (origin: string, count: number) =>
		openMany(origin + pathOf('slave'), count, (socket, index) => {
			socket.send(JSON.stringify({ t: 'register', data: dataOf(index, 0) }));
		}),

	/** Every slave changes its user data once a second, one after another, for `ms`. Tells how many changes. */
	update: async (ms: number) => {
		const started = performance.now();
		let sent = 0;
		while (performance.now() - started < ms) {
			const due = ((performance.now() - started) / 1000) * sockets.length;
			for (; sent < due; sent++) {
				const index = sent % sockets.length;
				sockets[index]?.send(JSON.stringify({ t: 'update', data: dataOf(index, sent) }));
			}
			await wait(1);
		}
		return sent;
	},

	/** What each client received since the last call. */
	frames: () => {
		const counted = frames;
		frames = frames.map(() => 0);
		return counted;
	},
};

/** What a process with links answers. */
export type LinksApi = typeof api;

answerCalls(api);
