import { Mux, type MuxStream } from '../../mux/browser/index.js';
import { browserPlatform } from '../../peer/browser/index.js';
import { readTrusted } from '../../wire/index.js';
import { type StreamClientConstructor, type StreamServerConstructor, streamsFor } from '../public.js';
import type { BaseStreamClient, BaseStreamServer } from '../types.js';

export { MasterConnection } from '../../client/index.js';
export { MuxStream } from '../../mux/browser/index.js';
export * from '../types.js';

const streams = streamsFor<MuxStream>({
	platform: browserPlatform,
	read: readTrusted,
	openMux: (carrier, options) => new Mux(carrier, options),
	openWebSocket: (url, protocols) => new WebSocket(url, protocols),
});

/** A page that is a server: others open streams to it by its name. A stream is a `{ readable, writable }` pair. */
export const StreamServer: StreamServerConstructor<MuxStream> = streams.StreamServer;
export type StreamServer = BaseStreamServer<MuxStream>;

/** Opens streams to servers, by their names. A stream is a `{ readable, writable }` pair. */
export const StreamClient: StreamClientConstructor<MuxStream> = streams.StreamClient;
export type StreamClient = BaseStreamClient<MuxStream>;
