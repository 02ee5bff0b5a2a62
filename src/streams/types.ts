export { type AuthData, EnslavismError, type ErrorCode, type Reject } from '../wire/index.js';
export { BaseStreamClient, type StreamClientOptions } from './client.js';
export type { MasterLike } from './host.js';
export type { StreamClientConstructor, StreamServerConstructor } from './public.js';
export { BaseStreamServer, type OnStream, type StreamServerEvents, type StreamServerOptions } from './server.js';
