import type { Channel } from './channel.js';
import type { Message } from './numbering.js';
import type { DataChannelOptions } from './rtc.js';
import type { Watch } from './watch.js';

/** What a channel needs of its session. @internal */
export interface ChannelHost {
	readonly paths: {
		/** Largest message that the other end takes, in bytes. */
		readonly maxMessageSize: number;
		/** Whether the other end has accepted the session. */
		readonly accepted: boolean;
		/** Whether nothing is heard over WebRTC, and the relay carries the session. */
		readonly silent: boolean;
		/** Whether anything is heard over WebRTC. */
		readonly watch: Pick<Watch, 'heard' | 'start'>;
	};
	/** Whether this end closes lanes. One end does: closed by both at once, the native library may never let go of one. */
	readonly closesLanes: boolean;
	/** Whether a channel that keeps `kept` bytes may keep so many more. Before the other end has accepted, they count as sent if so. */
	fits(kept: number, more: number): boolean;
	/** Sends a message, which nobody writes into any more, over the trunk of the current path, if there is one; unreliable ones only where there is room. */
	send(channel: Channel, number: number, message: Message): void;
	/** The other end is to know what has arrived, in so many milliseconds at the latest. */
	acknowledge(channel: number, due: number): void;
	/** The channel asks the other end to close: all messages that were sent belong to it. */
	closing(channel: Channel): void;
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
