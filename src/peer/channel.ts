import { Emitter, EnslavismError, type Listener, messageOf } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import * as WAITS from '../wire/waits.js';
import { BYTES, messageFrame, readFrame } from './frames.js';
import { Arrived, Kept, type Message, sizeOf } from './numbering.js';
import type { DataChannelOptions, RtcChannel } from './rtc.js';

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

/** How many messages, or bytes, may arrive before the other end is told. */
const ACK_MESSAGES = 64;
const ACK_BYTES = 64 * 1024;

/** How many bytes may be sent before the host is asked again how much of it still waits. */
const RECOUNT_BYTES = 1024 * 1024;

/** What a channel needs of its session. @internal */
export interface ChannelHost {
	/** Largest message that the other end takes, in bytes. */
	readonly maxMessageSize: number;
	/** Whether this end closes lanes. One end does: closed by both at once, the native library may never let go of one. */
	readonly closesLanes: boolean;
	/** Whether the other end has accepted the session. */
	readonly accepted: boolean;
	/** Whether a channel that keeps `kept` bytes may keep so many more. */
	fits(kept: number, more: number): boolean;
	/** Sends a message over the trunk of the current path, if there is one; unreliable ones only where there is room. */
	send(channel: Channel, number: number, message: Message): void;
	/** The other end is to know what has arrived: at once, or when convenient. */
	acknowledge(channel: Channel, now: boolean): void;
	/** The channel asks the other end to close: all messages below `last` belong to it. */
	closing(channel: Channel, last: number): void;
	/** The channel is over. */
	closed(channel: Channel): void;
	/** The other end sent what it may not. */
	broken(): void;
}

/** What a channel is made of. @internal */
export interface ChannelSetup {
	/** The channel in the frames of its session. */
	number: number;
	/** Number of its stream over WebRTC. */
	id: number;
	label: string;
	options: DataChannelOptions;
}

