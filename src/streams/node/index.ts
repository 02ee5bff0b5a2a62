import WebSocket from 'ws';
import { Mux, type MuxStream } from '../../mux/node/index.js';
import { nodePlatform } from '../../peer/node/index.js';
import { MasterToSlave, readMessage } from '../../wire/index.js';
import * as LIMITS from '../../wire/limits.js';
import * as WAITS from '../../wire/waits.js';
import { type StreamClientConstructor, type StreamServerConstructor, streamsFor } from '../public.js';
import type { BaseStreamClient, BaseStreamServer } from '../types.js';

export { MasterConnection } from '../../client/node.js';
export { MuxStream } from '../../mux/node/index.js';
export * from '../types.js';

/** `closeTimeout` is newer than the types of ws. */
const SOCKET_OPTIONS: WebSocket.ClientOptions & { closeTimeout: number } = {
	perMessageDeflate: false,
	maxPayload: LIMITS.muxMessageBytes,
	closeTimeout: WAITS.socketClose,
};

const streams = streamsFor<MuxStream>({
	platform: nodePlatform,
	read: (text) => readMessage(MasterToSlave, text),
	openMux: (carrier, options) => new Mux(carrier, options),
	openWebSocket: (url, protocols) => new WebSocket(url, protocols, SOCKET_OPTIONS),
});

/** A program that is a server: others open streams to it by its name. A stream is a `Duplex`. */
export const StreamServer: StreamServerConstructor<MuxStream> = streams.StreamServer;
export type StreamServer = BaseStreamServer<MuxStream>;

/** Opens streams to servers, by their names. A stream is a `Duplex`. */
export const StreamClient: StreamClientConstructor<MuxStream> = streams.StreamClient;
export type StreamClient = BaseStreamClient<MuxStream>;
