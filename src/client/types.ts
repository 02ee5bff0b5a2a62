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
export { type AuthData, EnslavismError, type ErrorCode } from '../wire/index.js';
export type { MasterConnectionEvents, MasterConnectionOptions } from './master-connection.js';
export { SlaveConnection, type SlaveConnectionEvents, type SlaveConnectionState } from './slave-connection.js';
