import { BYTES, messageFrame, readFrame } from './frames.js';
import type { RtcChannel } from './rtc.js';

/** What a lane tells its channel. */
export interface LaneHandlers {
	message(number: number, data: string | ArrayBuffer): void;
	low(): void;
	closed(): void;
	/** The other end sent what it may not. */
	broken(): void;
}

/**
 * How a lane carries the numbers of messages: `frames` have them; in order on a stream of its own, the first one's is
 * enough (`count`); unreliable messages have `none`.
 */
export type LaneNumbers = 'frames' | 'count' | 'none';

/** A channel's own stream of the session's WebRTC connection. */
export class Lane {
	readonly stream: RtcChannel;
	/** Whether the other end listens. */
	heard = false;
	#open = false;
	readonly #channel: number;
	readonly #numbers: LaneNumbers;
	/** Whether the first number was sent. */
	#counts = false;
	/** Number of the next message that arrives. */
	#next = -1;

	/** @param channel the channel in frames */
	constructor(stream: RtcChannel, channel: number, numbers: LaneNumbers, handlers: LaneHandlers) {
		this.stream = stream;
		this.#channel = channel;
		this.#numbers = numbers;
		stream.attach({
			open: () => {
				this.#open = true;
			},
			message: (data) => this.#take(data, handlers),
			low: handlers.low,
			closed: handlers.closed,
		});
	}

	/** Whether messages may leave over it. */
	get ready(): boolean {
		return this.#open && this.heard;
	}

	/** Sends a message. @throws what the host throws when it cannot */
	send(number: number, message: string | Uint8Array): void {
		const { stream } = this;
		const data = this.#numbers === 'frames' ? messageFrame(this.#channel, number, message) : message;
		if (this.#numbers === 'count' && !this.#counts) stream.send(String(number));
		this.#counts = true;
		stream.send(data);
	}

	#take(data: string | ArrayBuffer, { message, broken }: LaneHandlers): void {
		if (this.#numbers === 'none') message(0, data);
		else if (this.#numbers === 'frames') {
			const frame = typeof data === 'string' ? undefined : readFrame(new Uint8Array(data));
			if (frame && frame.kind <= BYTES) message(frame.number, frame.data);
			else broken();
		} else if (this.#next >= 0) message(this.#next++, data);
		else {
			this.#next = typeof data === 'string' ? Number(data) : -1;
			if (!(Number.isSafeInteger(this.#next) && this.#next >= 0)) broken();
		}
	}
}
