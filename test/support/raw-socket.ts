/** A WebSocket that says whatever a test wants, and a master to say it to. */
import type { TestContext } from 'node:test';
import WebSocket from 'ws';
import { Master, type MasterOptions, type Service } from '../../src/index.js';
import { later } from './later.js';
import { Inbox, within } from './wait.js';

/** A master that offers services; it is closed after the test. */
export async function openMaster(
	t: TestContext,
	services: Service[],
	options: MasterOptions = {},
): Promise<{ master: Master; url: string; port: number }> {
	const master = new Master(0, { services, ...options });
	later(t, () => master.close());
	await master.ready;
	const port = master.address()?.port ?? 0;
	return { master, url: `ws://localhost:${port}`, port };
}

export class RawSocket {
	readonly socket: WebSocket;
	/** What arrived: text as a string, bytes as a Buffer. */
	readonly heard = new Inbox<string | Buffer>();
	readonly opened: Promise<void>;
	/** How the socket was closed; the status of a refused upgrade. */
	readonly closed: Promise<{ code: number; reason: string }>;

	constructor(t: TestContext, url: string) {
		this.socket = new WebSocket(url, { perMessageDeflate: false });
		later(t, () => this.socket.terminate());
		this.socket.on('error', () => {});
		this.socket.on('message', (data: Buffer, isBinary) => this.heard.put(isBinary ? data : data.toString()));
		const opened = new Promise<void>((resolve, reject) => {
			this.socket.once('open', () => resolve());
			this.socket.once('close', () => reject(new Error(`${url} did not open`)));
			this.socket.once('unexpected-response', () => reject(new Error(`${url} was refused`)));
		});
		this.opened = within(opened, `${url} to open`);
		this.opened.catch(() => {});
		const closed = new Promise<{ code: number; reason: string }>((resolve) => {
			this.socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }));
			this.socket.once('unexpected-response', (request, response) => {
				resolve({ code: response.statusCode ?? 0, reason: '' });
				request.destroy();
			});
		});
		this.closed = within(closed, `${url} to close`);
		this.closed.catch(() => {});
	}

	/** Opens a socket and waits until it is open. */
	static async open(t: TestContext, url: string): Promise<RawSocket> {
		const socket = new RawSocket(t, url);
		await socket.opened;
		return socket;
	}

	send(data: string | Uint8Array): void {
		this.socket.send(data);
	}

	say(message: unknown): void {
		this.send(JSON.stringify(message));
	}

	/** The messages so far, read as JSON. */
	get said(): unknown[] {
		return this.heard.items.map((each) => JSON.parse(String(each)));
	}

	/** Resolves with the first `count` messages, read as JSON. */
	async hear(count: number): Promise<unknown[]> {
		return (await this.heard.count(count)).map((each) => JSON.parse(String(each)));
	}

	/** Resolves when the other end has read everything that was sent before: it answers pings in order. */
	async settle(): Promise<void> {
		const pong = new Promise<void>((resolve) => this.socket.once('pong', () => resolve()));
		this.socket.ping();
		await within(pong, 'a pong');
	}
}
