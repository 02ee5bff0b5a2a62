export type {
	Channel,
	ChannelData,
	ChannelEvent,
	ChannelMessageEvent,
	DataChannelOptions,
	IceServer,
	IceTransportPolicy,
	PathKind,
} from '../peer/index.js';
export { type AuthData, EnslavismError, type ErrorCode, type Reject } from '../wire/index.js';
export type { ClientConnection, ClientConnectionEvents, ClientInfo } from './client-connection.js';
export type { Offer } from './incoming.js';
export type { SlaveConstructor } from './public.js';
export type { DrainOptions, SlaveEvents, SlaveOptions } from './slave.js';
