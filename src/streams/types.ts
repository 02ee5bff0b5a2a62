export { type AuthData, EnslavismError, type ErrorCode, type Reject } from '../wire/index.js';
export type { BaseStreamClient, StreamClientOptions } from './client.js';
export type { MasterLike } from './host.js';
export type { StreamClientConstructor, StreamServerConstructor } from './public.js';
export type { BaseStreamServer, OnStream, StreamServerEvents, StreamServerOptions } from './server.js';
