import type { Frame } from './frames.js';
import type { Message } from './numbering.js';

/** What carries a session's channels: a WebRTC connection, or the master over both ends' links. */
export type PathKind = 'rtc' | 'relay';

/** All kinds. */
export const PATHS = ['rtc', 'relay'] as const;

/** A path while it is open. */
export interface Carrier {
	readonly kind: PathKind;
	/** Bytes that wait to leave. */
	readonly queued: number;
	/** Sends a frame; they arrive in order. */
	send(kind: number, channel: number, number: number, payload?: Message): void;
}

/** A way through the master, while it is open. */
export interface RelayPipe extends Carrier {
	readonly kind: 'relay';
	close(): void;
}

/** What a pipe tells. Nothing comes after `lost`. */
export interface RelayHandlers {
	/** @param frame `undefined`: what arrived is none */
	frame(frame: Frame | undefined): void;
	/** @param final whether there is no use in trying again */
	lost(final: boolean): void;
}

/** Opens a way through the master; `undefined` while there is none. */
export type OpenRelay = (handlers: RelayHandlers) => RelayPipe | undefined;
