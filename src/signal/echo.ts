import type { LastingSocket } from '../link/index.js';
import { Emitter, EnslavismError, SERVICE_PATHS } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import { frameOf, type MessageData, messageIn } from './bytes.js';
import type { SignalHost, SignalOptions } from './host.js';
import { openNamespace } from './namespace.js';
import { RemoteEvents } from './remote-events.js';

/** A message: text is a string, bytes are an `ArrayBuffer`. */
export interface EchoMessageEvent {
	readonly type: 'message';
	readonly data: string | ArrayBuffer;
	readonly target: BaseEcho;
}

export type EchoEvents = {
	/** The namespace is reached, for the first time or again. */
	open: [];
	/** Somebody has sent this, perhaps oneself. */
	message: [event: EchoMessageEvent];
	/** The namespace was lost; it will be tried again in `delay` milliseconds. What is said meanwhile is missed. */
	lost: [error: EnslavismError, delay: number];
	/** The end: `close()` was called, or the master does not want this socket. */
	close: [error: EnslavismError];
};

/** Everybody in a namespace hears what anybody in it says, oneself included, in the same order. */
export class BaseEcho extends Emitter<EchoEvents> {
	readonly namespace: string;
	readonly #line: LastingSocket;
	/** What was sent while the namespace could not be reached. */
	#outbox: (string | Uint8Array)[] = [];
	#outboxBytes = 0;

	/** @throws EnslavismError `bad-url`, `bad-option`, `bad-auth` */
	protected constructor(host: SignalHost, masterUrl: string, namespace: string, options: SignalOptions = {}) {
		super();
		this.namespace = namespace;
		this.#line = openNamespace(host, masterUrl, SERVICE_PATHS.echo, namespace, options, {
			opened: () => {
				this.#sendKept();
				this.emit('open');
			},
			message: (frame) => this.emit('message', { type: 'message', data: messageIn(frame), target: this }),
			lost: (error, delay) => this.emit('lost', error, delay),
			closed: (error) => this.emit('close', error),
		});
	}

	/** Whether the namespace is reached now. */
	get open(): boolean {
		return this.#line.state === 'open';
	}

	/** Bytes handed to `send` that have not left this end yet. */
	get bufferedAmount(): number {
		return this.#line.bufferedAmount + this.#outboxBytes;
	}

	/** Whether this is the end. */
	get closed(): boolean {
		return this.#line.state === 'closed';
	}

	/**
	 * Sends a message to everybody, oneself included. While the namespace cannot be reached messages are kept; what is on
	 * its way when the line is cut is lost.
	 *
	 * @throws EnslavismError `link-closed` after the end; `message-too-large` past 1 MiB; `buffer-full` when 16 MiB are
	 *   waiting, or 1 MiB or 4096 messages while the namespace cannot be reached; `bad-option` for other types
	 */
	send(data: MessageData): void {
		const { frame, bytes } = frameOf(data);
		if (this.closed) throw new EnslavismError('link-closed', `"${this.namespace}" is closed`);
		const { bufferedAmount } = this.#line;
		if (bufferedAmount > LIMITS.channelBufferedBytes) {
			throw new EnslavismError('buffer-full', `${bufferedAmount} bytes are waiting for "${this.namespace}"`);
		}
		if (!this.#line.send(frame)) this.#keep(frame, bytes);
	}

	/** Leaves the namespace, once what was sent before has left. */
	close(): void {
		this.#line.close();
	}

	/**
	 * Named events on top of the messages: what one emits, the listeners of everybody hear, one's own included.
	 *
	 * `Events` names the events and the arguments of their listeners, which are values of JSON.
	 */
	events<Events extends Record<string, unknown[]>>(): RemoteEvents<Events> {
		return new RemoteEvents(this);
	}

	/**
	 * The messages from now on. Ends with `close()`, and throws when the namespace is closed for another reason or, with
	 * `unread-overflow`, when 4096 messages wait.
	 */
	async *[Symbol.asyncIterator](): AsyncGenerator<string | ArrayBuffer, void, undefined> {
		const unread: (string | ArrayBuffer)[] = [];
		let over: EnslavismError | undefined;
		let wake = (): void => {};
		const put = ({ data }: EchoMessageEvent): void => {
			if (unread.length < LIMITS.outboxMessages) unread.push(data);
			else over ??= new EnslavismError('unread-overflow', `too many messages of "${this.namespace}" wait`);
			wake();
		};
		const end = (error: EnslavismError): void => {
			over ??= error;
			wake();
		};
		this.on('message', put).on('close', end);
		try {
			while (!this.closed || unread.length > 0) {
				yield* unread.splice(0);
				if (unread.length > 0) continue;
				if (over !== undefined) break;
				await new Promise<void>((resolve) => {
					wake = resolve;
				});
			}
			if (over !== undefined && over.code !== 'link-closed') throw over;
		} finally {
			this.off('message', put).off('close', end);
		}
	}

	#keep(frame: string | Uint8Array, bytes: number): void {
		if (this.#outboxBytes + bytes > LIMITS.outboxBytes || this.#outbox.length >= LIMITS.outboxMessages) {
			throw new EnslavismError('buffer-full', `"${this.namespace}" cannot be reached, and too much waits for it`);
		}
		this.#outboxBytes += bytes;
		// A copy: the caller may use its buffer again.
		this.#outbox.push(typeof frame === 'string' ? frame : frame.slice());
	}

	#sendKept(): void {
		const kept = this.#outbox;
		this.#outbox = [];
		this.#outboxBytes = 0;
		for (const frame of kept) this.#line.send(frame);
	}
}
