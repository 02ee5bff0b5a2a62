import type { BaseMasterConnection } from '../client/master-connection.js';
import type { Carrier, MuxBase, MuxOptions, WebSocketLike } from '../mux/host/index.js';
import type { StreamHandler } from '../mux/index.js';
import type { Platform } from '../peer/index.js';
import {
	EnslavismError,
	isName,
	isStreamsPrefix,
	type MasterToSlave,
	type Read,
	type ServerName,
	STREAMS_PREFIX,
} from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';

/** What stream servers and their clients need from their host. `Face` is how the host shows a stream. */
export interface StreamsHost<Face extends StreamHandler> {
	platform: Platform;
	/** Reads what a master says to a slave. */
	read: (text: string) => Read<MasterToSlave>;
	openMux(carrier: Carrier, options: MuxOptions): MuxBase<Face>;
	openWebSocket(url: string, protocols: string[]): WebSocketLike;
}

/** The part of a `MasterConnection` that is used; it may come from another script of the page. */
export type MasterLike = Pick<BaseMasterConnection, 'url' | 'options' | 'state' | 'ask' | 'on' | 'off'>;

/** Name of the data channel that carries the streams of a session. */
export const STREAMS_CHANNEL = 'streams';

/** @throws EnslavismError `bad-option` for a name or prefix that cannot be one */
export function serverName(prefix = STREAMS_PREFIX, name: unknown): ServerName {
	if (!isStreamsPrefix(prefix)) throw new EnslavismError('bad-option', 'prefix must be a path such as /streams');
	if (isName(name, LIMITS.serverNameLength)) return { prefix, name };
	throw new EnslavismError('bad-option', `a name is a text of 1 to ${LIMITS.serverNameLength} characters`);
}

/** @throws EnslavismError `bad-option` for what is no connection to a master */
export function checkMaster(master: MasterLike): void {
	if (typeof master?.ask === 'function') return;
	throw new EnslavismError('bad-option', 'the first argument is a MasterConnection');
}
