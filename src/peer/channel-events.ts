import type { EnslavismError } from '../wire/index.js';
import type { Channel } from './channel.js';

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
