import { Emitter, EnslavismError, type Listener } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import { type Reliability, reliabilityOf, unpackProtocol } from './channel-options.js';
import type { DataChannelOptions, RtcChannel, RtcChannelHandlers } from './rtc.js';

/** What `send` takes. */
export type ChannelData = string | ArrayBuffer | ArrayBufferView;

/** An event of a channel without more to say. */
export interface ChannelEvent {
	readonly type: 'open' | 'close' | 'bufferedamountlow';
	readonly target: Channel;
}

/** A message: text is a string, bytes are an `ArrayBuffer`. */
export interface ChannelMessageEvent {
	readonly type: 'message';
	readonly data: string | ArrayBuffer;
	readonly target: Channel;
}

/** A failure that belongs to this channel alone. */
export interface ChannelErrorEvent {
	readonly type: 'error';
	readonly error: EnslavismError;
	readonly target: Channel;
}

export type ChannelEvents = {
	open: [event: ChannelEvent];
	message: [event: ChannelMessageEvent];
	bufferedamountlow: [event: ChannelEvent];
	error: [event: ChannelErrorEvent];
	close: [event: ChannelEvent];
};

class MessageEvent implements ChannelMessageEvent {
	readonly type = 'message';
	readonly data: string | ArrayBuffer;
	readonly target: Channel;

	constructor(target: Channel, data: string | ArrayBuffer) {
		this.target = target;
		this.data = data;
	}
}

/** How many bytes may be sent before the host is asked again how much of it still waits. */
const RECOUNT_BYTES = 1024 * 1024;

/**
 * One message channel of a session, with the interface of `RTCDataChannel`. Events can be listened for with `on`,
 * with `addEventListener` and with `onmessage = …`; all hand over an event with `type`, `target` and, for
 * messages, `data`.
 *
 *     connecting ──▶ open ──▶ closing ──▶ closed
 *          └───────────────────────────────▲
 *
 * Messages that arrive before somebody listens for `message` are kept, up to 1 MiB, and told in order.
 */
export class Channel extends Emitter<ChannelEvents> {
	/** The name given to `createDataChannel`. */
	readonly label: string;
	/** The subprotocol given to `createDataChannel`, `''` by default. */
	readonly protocol: string;
	/** Whether messages arrive in the order they were sent. */
	readonly ordered: boolean;
	/** How often a lost message is sent again, `null` for no such bound. */
	readonly maxRetransmits: number | null;
	/** How long, in milliseconds, a lost message is sent again, `null` for no such bound. */
	readonly maxPacketLifeTime: number | null;
	/** Whether both ends created the channel themselves. */
	readonly negotiated: boolean;

	/** Listener of `open`, as a property. */
	declare onopen: Listener<[ChannelEvent]> | null;
	/** Listener of `message`, as a property. */
	declare onmessage: Listener<[ChannelMessageEvent]> | null;
	/** Listener of `bufferedamountlow`, as a property. */
	declare onbufferedamountlow: Listener<[ChannelEvent]> | null;
	/** Listener of `error`, as a property. */
	declare onerror: Listener<[ChannelErrorEvent]> | null;
	/** Listener of `close`, as a property. */
	declare onclose: Listener<[ChannelEvent]> | null;

	readonly #rtc: RtcChannel;
	#state: RTCDataChannelState = 'connecting';
	#lowThreshold = 0;
	/** An upper bound of what waits: grows with every send, recounted when it passes {@link RECOUNT_BYTES}. */
	#sentSinceCount = 0;
	#counted = 0;
	/** What nobody has listened for yet. */
	#unread: (string | ArrayBuffer)[] | undefined = [];
	#unreadBytes = 0;
	#overflowed = false;

