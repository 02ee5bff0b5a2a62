import type { WebSocket } from 'ws';
import { sendTogether } from '../mux/node/together.js';
import * as CLOSE from '../wire/close-codes.js';
import { closeReason, type Read } from '../wire/index.js';
import * as WAITS from '../wire/waits.js';
import type { Heartbeat, Living } from './heartbeat.js';
import { type Rate, TokenBucket } from './token-bucket.js';

/** What a link does with what it hears. */
export interface PeerLinkHandlers<In> {
	message(message: In): void;
	/** A binary frame arrived. */
	bytes(bytes: Uint8Array): void;
	/** `final`: the peer will not come back with its token. */
	closed(final: boolean): void;
}

/** What a link is made with. */
export interface PeerLinkOptions<In> {
	id: string;
	read: (text: string) => Read<In>;
	handlers: PeerLinkHandlers<In>;
	/** How much may wait for a peer that does not read. */
	backlogBytes: number;
	/** How much a peer may say, in messages and in bytes. */
	messages: Rate;
	bytes: Rate;
	heartbeat: Heartbeat;
	/** A new resume token for the peer. */
	token: () => string;
}

/** The master's end of a link: reads and checks what arrives, and closes on what is not in the protocol. */
export class PeerLink<In extends { t: string }, Out> implements Living {
	readonly id: string;
	readonly #socket: WebSocket;
	readonly #options: PeerLinkOptions<In>;
	readonly #messages: TokenBucket;
	readonly #bytes: TokenBucket;
	#closed = false;
	/** Whether anything was heard since the last beat. */
	#heard = true;
	#renewAt: number;

	constructor(socket: WebSocket, options: PeerLinkOptions<In>) {
		this.id = options.id;
		this.#socket = socket;
		this.#options = options;
		const now = performance.now();
		this.#messages = new TokenBucket(options.messages, now);
		this.#bytes = new TokenBucket(options.bytes, now);
		this.#renewAt = now + WAITS.resumeToken / 2;
		socket.on('message', (data, isBinary) => this.#receive(data as Buffer, isBinary));
		socket.on('close', (code) => this.#end(code));
		options.heartbeat.add(this);
	}

	/** A new resume token for the peer. */
	token(): string {
		return this.#options.token();
	}

	/** Sends a message. */
	say(message: Out): void {
		this.send(JSON.stringify(message));
	}

	/** Sends an encoded message. A peer that does not read what it is sent is cut off, with all that waits for it. */
	send(frame: string | Buffer): void {
		if (this.#closed) return;
		if (this.#socket.bufferedAmount > this.#options.backlogBytes) {
			// It is cut when it does not read that either, within the bound of a closing handshake.
			this.close(CLOSE.slowReader, 'too much is waiting to be read');
			return;
		}
		this.#socket.send(frame, TEXT);
	}

	/** Bytes that wait in the socket. */
	get bufferedAmount(): number {
		return this.#socket.bufferedAmount;
	}

	/** Sends binary frames. */
	sendBytes(frames: Uint8Array[]): void {
		if (!this.#closed) sendTogether(this.#socket, frames);
	}

	/** What arrived cannot be read. */
	broken(): void {
		this.close(CLOSE.badMessage, 'a binary frame cannot be read');
	}

	/** Closes the link; nothing is heard from it any more. */
	close(code: number, reason: string): void {
		if (this.#closed) return;
		this.#socket.close(code, closeReason(reason));
		this.#end(code);
	}

	beat(): boolean {
		const heard = this.#heard;
		this.#heard = false;
		const now = performance.now();
		if (now < this.#renewAt) {
			this.send(BEAT);
		} else {
			this.#renewAt = now + WAITS.resumeToken / 2;
			this.send(JSON.stringify({ t: 'beat', resume: this.token() }));
		}
		return heard;
	}

	/** Nobody answers: what waits for the peer goes with the socket. */
	lost(): void {
		this.close(CLOSE.timeout, 'nothing was heard for two heartbeats');
		this.#socket.terminate();
	}

	#receive(data: Buffer, isBinary: boolean): void {
		if (this.#closed) return;
		this.#heard = true;
		if (isBinary) {
			this.#options.handlers.bytes(data);
			return;
		}
		const now = performance.now();
		if (!this.#messages.take(1, now) || !this.#bytes.take(data.length, now)) {
			this.close(CLOSE.limit, 'too many messages, or too many bytes, in too short a time');
			return;
		}
		const read = this.#options.read(data.toString());
		if (!read.ok) this.close(CLOSE.badMessage, read.problem);
		else if (read.message.t !== 'beat') this.#options.handlers.message(read.message);
	}

	#end(code: number): void {
		if (this.#closed) return;
		this.#closed = true;
		this.#options.heartbeat.delete(this);
		this.#options.handlers.closed(LEAVING.includes(code));
	}
}

/** A delta is encoded once as bytes for all clients, and is text all the same. */
const TEXT = { binary: false };

const BEAT = Buffer.from('{"t":"beat"}');

/** Codes of a peer that has left on purpose: a page that is left says 1001, a close without a code is read as 1005. */
const LEAVING: readonly number[] = [...CLOSE.FINAL, CLOSE.goingAway, 1005];
