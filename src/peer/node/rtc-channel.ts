/** A stream of a connection over node-datachannel. */
import type { DataChannel } from 'node-datachannel';
import { messageOf, rethrowLater } from '../../wire/index.js';
import type { RtcChannel } from '../rtc.js';
import { forget } from './garbage.js';
import { guarded, later, nothingWaits } from './native-frames.js';

/** What node-datachannel offers as the largest message it takes, in bytes. */
export const MAX_MESSAGE_BYTES = 256 * 1024;

/** What the library says when the connection below is over, before it closes the channels on it. */
const GOING_DOWN = /Sending failed, errno=/;

/** What a channel tells its connection. */
interface Owner {
	/** This end has closed the stream. */
	left(): void;
	/** The library has let go of the channel. */
	over(): void;
}

/**
 * The library lets go of a channel when it tells that it is closed: before that, its callbacks keep the process alive.
 * It never tells if this end closes the channel in the moment in which it does so itself. So this end closes
 * only what is open.
 */
export class NodeChannel implements RtcChannel {
	readonly binaryType = 'arraybuffer';
	onopen: RtcChannel['onopen'] = null;
	onmessage: RtcChannel['onmessage'] = null;
	onbufferedamountlow: RtcChannel['onbufferedamountlow'] = null;
	onclose: RtcChannel['onclose'] = null;
	readonly #native: DataChannel;
	readonly #owner: Owner;
	/** What happened before whoever made it could set its handlers. */
	#early: (() => void)[] | undefined = [];
	#opened = false;
	#muted = false;
	#ending = false;
	#over = false;
	#tellsLow = false;
	#threshold = 0;
	/** The most that may be waiting as far as the user knows: the native queue drains on a thread of its own. */
	#known = 0;

	constructor(native: DataChannel, owner: Owner) {
		this.#native = native;
		this.#owner = owner;
		later(() => {
			const early = this.#early;
			this.#early = undefined;
			for (const happened of early ?? []) happened();
		});
		native.onClosed(NodeChannel.#whenOver(new WeakRef(this)));
		native.onMessage((data) => this.#received(data));
		const opened = guarded(() => this.#isOpen());
		if (!native.isOpen()) native.onOpen(opened);
		// Also when it opened between the two lines above.
		if (native.isOpen()) opened();
	}

	/** The library may keep this callback for ever, which is not to keep what it is of. */
	static #whenOver(own: WeakRef<NodeChannel>): () => void {
		return guarded(() => {
			const channel = own.deref();
			if (channel) channel.#isOver();
		});
	}

	get bufferedAmount(): number {
		this.#known = this.#native.bufferedAmount();
		return this.#known;
	}

	get bufferedAmountLowThreshold(): number {
		return this.#threshold;
	}

	set bufferedAmountLowThreshold(bytes: number) {
		this.#threshold = bytes;
		const low = guarded(() => {
			// More may have been sent since: then the library tells again.
			if (this.#native.bufferedAmount() <= this.#threshold) this.#tell(() => this.onbufferedamountlow?.());
		});
		const missed = !this.#tellsLow && this.#known > bytes;
		if (!this.#tellsLow) this.#native.onBufferedAmountLow(low);
		this.#tellsLow = true;
		this.#native.setBufferedAmountLowThreshold(bytes);
		// What has drained since the user looked or sent was told to nobody.
		if (missed && this.#native.bufferedAmount() <= bytes) low();
	}

	send(data: string | Uint8Array): void {
		this.#known += data.length;
		try {
			if (typeof data === 'string') this.#native.sendMessage(data);
			else this.#native.sendMessageBinary(data);
		} catch (thrown) {
			this.#notTaken(thrown);
		}
	}

	close(): void {
		later(() => {
			// With its connection it goes by itself.
			if (this.#muted || this.#over) return;
			this.#tell(() => this.onclose?.());
			this.#muted = true;
			this.#ending = true;
			this.#leave();
		});
	}

	/** Says nothing more: what the library still has in its queue comes too late. */
	mute(): void {
		this.#muted = true;
	}

	/** Closes what the library did not close with the connection. */
	release(): void {
		this.#native.close();
	}

	/** The library will not tell that it is closed. */
	forget(): void {
		this.#isOver();
		forget();
	}

	/** One that is not open yet is closed when it is, or goes with the connection; one that is not any more tells next. */
	#leave(): void {
		if (!this.#native.isOpen()) return;
		this.#owner.left();
		this.#native.close();
	}

	#isOpen(): void {
		if (this.#opened) return;
		this.#opened = true;
		if (this.#ending) this.#leave();
		else this.#tell(() => this.onopen?.());
	}

	#isOver(): void {
		if (this.#over) return;
		this.#over = true;
		this.#owner.over();
		this.#tell(() => this.onclose?.());
	}

	#received(data: string | Buffer | ArrayBuffer): void {
		if (this.#muted) return;
		// Each callback comes by a road of its own: a message may overtake the news that the channel is open.
		if (!this.#opened) later(() => this.#isOpen());
		try {
			const message = typeof data === 'string' ? data : bufferOf(data);
			if (nothingWaits() && this.#early === undefined) this.onmessage?.({ data: message });
			else later(() => this.#tell(() => this.onmessage?.({ data: message })));
		} catch (thrown) {
			rethrowLater(thrown);
		}
	}

	/** A channel that has just died takes messages and loses them, as in a browser: `close` is on its way. */
	#notTaken(thrown: unknown): void {
		if (this.#native.isOpen() && !GOING_DOWN.test(messageOf(thrown))) throw thrown;
	}

	#tell(happened: () => void): void {
		if (this.#muted) return;
		if (this.#early === undefined) happened();
		else this.#early.push(happened);
	}
}

/** The library copies each message into memory of its own, so the buffer behind it is the message. */
function bufferOf(data: Buffer | ArrayBuffer): ArrayBuffer {
	if (data instanceof ArrayBuffer) return data;
	const { buffer, byteOffset, byteLength } = data;
	if (byteLength === buffer.byteLength) return buffer as ArrayBuffer;
	return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
}
