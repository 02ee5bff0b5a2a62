import { Emitter, EnslavismError, type Listener, messageOf } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import * as WAITS from '../wire/waits.js';
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
	readonly #ask: (channel: Channel) => void;
	#state: RTCDataChannelState = 'connecting';
	#lowThreshold = 0;
	/** An upper bound of what waits: grows with every send, recounted when it passes {@link RECOUNT_BYTES}. */
	#sentSinceCount = 0;
	#counted = 0;
	/** What nobody has listened for yet. */
	#unread: (string | ArrayBuffer)[] | undefined = [];
	#unreadBytes = 0;
	#sent = 0;
	#received = 0;
	#lingering: unknown;
	/**
	 * What must happen before the channel is open. libdatachannel can tell the first messages of a channel that it accepts
	 * out of order if they come before somebody listens there. Where order matters the acceptor says that it listens.
	 */
	#accepted: boolean;
	/** Chromium may tell messages, of this channel too, before it tells that the channel is open. */
	#hostOpen = false;

	/**
	 * @param ask asks the other end to hang up once it has read everything
	 * @internal
	 */
	constructor(rtc: RtcChannel, ask: (channel: Channel) => void, options?: DataChannelOptions) {
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
		this.#ask = ask;
		this.#accepted = !(options && this.ordered && !this.negotiated);
	}

	/** Begins to hear from the host's channel; events follow. Called once, by the session. */
	attach(): void {
		const handlers: RtcChannelHandlers = {
			open: () => this.#opened({ host: true }),
			message: (data) => this.#heard(data),
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
			throw new EnslavismError('bad-option');
		}
		this.#lowThreshold = bytes;
		this.#watchLow();
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

	/** Closes the channel on both ends. What was sent before still arrives. */
	close(): void {
		if (this.#state === 'connecting') this.hangUp();
		if (this.#state !== 'open') return;
		this.#state = 'closing';
		this.#ask(this);
		this.#linger(this.#rtc.bufferedAmount);
	}

	/** Closes the channel at once. @internal */
	hangUp(): void {
		this.#state = 'closing';
		this.#rtc.close();
	}

	/** Ends the channel without the host: its connection is gone. @internal */
	abandon(): void {
		this.#closed();
	}

	/** How many messages the other end must have read before nothing is lost. @internal */
	get owed(): number {
		return this.maxRetransmits === null && this.maxPacketLifeTime === null ? this.#sent : 0;
	}

	/** How many messages have arrived. @internal */
	get received(): number {
		return this.#received;
	}

	protected override listened(event: string): void {
		// From outside the caller, so that whoever adds a listener has finished before it is called.
		if (event === 'message' && this.#unread?.length !== 0) queueMicrotask(() => this.#tellUnread());
		if (event === 'bufferedamountlow') this.#watchLow();
	}

	#makeRoom(bytes: number): void {
		if (bytes > this.#rtc.maxMessageSize) {
			throw new EnslavismError('message-too-large', `${bytes} bytes, the other end takes ${this.#rtc.maxMessageSize}`);
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

	/** Hangs up when the other end does not, and nothing leaves any more. */
	#linger(before: number): void {
		this.#lingering = setTimeout(() => {
			const left = this.#rtc.bufferedAmount;
			if (left < before) this.#linger(left);
			else this.hangUp();
		}, WAITS.flush);
	}

	#hand(data: string | Uint8Array): void {
		try {
			if (typeof data === 'string') this.#rtc.sendText(data);
			else this.#rtc.sendBytes(data);
			this.#sent++;
		} catch (cause) {
			throw new EnslavismError('rtc-failed', messageOf(cause), { cause });
		}
	}

	/** The acceptor listens on the channel with this id. @internal */
	ready(id: number): void {
		if (this.id === id) this.#opened({ host: false });
	}

	#opened({ host }: { host: boolean }): void {
		if (host) this.#hostOpen = true;
		else this.#accepted = true;
		if (this.#state !== 'connecting' || !this.#hostOpen || !this.#accepted) return;
		this.#state = 'open';
		this.#watchLow();
		this.#tell('open');
	}

	/** Asks the host for `low` only where somebody listens: in Node each kind of event has a cost of its own. */
	#watchLow(): void {
		if (this.#state !== 'open' || this.listenerCount('bufferedamountlow') === 0) return;
		this.#rtc.setLowThreshold(this.#lowThreshold);
	}

	#heard(data: string | ArrayBuffer): void {
		this.#received++;
		// Who sends listens.
		if (!this.#accepted) this.#opened({ host: false });
		if (this.#unread !== undefined && this.listenerCount('message') > 0) this.#tellUnread();
		if (this.#unread === undefined) this.emit('message', { type: 'message', data, target: this });
		else this.#keep(this.#unread, data);
	}

	#keep(unread: (string | ArrayBuffer)[], data: string | ArrayBuffer): void {
		this.#unreadBytes += LIMITS.channelUnreadOverhead + (typeof data === 'string' ? data.length : data.byteLength);
		if (this.#unreadBytes <= LIMITS.channelUnreadBytes) {
			unread.push(data);
		} else if (this.#unreadBytes < Number.POSITIVE_INFINITY) {
			// Once is enough, and what comes after a gap is not kept either.
			this.#unreadBytes = Number.POSITIVE_INFINITY;
			this.#failed(new EnslavismError('unread-overflow', `nobody listens to "${this.label}"`));
		}
	}

	#tellUnread(): void {
		const unread = this.#unread;
		this.#unread = undefined;
		for (const data of unread ?? []) this.emit('message', { type: 'message', data, target: this });
	}

	#failed(error: EnslavismError): void {
		this.emit('error', { type: 'error', error, target: this });
	}

	#closed(): void {
		if (this.#state === 'closed') return;
		clearTimeout(this.#lingering);
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
