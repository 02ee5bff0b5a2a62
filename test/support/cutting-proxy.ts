/** A line that can be cut: a TCP proxy between a client and a server. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { later } from './later.js';
import { Inbox } from './wait.js';

export class CuttingProxy {
	/** Address of the proxy, as a WebSocket URL. */
	readonly url: string;
	/** Whether new lines are closed at once. */
	refuse = false;
	readonly #sockets: Set<Socket>;
	readonly #opened: Inbox<void>;

	private constructor(url: string, sockets: Set<Socket>, opened: Inbox<void>) {
		this.url = url;
		this.#sockets = sockets;
		this.#opened = opened;
	}

	/** Opens a proxy to a port of this machine; it is closed after the test. */
	static async open(t: TestContext, port: number): Promise<CuttingProxy> {
		const sockets = new Set<Socket>();
		const opened = new Inbox<void>();
		const server = createServer((near) => {
			if (proxy.refuse) {
				near.destroy();
				return;
			}
			const far = connect(port);
			for (const [one, other] of [
				[near, far],
				[far, near],
			] as const) {
				sockets.add(one);
				one.on('error', () => {});
				one.on('close', () => {
					sockets.delete(one);
					other.destroy();
				});
				one.pipe(other);
			}
			opened.put();
		});
		await new Promise<void>((resolve) => server.listen(0, resolve));
		const proxy: CuttingProxy = new CuttingProxy(
			`ws://localhost:${(server.address() as AddressInfo).port}`,
			sockets,
			opened,
		);
		later(t, () => {
			server.close();
			proxy.cut();
		});
		return proxy;
	}

	/** Cuts every line, without a closing handshake. New ones can be opened. */
	cut(): void {
		for (const socket of [...this.#sockets]) socket.destroy();
	}

	/** Stops to carry anything, in both directions, on the lines that are open; neither end is told. */
	freeze(): void {
		for (const socket of this.#sockets) {
			socket.unpipe();
			socket.pause();
		}
	}

	/** Resolves when so many lines have been opened, from the beginning. */
	async lines(count: number): Promise<void> {
		await this.#opened.count(count, `${count} lines`);
	}
}
