import { BYTES, messageFrame, readFrame } from './frames.js';
import type { RtcChannel } from './rtc.js';

/** The channel that a lane is of. */
export interface LaneOwner {
	readonly number: number;
	readonly reliable: boolean;
	readonly ordered: boolean;
	/** A message arrived over the lane; `data` is `undefined` where the other end sent what it may not. */
	laneBrought(number: number, data: string | ArrayBuffer | undefined): void;
	/** Few bytes wait in the lane. */
	laneLow(): void;
	laneClosed(lane: Lane): void;
}

/** A channel's own stream of the session's WebRTC connection. */
export interface Lane {
	readonly stream: RtcChannel;
	/** Whether this end may send. */
	open: boolean;
	/** Whether the other end listens. */
	heard: boolean;
	/** Sends a message. @throws what the host throws when it cannot */
	send(number: number, message: string | Uint8Array): void;
}

/**
 * Makes a stream the lane of a channel. Each message of an unordered reliable channel is a frame with its number; in
 * order on a stream of its own, the first one's number is enough; unreliable messages have none.
 */
export function laneOf(stream: RtcChannel, owner: LaneOwner): Lane {
	const { number: channel, reliable, ordered } = owner;
	/** Number of the next message that arrives, and whether the first one was sent, where they count. */
	let next = -1;
	let counts = false;
	const lane: Lane = {
		stream,
		open: false,
		heard: false,
		send(number, message) {
			if (reliable && ordered && !counts) stream.send(String(number));
			counts = true;
			stream.send(reliable && !ordered ? messageFrame(channel, number, message) : message);
		},
	};
	stream.onopen = () => {
		lane.open = true;
	};
	stream.onmessage = ({ data }) => {
		if (!reliable) owner.laneBrought(0, data);
		else if (!ordered) {
			const frame = typeof data === 'string' ? undefined : readFrame(new Uint8Array(data));
			owner.laneBrought(frame?.number ?? 0, frame && frame.kind <= BYTES ? frame.data : undefined);
		} else if (next >= 0) owner.laneBrought(next++, data);
		else {
			next = typeof data === 'string' ? Number(data) : -1;
			if (!(Number.isSafeInteger(next) && next >= 0)) owner.laneBrought(0, undefined);
		}
	};
	stream.onbufferedamountlow = () => owner.laneLow();
	stream.onclose = () => owner.laneClosed(lane);
	return lane;
}
