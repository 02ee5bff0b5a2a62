export { EnslavismError, type ErrorCode } from '../wire/index.js';
export type { MessageData } from './bytes.js';
export type { EchoEvents, EchoMessageEvent } from './echo.js';
export type { SourceEnd, StreamSource } from './face/index.js';
export type { SignalOptions } from './host.js';
export type { IntroducedPeer, IntroducerEvents } from './introducer.js';
export type { Peer } from './peer.js';
export type { PeerConnection, PeerConnectionEvents } from './peer-connection.js';
export type { PeersEvents, PeersOptions } from './peers.js';
export type {
	PipedSocket,
	PipedSocketEvents,
	SocketCloseEvent,
	SocketData,
	SocketMessageEvent,
	SocketOpenEvent,
} from './piped-socket.js';
export type { RelayMeeting } from './relay.js';
export type { RemoteEvents } from './remote-events.js';
export type { Presence, SetOptions, SharedStateEvents } from './shared-state.js';
export type { PathOptions } from './upgrade.js';