	/** @internal */
	constructor(rtc: RtcChannel, options?: DataChannelOptions) {
		super();
		const accepted: { protocol: string; reliability: Reliability } =
			options === undefined
				? unpackProtocol(rtc.protocol)
				: { protocol: options.protocol ?? '', reliability: reliabilityOf(options) };
		this.label = rtc.label;
		this.protocol = accepted.protocol;
		this.ordered = accepted.reliability.ordered;
		this.maxRetransmits = accepted.reliability.maxRetransmits;
		this.maxPacketLifeTime = accepted.reliability.maxPacketLifeTime;
		this.negotiated = options?.negotiated ?? false;
		this.#rtc = rtc;
	}

	/** Begins to hear from the host's channel; events follow. Called once, by the session. */
	attach(): void {
		const handlers: RtcChannelHandlers = {
			open: () => this.#opened(),
			message: (data) => this.#received(data),
			low: () => this.#tell('bufferedamountlow'),
			error: (problem) => this.#failed(new EnslavismError('rtc-failed', problem)),
			closed: () => this.#closed(),
		};
		this.#rtc.attach(handlers);
	}

	/** `connecting`, `open`, `closing` or `closed`. */
	get readyState(): RTCDataChannelState {
		return this.#state;
	}

	/** Number of the channel's stream, `null` before the host has chosen one. */
	get id(): number | null {
		return this.#rtc.id;
	}

	/** Always `arraybuffer`, on every host. */
	get binaryType(): 'arraybuffer' {
		return 'arraybuffer';
	}

	/** Bytes handed to `send` that have not left this end yet. */
	get bufferedAmount(): number {
		return this.#state === 'open' || this.#state === 'closing' ? this.#rtc.bufferedAmount : 0;
	}

	/** `bufferedamountlow` fires when `bufferedAmount` falls to this many bytes. Default 0. */
	get bufferedAmountLowThreshold(): number {
		return this.#lowThreshold;
	}

