import type { OpenSocket, Socket } from '../link/index.js';
import * as CLOSE from '../wire/close-codes.js';
import { closeReason, Emitter, EnslavismError } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import * as WAITS from '../wire/waits.js';

/** What `send` takes. */
export type SocketData = string | ArrayBuffer | ArrayBufferView;

/** The socket is open. */
export interface SocketOpenEvent {
	readonly type: 'open';
	readonly target: PipedSocket;
}

/** A message: text is a string, bytes are an `ArrayBuffer`. */
export interface SocketMessageEvent {
	readonly type: 'message';
	readonly data: string | ArrayBuffer;
	readonly target: PipedSocket;
}

/** The end. */
export interface SocketCloseEvent {
	readonly type: 'close';
	/** Close code of the WebSocket; 1006 when its line was cut. */
	readonly code: number;
	readonly reason: string;
	readonly target: PipedSocket;
}

export type PipedSocketEvents = {
	open: [event: SocketOpenEvent];
	message: [event: SocketMessageEvent];
	close: [event: SocketCloseEvent];
};

/**
 * A socket whose other end is another peer: the master joins two of them. Messages are text or bytes, and arrive in
 * order. It does not come back when it is lost.
 *
 *     connecting ──▶ open ──▶ closed
 *          └──────────────────▲
 *
 * Messages that arrive before somebody listens for `message` are kept, up to 1 MiB, and told in order; past that the
 * socket is closed with 4429.
 */
export class PipedSocket extends Emitter<PipedSocketEvents> {
	readonly #socket: Socket;
	#patience: unknown;
	#state: 'connecting' | 'open' | 'closed' = 'connecting';
	/** What nobody has listened for yet; `undefined` once somebody has. */
	#unread: (string | ArrayBuffer)[] | undefined = [];
	#unreadBytes = 0;

	/**
	 * @internal
	 * @param patience how long the socket may take to open, in milliseconds
	 */
	constructor(openSocket: OpenSocket, url: string, protocols: string[], patience: number = WAITS.linkOpen) {
		super();
		this.#socket = openSocket(url, protocols, {
			opened: () => this.#opened(),
			message: (data) => this.#received(data),
			closed: (code, reason) => this.#end(code, reason),
		});
		if (patience === Number.POSITIVE_INFINITY) return;
		this.#patience = setTimeout(() => this.close(CLOSE.timeout, 'the socket did not open in time'), patience);
	}

	/** `connecting`, `open` or `closed`. */
	get readyState(): 'connecting' | 'open' | 'closed' {
		return this.#state;
	}

	/** Always `arraybuffer`, on every host. */
	get binaryType(): 'arraybuffer' {
		return 'arraybuffer';
	}

	/** Bytes handed to `send` that have not left this end yet. */
	get bufferedAmount(): number {
		return this.#socket.bufferedAmount;
	}

	/**
	 * Sends a message. Text arrives as a string, everything else as an `ArrayBuffer`.
	 *
	 * @throws EnslavismError `channel-not-open`; `buffer-full` when 16 MiB are waiting; `bad-option` for other types
	 */
	send(data: SocketData): void {
		if (this.#state !== 'open') throw new EnslavismError('channel-not-open', `the socket is ${this.#state}`);
		const frame = frameOf(data);
		if (this.#socket.bufferedAmount > LIMITS.channelBufferedBytes) {
			throw new EnslavismError('buffer-full', `${this.#socket.bufferedAmount} bytes are waiting in the socket`);
		}
		this.#socket.send(frame);
	}

	/** Sends bytes whose sender bounds itself how many wait; in a socket that is not open they are lost. @internal */
	write(bytes: Uint8Array): void {
		if (this.#state === 'open') this.#socket.send(bytes);
	}

	/**
	 * Closes the socket, and the one at the other end once it has received what was sent before.
	 *
	 * @param code 1000 or 3000 to 4999. Default 1000
	 * @param reason at most 123 bytes
	 */
	close(code: number = CLOSE.normal, reason = ''): void {
		if (this.#state === 'closed') return;
		// Browsers let a page choose 1000 and 3000 to 4999 only.
		this.#socket.close(code >= 3000 ? code : CLOSE.normal, closeReason(reason));
		this.#end(code, reason);
	}

	protected override listened(event: string): void {
		// From outside the caller, so that whoever adds a listener has finished before it is called.
		if (event === 'message' && this.#unread?.length !== 0) queueMicrotask(() => this.#tellUnread());
	}

	#opened(): void {
		if (this.#state !== 'connecting') return;
		clearTimeout(this.#patience);
		this.#state = 'open';
		this.emit('open', { type: 'open', target: this });
	}

	#received(received: string | Uint8Array): void {
		if (this.#state !== 'open') return;
		const data = typeof received === 'string' ? received : bufferOf(received);
		if (this.#unread !== undefined && this.listenerCount('message') === 0) {
			this.#keep(this.#unread, data);
			return;
		}
		this.#tellUnread();
		this.#tell(data);
	}

	#keep(unread: (string | ArrayBuffer)[], data: string | ArrayBuffer): void {
		this.#unreadBytes += LIMITS.channelUnreadOverhead + (typeof data === 'string' ? data.length : data.byteLength);
		if (this.#unreadBytes <= LIMITS.channelUnreadBytes) {
			unread.push(data);
		} else {
			this.close(CLOSE.limit, 'nobody listens for messages');
		}
	}

	#tellUnread(): void {
		const unread = this.#unread ?? [];
		this.#unread = undefined;
		for (const data of unread) this.#tell(data);
	}

	#tell(data: string | ArrayBuffer): void {
		this.emit('message', { type: 'message', data, target: this });
	}

	#end(code: number, reason: string): void {
		if (this.#state === 'closed') return;
		clearTimeout(this.#patience);
		if (this.listenerCount('message') > 0) this.#tellUnread();
		this.#state = 'closed';
		this.emit('close', { type: 'close', code, reason, target: this });
	}
}

function frameOf(data: SocketData): string | Uint8Array {
	if (typeof data === 'string' || data instanceof Uint8Array) return data;
	if (data instanceof ArrayBuffer) return new Uint8Array(data);
	if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
	throw new EnslavismError('bad-option', 'send takes a string, an ArrayBuffer or a view of one');
}

/** The bytes as a buffer of their own: Node cuts small messages out of larger buffers. */
function bufferOf(bytes: Uint8Array): ArrayBuffer {
	const { buffer, byteOffset, byteLength } = bytes;
	if (byteLength === buffer.byteLength) return buffer as ArrayBuffer;
	return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
}
