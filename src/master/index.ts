export { decodeUserData, EnslavismError, type ErrorCode, type Reject } from '../wire/index.js';
export type { TrustProxy } from './addresses.js';
export type { AuthInfo } from './admission.js';
export type { ChooseIceServers, TurnOptions } from './ice-servers.js';
export type { MasterLimits } from './limits.js';
export {
	type LinkInfo,
	type ListedSlave,
	Master,
	type MasterCloseOptions,
	type MasterEvents,
	type MasterOptions,
	type NameInfo,
} from './master.js';
export type { Origins } from './origins.js';
export type { RelayAllowances } from './relay.js';
export type { Service, ServiceHost, ServicePeer, ServiceRoute } from './service.js';
export { type EchoOptions, echo } from './services/echo.js';
export { type IntroductionOptions, introduction } from './services/introduction.js';
export type { EchoLimits, IntroductionLimits, RelayLimits, StateLimits } from './services/limits.js';
export { type RelayOptions, relay } from './services/relay.js';
export { type SharedStateOptions, sharedState } from './services/shared-state.js';
export {
	type ConnectOptions,
	type StreamServers,
	type StreamServersEvents,
	type StreamServersOptions,
	streamServers,
} from './services/stream-servers.js';
export type { AnyServer } from './web-server.js';
