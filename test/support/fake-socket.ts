import { EventEmitter } from 'node:events';
import type { WebSocket } from 'ws';
import type { Service, ServicePeer } from '../../src/index.js';

/** As much of a socket as a service needs, without a line: for thousands at a time. */
export class FakeSocket extends EventEmitter {
	readonly OPEN = 1;
	readyState = 1;
	bufferedAmount = 0;
	isPaused = false;
	/** Code that the service closed it with. */
	closedWith: number | undefined;
	readonly sent: string[] = [];
	/** Calls back for everything that was sent: it has left. */
	readonly left: (() => void)[] = [];

	/** Opens one at a service. */
	static at(service: Service, path: string): FakeSocket {
		const socket = new FakeSocket();
		const stream = { write: (data: Uint8Array) => socket.sent.push(Buffer.from(data).toString('latin1')) };
		const route = service.route(path);
		if (route === undefined) throw new Error(`no route for ${path}`);
		const peer = { request: { socket: stream }, address: '', identity: undefined } as unknown as ServicePeer;
		route(socket as unknown as WebSocket, peer);
		return socket;
	}

	send(data: string | Uint8Array, _options?: object, left: () => void = () => {}): void {
		this.sent.push(String(data));
		this.left.push(left);
	}

	/** What the other end says. */
	say(message: unknown): void {
		this.emit('message', Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)), false);
	}

	close(code = 1000): void {
		this.closedWith ??= code;
		this.leave();
	}

	/** The other end goes. */
	leave(): void {
		if (this.readyState === 3) return;
		this.readyState = 3;
		this.emit('close', 1000, Buffer.from(''));
	}

	terminate(): void {
		this.leave();
	}

	pause(): void {
		this.isPaused = true;
	}

	resume(): void {
		this.isPaused = false;
	}

	ping(): void {}
}