/**
 * One message channel of a session, with the interface of `RTCDataChannel`. Events can be listened for with `on`,
 * with `addEventListener` and with `onmessage = …`; all hand over an event with `type`, `target` and, for
 * messages, `data`.
 *
 *     connecting ──▶ open ──▶ closing ──▶ closed
 *          └───────────────────────────────▲
 *
 * Messages that arrive before somebody listens for `message` are kept, up to 1 MiB, and told in order.
 *
 * Underneath, messages leave over the channel's own stream of the session's WebRTC connection, its lane, or over the
 * trunk of whatever path there is. Those of a reliable channel have numbers, and are kept until they are acknowledged.
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
	/** Number of the channel's stream. */
	readonly id: number;

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

	/** The channel in the frames of its session. @internal */
	readonly number: number;
	readonly #host: ChannelHost;
	#state: 'connecting' | 'open' | 'closing' | 'closed' = 'connecting';
	#lowThreshold = 0;
	/** An upper bound of what waits in the lane: grows with every send, recounted when it passes {@link RECOUNT_BYTES}. */
	#sentSinceCount = 0;
	#counted = 0;
	/** What nobody has listened for yet. */
	#unread: (string | ArrayBuffer)[] | undefined = [];
	#unreadBytes = 0;
	/** The channel's own stream, while there is one. */
	#lane: RtcChannel | undefined;
	#laneOpen = false;
	/** Whether the other end listens on its end of the lane. */
	#laneHeard = false;
	/** The lane, once messages may leave over it. */
	#out: RtcChannel | undefined;
	/** What was sent on a reliable channel. */
	readonly #kept: Kept | undefined;
	readonly #arrived: Arrived | undefined;
	/** Number of the lane's next message on an ordered and reliable channel; the first one tells it. */
	#laneNumber: number | undefined;
	#unacknowledged = 0;
	#unacknowledgedBytes = 0;
	/** Where the other end's messages end: it is closing the channel. */
	#last: number | undefined;
	#lingering: unknown;

	/** @internal */
	constructor(host: ChannelHost, { number, id, label, options }: ChannelSetup) {
		super();
		this.#host = host;
		this.number = number;
		this.id = id;
		this.label = label;
		this.protocol = options.protocol ?? '';
		this.ordered = options.ordered ?? true;
		this.maxRetransmits = options.maxRetransmits ?? null;
		this.maxPacketLifeTime = options.maxPacketLifeTime ?? null;
		this.negotiated = options.negotiated ?? false;
		if (this.maxRetransmits !== null || this.maxPacketLifeTime !== null) return;
		this.#kept = new Kept();
		this.#arrived = new Arrived(this.ordered);
	}

	/** `connecting`, `open`, `closing` or `closed`. */
	get readyState(): 'connecting' | 'open' | 'closing' | 'closed' {
		return this.#state;
	}

	/** Always `arraybuffer`, on every host. */
	get binaryType(): 'arraybuffer' {
		return 'arraybuffer';
	}

	/**
	 * Bytes handed to `send` that have not left this end yet or, of a reliable channel, that the other end has not
	 * acknowledged.
	 */
	get bufferedAmount(): number {
		if (this.#state === 'closed') return 0;
		return this.#kept?.bytes ?? this.#out?.bufferedAmount ?? 0;
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
		return this.#host.maxMessageSize;
	}

	/** How many numbered messages were sent. @internal */
	get sent(): number {
		return this.#kept?.next ?? 0;
	}

	/** Whether what is sent arrives for sure. @internal */
	get reliable(): boolean {
		return this.#kept !== undefined;
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
			this.#pass(data);
			return;
		}
		const bytes = bytesOf(data);
		this.#makeRoom(bytes.byteLength);
		// The caller may write into its memory as soon as this returns.
		this.#pass(this.#kept === undefined && this.#out !== undefined ? bytes : new Uint8Array(bytes));
	}

	/** Closes the channel on both ends. What was sent before still arrives. */
	close(): void {
		if (this.#state === 'closing' || this.#state === 'closed') return;
		this.#state = 'closing';
		this.#host.closing(this, this.sent);
		this.#linger(this.bufferedAmount);
	}

	/** Messages may be sent from now on. @internal */
	open(): void {
		if (this.#state !== 'connecting') return;
		this.#state = 'open';
		this.#tell('open');
	}

	/** Ends the channel: both ends know, or its session is over. @internal */
	end(error?: EnslavismError): void {
		if (this.#state === 'closed') return;
		clearTimeout(this.#lingering);
		if (this.listenerCount('message') > 0) this.#tellUnread();
		if (error !== undefined) this.#failed(error);
		this.#state = 'closed';
		if (this.#host.closesLanes) this.#lane?.close();
		this.unlane();
		this.#host.closed(this);
		this.#tell('close');
	}

	/** The other end closes the channel; its messages end before the number `last`. @internal */
	ends(last: number): void {
		this.#last = last;
		this.#perhapsEnd();
	}

	/** A message arrived over a trunk. @internal */
	arrived(number: number, message: string | ArrayBuffer): void {
		if (this.#arrived === undefined) {
			this.#heard(message);
		} else if (this.#arrived.take(number, message, this.#deliver)) {
			// What came before already was sent again because the other end does not know it.
			if (this.#unacknowledged === 0) this.#host.acknowledge(this, false);
			this.#perhapsEnd();
		} else {
			this.#host.broken();
		}
	}

	/** All messages below this number have arrived; asked for when that is told to the other end. @internal */
	acknowledgement(): number {
		this.#unacknowledged = 0;
		this.#unacknowledgedBytes = 0;
		return this.#arrived?.expected ?? 0;
	}

	/** The other end has all messages below `number`. @internal */
	acknowledged(number: number): void {
		const before = this.bufferedAmount;
		this.#kept?.acknowledge(number);
		if (before > this.#lowThreshold && this.bufferedAmount <= this.#lowThreshold) this.#tell('bufferedamountlow');
	}

	/** Sends again what was sent and may be lost. @internal */
	sendAgain(): void {
		this.#kept?.each((number, message) => this.#host.send(this, number, message));
	}

	/** Gives the channel a stream of its own. @internal */
	lane(lane: RtcChannel): void {
		this.#lane = lane;
		this.#laneNumber = undefined;
		const isMine = () => this.#lane === lane;
		lane.attach({
			open: () => {
				if (!isMine()) return;
				this.#laneOpen = true;
				this.#useLane();
			},
			message: this.#arrived === undefined ? (data) => this.#heard(data) : (data) => this.#laneTook(data),
			low: () => {
				if (this.#kept === undefined) this.#tell('bufferedamountlow');
			},
			error: () => {},
			closed: () => {
				if (!isMine()) return;
				this.unlane();
				this.sendAgain();
			},
		});
	}

	/** The other end listens on the lane. @internal */
	laneReady(): void {
		this.#laneHeard = true;
		this.#useLane();
	}

	/** The lane is gone. @internal */
	unlane(): void {
		this.#lane = undefined;
		this.#out = undefined;
		this.#laneOpen = false;
		this.#laneHeard = false;
	}

	protected override listened(event: string): void {
		// From outside the caller, so that whoever adds a listener has finished before it is called.
		if (event === 'message' && this.#unread?.length !== 0) queueMicrotask(() => this.#tellUnread());
		if (event === 'bufferedamountlow') this.#watchLow();
	}

	#useLane(): void {
		const lane = this.#lane;
		if (lane === undefined || !this.#laneOpen || !this.#laneHeard) return;
		this.#out = lane;
		this.#watchLow();
		// In order on a stream of its own, messages need no numbers beside that of the first one.
		if (this.#kept !== undefined && this.ordered) this.#hand(lane, String(this.#kept.next));
	}

	#laneTook(data: string | ArrayBuffer): void {
		if (!this.ordered) {
			const frame = typeof data === 'string' ? undefined : readFrame(new Uint8Array(data));
			if (frame !== undefined && frame.kind <= BYTES) this.arrived(frame.number, frame.data);
			else this.#host.broken();
		} else if (this.#laneNumber === undefined) {
			this.#laneNumber = typeof data === 'string' ? Number(data) : -1;
			if (!(Number.isSafeInteger(this.#laneNumber) && this.#laneNumber >= 0)) this.#host.broken();
		} else {
			this.arrived(this.#laneNumber++, data);
		}
	}

	#makeRoom(bytes: number): void {
		const { maxMessageSize } = this.#host;
		if (bytes > maxMessageSize) {
			throw new EnslavismError('message-too-large', `${bytes} bytes, the other end takes ${maxMessageSize}`);
		}
		const kept = this.#kept;
		let waiting: number;
		if (kept !== undefined) {
			if (this.#host.fits(kept.bytes, bytes) && kept.count < LIMITS.channelKeptMessages) return;
			waiting = kept.bytes;
		} else {
			this.#sentSinceCount += bytes;
			if (this.#counted + this.#sentSinceCount <= RECOUNT_BYTES) return;
			waiting = this.bufferedAmount;
			this.#counted = waiting;
			this.#sentSinceCount = 0;
			// What is too much before the other end has accepted is dropped.
			if (!this.#host.accepted || this.#host.fits(waiting, bytes)) return;
		}
		throw new EnslavismError(
			'buffer-full',
			`${waiting} bytes are waiting in "${this.label}"; wait for bufferedamountlow`,
		);
	}

	#pass(message: string | Uint8Array): void {
		const lane = this.#out;
		const number = this.#kept?.keep(message) ?? 0;
		if (lane === undefined) this.#host.send(this, number, message);
		else if (this.ordered || this.#kept === undefined) this.#hand(lane, message);
		else this.#hand(lane, messageFrame(this.number, number, message));
	}

	#hand(lane: RtcChannel, message: string | Uint8Array): void {
		try {
			if (typeof message === 'string') lane.sendText(message);
			else lane.sendBytes(message);
		} catch (cause) {
			// What is kept is sent again over another path, once this one has told that it is gone.
			if (this.#kept === undefined) throw new EnslavismError('rtc-failed', messageOf(cause), { cause });
			this.#out = undefined;
			this.sendAgain();
		}
	}

	/** Ends where the other end does not answer, and nothing leaves any more. */
	#linger(before: number): void {
		this.#lingering = setTimeout(() => {
			const left = this.bufferedAmount;
			if (left < before || (left > 0 && !this.#host.accepted)) this.#linger(left);
			else this.end();
		}, WAITS.flush);
	}

	#perhapsEnd(): void {
		if (this.#last !== undefined && (this.#arrived?.expected ?? this.#last) >= this.#last) this.end();
	}

	/** Asks the host for `low` only where somebody listens: in Node each kind of event has a cost of its own. */
	#watchLow(): void {
		if (this.#kept !== undefined || this.listenerCount('bufferedamountlow') === 0) return;
		this.#out?.setLowThreshold(this.#lowThreshold);
	}

	readonly #deliver = (data: string | ArrayBuffer): void => {
		this.#unacknowledgedBytes += sizeOf(data);
		const now = ++this.#unacknowledged % ACK_MESSAGES === 0 || this.#unacknowledgedBytes >= ACK_BYTES;
		if (now || this.#unacknowledged === 1) this.#host.acknowledge(this, now);
		this.#heard(data);
	};

	#heard(data: string | ArrayBuffer): void {
		if (this.#state === 'closed') return;
		if (this.#unread !== undefined && this.listenerCount('message') > 0) this.#tellUnread();
		if (this.#unread === undefined) this.emit('message', { type: 'message', data, target: this });
		else this.#keep(this.#unread, data);
	}

	#keep(unread: (string | ArrayBuffer)[], data: string | ArrayBuffer): void {
		this.#unreadBytes += LIMITS.channelUnreadOverhead + sizeOf(data);
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

function bytesOf(data: ArrayBuffer | ArrayBufferView): Uint8Array {
	if (data instanceof Uint8Array) return data;
	if (data instanceof ArrayBuffer) return new Uint8Array(data);
	if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
	throw new EnslavismError('bad-option', 'send takes a string, an ArrayBuffer or a view of one');
}
