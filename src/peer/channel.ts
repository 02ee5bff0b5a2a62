import { Emitter, EnslavismError, type Listener, messageOf } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import * as WAITS from '../wire/waits.js';
import { bytesOf, textBytes } from './channel-data.js';
import type {
	ChannelData,
	ChannelErrorEvent,
	ChannelEvent,
	ChannelEvents,
	ChannelMessageEvent,
} from './channel-events.js';
import type { ChannelHost, ChannelSetup } from './channel-host.js';
import { type Lane, type LaneOwner, laneOf } from './lane.js';
import { Arrived, Kept, sizeOf } from './numbering.js';
import type { RtcChannel } from './rtc.js';
import { Timer } from './timer.js';

/** How many bytes may be sent before the host is asked again how much of it still waits. */
const RECOUNT_BYTES = 1024 * 1024;

/** Shorter messages are copied together while they are kept: each piece of memory has a price of its own. */
const COPY_BYTES = 4 * 1024;

/** How many bytes may wait in a lane over which nothing is heard. */
const SILENT_LANE_BYTES = 1024 * 1024;

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
export class Channel extends Emitter<ChannelEvents> implements LaneOwner {
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
	/** Whether what is sent arrives for sure. @internal */
	readonly reliable: boolean;
	readonly #host: ChannelHost;
	#state: 'connecting' | 'open' | 'closing' | 'closed' = 'connecting';
	#lowThreshold = 0;
	/** Bytes that may be sent before the lane is asked again how much waits there. */
	#uncounted = RECOUNT_BYTES;
	/** What nobody has listened for yet. */
	#unread: (string | ArrayBuffer)[] | undefined = [];
	#unreadBytes = 0;
	#lane: Lane | undefined;
	/** What was sent, and what arrived; of an unreliable channel just how much. */
	readonly #kept = new Kept();
	readonly #arrived: Arrived;
	/** Where the other end's messages end: it is closing the channel. */
	#last: number | undefined;
	readonly #lingering = new Timer();

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
		this.reliable = this.maxRetransmits === null && this.maxPacketLifeTime === null;
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
		return this.reliable ? this.#kept.bytes : (this.#lane?.stream.bufferedAmount ?? 0);
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
		return this.#host.paths.maxMessageSize;
	}

	/** How many messages were sent. @internal */
	get sent(): number {
		return this.#kept.next;
	}

	/** Messages that the other end has not acknowledged. @internal */
	get unacknowledged(): number {
		return this.#kept.count;
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
		const message = typeof data === 'string' ? data : bytesOf(data);
		const bytes = typeof message === 'string' ? textBytes(message) : message.length;
		this.#makeRoom(bytes);
		this.#pass(message, bytes);
	}

	/** Closes the channel on both ends. What was sent before still arrives. */
	close(): void {
		if (this.#state === 'closing' || this.#state === 'closed') return;
		this.#state = 'closing';
		this.#host.closing(this);
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
		this.#lingering.stop();
		if (this.listenerCount('message') > 0) this.#tellUnread();
		if (error) this.#failed(error);
		this.#state = 'closed';
		if (this.#host.closesLanes) this.#lane?.stream.close();
		this.unlane();
		this.#host.closed(this);
		this.#tell('close');
	}

	/** The other end closes the channel, on which it has sent `last` messages. @internal */
	ends(last: number): void {
		this.#last = last;
		this.#perhapsEnd();
	}

	/** A message arrived. @internal */
	arrived(number: number, message: string | ArrayBuffer): void {
		if (!this.reliable) {
			this.#arrived.expected++;
			this.#heard(message);
			this.#perhapsEnd();
		} else if (this.#arrived.take(number, message, this.#heard)) {
			// Also what came before already: it was sent again because the other end does not know that.
			this.#host.acknowledge(this.number, this.#arrived.due);
			this.#perhapsEnd();
		} else this.#host.broken();
	}

	/** All messages below this number have arrived; asked for when that is told to the other end. @internal */
	acknowledgement(): number {
		return this.reliable ? this.#arrived.acknowledgement() : 0;
	}

	/** The other end has all messages below `number`. @internal */
	acknowledge(number: number): void {
		const before = this.bufferedAmount;
		this.#kept.acknowledge(number);
		this.#perhapsLow(before);
	}

	/** Sends again what was sent and may be lost. @internal */
	sendAgain(): void {
		this.#kept.each((number, message) => this.#host.send(this, number, message));
	}

	/** Gives the channel a stream of its own. @internal */
	lane(stream: RtcChannel): void {
		this.#lane = laneOf(stream, this);
		this.#watchLow();
	}

	/** @internal */
	laneBrought(number: number, data: string | ArrayBuffer | undefined): void {
		this.#host.paths.watch.heard = true;
		if (data === undefined) this.#host.broken();
		else this.arrived(number, data);
	}

	/** @internal */
	laneLow(): void {
		if (!this.reliable) this.#tell('bufferedamountlow');
	}

	/** @internal */
	laneClosed(lane: Lane): void {
		if (this.#lane !== lane) return;
		this.unlane();
		this.sendAgain();
	}

	/** The other end listens on the lane. @internal */
	laneReady(): void {
		if (this.#lane) this.#lane.heard = true;
	}

	/** The lane is gone, and what waited in it. @internal */
	unlane(): void {
		const before = this.reliable ? 0 : this.bufferedAmount;
		this.#lane = undefined;
		// From outside: there may be another path in a moment.
		if (before > 0) queueMicrotask(() => this.#perhapsLow(before));
	}

	protected override listened(event: string): void {
		// From outside the caller, so that whoever adds a listener has finished before it is called.
		if (event === 'message' && this.#unread?.length !== 0) queueMicrotask(() => this.#tellUnread());
		if (event === 'bufferedamountlow') this.#watchLow();
	}

	#makeRoom(bytes: number): void {
		const { maxMessageSize } = this.#host.paths;
		if (bytes > maxMessageSize) {
			throw new EnslavismError('message-too-large', `${bytes} bytes, the other end takes ${maxMessageSize}`);
		}
		const { reliable } = this;
		this.#uncounted -= bytes;
		if (!reliable && this.#uncounted >= 0) return;
		const waiting = this.bufferedAmount;
		this.#uncounted = RECOUNT_BYTES - waiting;
		// What is too much before the other end has accepted is dropped.
		if (!reliable && !this.#host.paths.accepted) return;
		if (this.#host.fits(waiting, bytes) && this.#kept.count < LIMITS.channelKeptMessages) return;
		throw new EnslavismError(
			'buffer-full',
			`${waiting} bytes are waiting in "${this.label}"; wait for bufferedamountlow`,
		);
	}

	#pass(message: string | Uint8Array, bytes: number): void {
		const { reliable } = this;
		const lane = this.#lane;
		const { paths } = this.#host;
		const ready = lane?.open && lane.heard;
		const byTrunk = !ready || paths.silent;
		// The caller may write into its memory as soon as this returns.
		const own = byTrunk && typeof message !== 'string' ? new Uint8Array(message) : message;
		let number = 0;
		if (reliable) {
			number = this.#kept.keep(own, byTrunk && bytes > COPY_BYTES, bytes);
			paths.watch.start();
		} else this.#kept.next++;
		if (byTrunk) this.#host.send(this, number, own);
		if (!ready) return;
		if (paths.silent) {
			// A lane that counts has to go on with it when WebRTC is back, or is of no use any more.
			if (!reliable || !this.ordered) return;
			lane.heard = lane.stream.bufferedAmount <= SILENT_LANE_BYTES;
		}
		try {
			lane.send(number, message);
		} catch (cause) {
			// What is kept is sent again over the trunk, or over another path once this one has told that it is gone.
			if (!reliable) throw new EnslavismError('rtc-failed', messageOf(cause), { cause });
			lane.heard = false;
			this.sendAgain();
		}
	}

	/** Ends where the other end does not answer, and nothing leaves any more. */
	#linger(before: number): void {
		this.#lingering.set(WAITS.flush, () => {
			const left = this.bufferedAmount;
			if (left < before || (left > 0 && !this.#host.paths.accepted)) this.#linger(left);
			else this.end();
		});
	}

	#perhapsEnd(): void {
		if (this.#last === undefined) return;
		if (this.#arrived.expected >= this.#last) this.end();
		// The last ones may be lost, or come later than what was said of them on another stream.
		else if (!this.reliable) this.#lingering.set(WAITS.lastWords, () => this.end());
	}

	/** Asks the host for `low` only where somebody listens: in Node each kind of event has a cost of its own. */
	#watchLow(): void {
		if (this.reliable || this.listenerCount('bufferedamountlow') === 0) return;
		if (this.#lane) this.#lane.stream.bufferedAmountLowThreshold = this.#lowThreshold;
	}

	readonly #heard = (data: string | ArrayBuffer): void => {
		if (this.#state === 'closed') return;
		if (this.#unread && this.listenerCount('message') > 0) this.#tellUnread();
		if (!this.#unread) this.#tellMessage(data);
		else this.#keep(this.#unread, data);
	};

	#keep(unread: (string | ArrayBuffer)[], data: string | ArrayBuffer): void {
		const before = this.#unreadBytes;
		this.#unreadBytes += LIMITS.channelUnreadOverhead + sizeOf(data);
		if (this.#unreadBytes <= LIMITS.channelUnreadBytes) unread.push(data);
		// Once is enough, and what comes after a gap is not kept either.
		else if (before <= LIMITS.channelUnreadBytes) {
			this.#failed(new EnslavismError('unread-overflow', `nobody listens to "${this.label}"`));
		}
	}

	#tellUnread(): void {
		const unread = this.#unread;
		this.#unread = undefined;
		for (const data of unread ?? []) this.#tellMessage(data);
	}

	#tellMessage(data: string | ArrayBuffer): void {
		this.emit('message', { type: 'message', data, target: this });
	}

	#perhapsLow(before: number): void {
		const isLow = before > this.#lowThreshold && this.bufferedAmount <= this.#lowThreshold;
		if (isLow && this.#state !== 'closed') this.#tell('bufferedamountlow');
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
			if (before) this.off(name, before);
			listeners.delete(this);
			if (typeof listener !== 'function') return;
			listeners.set(this, listener);
			this.on(name, listener);
		},
	});
}