	set bufferedAmountLowThreshold(bytes: number) {
		if (!(Number.isInteger(bytes) && bytes >= 0 && bytes <= 0xffff_ffff)) {
			throw new EnslavismError('bad-option', 'bufferedAmountLowThreshold must be a number of bytes');
		}
		this.#lowThreshold = bytes;
		if (this.#state === 'open') this.#rtc.setLowThreshold(bytes);
	}

	/** Largest message that `send` takes, in bytes; what the other end can receive. */
	get maxMessageSize(): number {
		return this.#rtc.maxMessageSize;
	}

	/**
	 * Sends a message. Text arrives as a string, everything else as an `ArrayBuffer`.
	 *
	 * @throws EnslavismError `channel-not-open`; `message-too-large` past {@link maxMessageSize}; `buffer-full` when
	 *   16 MiB are waiting (wait for `bufferedamountlow`); `rtc-failed` when the host refuses; `bad-option` for other types
	 */
	send(data: ChannelData): void {
		if (this.#state !== 'open') {
			throw new EnslavismError('channel-not-open', `"${this.label}" is ${this.#state}`);
		}
		if (typeof data === 'string') {
			// A code unit is at most three bytes of UTF-8: only long texts need counting.
			const most = data.length * 3;
			this.#makeRoom(most <= SAFE_TEXT_BYTES ? most : new TextEncoder().encode(data).length);
			this.#hand(data);
			return;
		}
		const bytes = bytesOf(data);
		this.#makeRoom(bytes.byteLength);
		this.#hand(bytes);
	}

	/** Closes the channel, on both ends, once what was sent before has left. */
	close(): void {
		if (this.#state === 'closing' || this.#state === 'closed') return;
		this.#state = 'closing';
		this.#rtc.close();
	}

	/** Ends the channel without the host: its connection is gone. */
	abandon(): void {
		this.#closed();
	}

	protected override listened(event: string): void {
		// From outside the caller, so that whoever adds a listener has finished before it is called.
		if (event === 'message' && this.#unread?.length !== 0) queueMicrotask(() => this.#tellUnread());
	}

	#makeRoom(bytes: number): void {
		if (bytes > this.#rtc.maxMessageSize) {
			throw new EnslavismError(
				'message-too-large',
				`${bytes} bytes are more than the other end takes (${this.#rtc.maxMessageSize})`,
			);
		}
		this.#sentSinceCount += bytes;
		if (this.#counted + this.#sentSinceCount <= RECOUNT_BYTES) return;
		this.#counted = this.#rtc.bufferedAmount;
		this.#sentSinceCount = 0;
		if (this.#counted + bytes <= LIMITS.channelBufferedBytes) return;
		throw new EnslavismError(
			'buffer-full',
			`${this.#counted} bytes are waiting in "${this.label}"; wait for bufferedamountlow`,
		);
	}

	#hand(data: string | Uint8Array): void {
		try {
			if (typeof data === 'string') this.#rtc.sendText(data);
			else this.#rtc.sendBytes(data);
		} catch (cause) {
			throw new EnslavismError('rtc-failed', `"${this.label}" did not take the message`, { cause });
		}
	}

	#opened(): void {
		if (this.#state !== 'connecting') return;
		this.#state = 'open';
		if (this.#lowThreshold !== 0) this.#rtc.setLowThreshold(this.#lowThreshold);
		this.#tell('open');
	}

	#received(data: string | ArrayBuffer): void {
		if (this.#unread === undefined) {
			this.emit('message', new MessageEvent(this, data));
			return;
		}
		if (this.listenerCount('message') > 0) {
			this.#tellUnread();
			this.emit('message', new MessageEvent(this, data));
			return;
		}
		this.#keep(this.#unread, data);
	}

	#keep(unread: (string | ArrayBuffer)[], data: string | ArrayBuffer): void {
		this.#unreadBytes += typeof data === 'string' ? data.length : data.byteLength;
		if (this.#unreadBytes <= LIMITS.channelUnreadBytes && unread.length < LIMITS.channelUnreadMessages) {
			unread.push(data);
			return;
		}
		if (this.#overflowed) return;
		this.#overflowed = true;
		this.#failed(new EnslavismError('unread-overflow', `nobody listens for messages on "${this.label}"`));
	}

	#tellUnread(): void {
		const unread = this.#unread;
		this.#unread = undefined;
		for (const data of unread ?? []) this.emit('message', new MessageEvent(this, data));
	}

	#failed(error: EnslavismError): void {
		this.emit('error', { type: 'error', error, target: this });
	}

	#closed(): void {
		if (this.#state === 'closed') return;
		if (this.listenerCount('message') > 0) this.#tellUnread();
		this.#state = 'closed';
		this.#tell('close');
	}

	#tell(type: ChannelEvent['type']): void {
		this.emit(type, { type, target: this });
	}
}

for (const name of ['open', 'message', 'bufferedamountlow', 'error', 'close'] as const) {
	const listeners = new WeakMap<Channel, Listener<unknown[]>>();
	Object.defineProperty(Channel.prototype, `on${name}`, {
		get(this: Channel) {
			return listeners.get(this) ?? null;
		},
		set(this: Channel, listener: Listener<unknown[]> | null) {
			const before = listeners.get(this);
			if (before !== undefined) this.off(name, before);
			listeners.delete(this);
			if (typeof listener !== 'function') return;
			listeners.set(this, listener);
			this.on(name, listener);
		},
	});
}

/** Texts that cannot be longer than this are not counted: every host takes 64 KiB. */
const SAFE_TEXT_BYTES = 64 * 1024;

type RTCDataChannelState = 'connecting' | 'open' | 'closing' | 'closed';

function bytesOf(data: ArrayBuffer | ArrayBufferView): Uint8Array {
	if (data instanceof Uint8Array) return data;
	if (data instanceof ArrayBuffer) return new Uint8Array(data);
	if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
	throw new EnslavismError('bad-option', 'send takes a string, an ArrayBuffer or a view of one');
}
