import type { WebSocket } from 'ws';
import * as CLOSE from '../wire/close-codes.js';
import { closeReason, type Read } from '../wire/index.js';

/** What a link does with what it hears. */
export interface PeerLinkHandlers<In> {
	message(message: In): void;
	/** A binary frame arrived. */
	bytes(bytes: Uint8Array): void;
	closed(): void;
}

/** What a link is made with. */
export interface PeerLinkOptions<In> {
	id: string;
	read: (text: string) => Read<In>;
	handlers: PeerLinkHandlers<In>;
	/** How much may wait for a peer that does not read. */
	backlogBytes: number;
}

/** The master's end of a link: reads and checks what arrives, and closes on what is not in the protocol. */
export class PeerLink<In, Out> {
	readonly id: string;
	readonly #socket: WebSocket;
	readonly #options: PeerLinkOptions<In>;
	#closed = false;

	constructor(socket: WebSocket, options: PeerLinkOptions<In>) {
		this.id = options.id;
		this.#socket = socket;
		this.#options = options;
		socket.on('message', (data, isBinary) => this.#receive(data as Buffer, isBinary));
		socket.on('close', () => this.#end());
	}

	/** Sends a message. */
	say(message: Out): void {
		this.send(JSON.stringify(message));
	}

	/** Sends an encoded message. A peer that does not read what it is sent is cut off, with all that waits for it. */
	send(frame: string | Buffer): void {
		if (this.#closed) return;
		if (this.#socket.bufferedAmount > this.#options.backlogBytes) {
			this.close(CLOSE.slowReader, 'too much is waiting to be read');
			this.#socket.terminate();
			return;
		}
		this.#socket.send(frame, TEXT);
	}

	/** Bytes that wait in the socket. */
	get bufferedAmount(): number {
		return this.#socket.bufferedAmount;
	}

	/** Sends a binary frame. */
	sendBytes(bytes: Uint8Array): void {
		if (!this.#closed) this.#socket.send(bytes);
	}

	/** What arrived cannot be read. */
	broken(): void {
		this.close(CLOSE.badMessage, 'a binary frame cannot be read');
	}

	/** Closes the link; nothing is heard from it any more. */
	close(code: number, reason: string): void {
		if (this.#closed) return;
		this.#socket.close(code, closeReason(reason));
		this.#end();
	}

	#receive(data: Buffer, isBinary: boolean): void {
		if (this.#closed) return;
		if (isBinary) {
			this.#options.handlers.bytes(data);
			return;
		}
		const read = this.#options.read(data.toString());
		if (read.ok) this.#options.handlers.message(read.message);
		else this.close(CLOSE.badMessage, read.problem);
	}

	#end(): void {
		if (this.#closed) return;
		this.#closed = true;
		this.#options.handlers.closed();
	}
}

/** A delta is encoded once as bytes for all clients, and is text all the same. */
const TEXT = { binary: false };
