import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import * as CLOSE from '../../wire/close-codes.js';
import type { ServicePeer } from '../service.js';
import { frameOf, Gather } from './gather.js';

/** Brings every message to every reader, in one order for all. One that reads too slowly is dropped and stalls nobody. */
export class Broadcast {
	/** Each reader's socket, and the stream below it. */
	readonly #readers = new Map<WebSocket, Duplex>();
	readonly #gather = new Gather();
	readonly #backlogBytes: number;
	#stop: (() => void) | undefined;

	/** @param backlogBytes how much may wait for a reader before it is dropped */
	constructor(backlogBytes: number) {
		this.#backlogBytes = backlogBytes;
	}

	/** How many readers there are. */
	get size(): number {
		return this.#readers.size;
	}

	/** Adds a reader, which is sent whatever comes from now on. Every reader must leave when its socket is closed. */
	join(socket: WebSocket, { request }: ServicePeer): void {
		this.flush();
		this.#readers.set(socket, request.socket);
	}

	leave(socket: WebSocket): void {
		this.#readers.delete(socket);
	}

	/** Sends a message to every reader. */
	send(data: Uint8Array, binary: boolean): void {
		if (this.#readers.size === 0) return;
		this.#gather.add(frameOf(data, binary));
		if (this.#gather.full) this.flush();
		else this.#stop ??= soon(this.#gather.due(performance.now()), () => this.flush());
	}

	/** Sends what has gathered. */
	flush(): void {
		this.close();
		if (this.#gather.empty) return;
		const started = performance.now();
		const piece = this.#gather.take();
		for (const [socket, stream] of this.#readers) this.#write(socket, stream, piece);
		this.#gather.sent(started, performance.now());
	}

	/** Leaves no timer. */
	close(): void {
		this.#stop?.();
		this.#stop = undefined;
	}

	/**
	 * Frames are written to the stream below the socket, several at a time. ws writes there itself, whole frames and at
	 * once, since it does not compress: so frames never mix.
	 */
	#write(socket: WebSocket, stream: Duplex, piece: Uint8Array): void {
		if (socket.readyState !== socket.OPEN) return;
		if (socket.bufferedAmount <= this.#backlogBytes) {
			stream.write(piece);
			return;
		}
		// What waits goes with the socket, when the closing handshake is not finished in time.
		this.#readers.delete(socket);
		socket.close(CLOSE.slowReader, 'too much is waiting to be read');
	}
}

/** Calls `action` in `ms` milliseconds, or after what is being read just now; returns how to stop it. */
function soon(ms: number, action: () => void): () => void {
	if (ms === 0) {
		const handle = setImmediate(action);
		return () => clearImmediate(handle);
	}
	const handle = setTimeout(action, ms);
	return () => clearTimeout(handle);
}
