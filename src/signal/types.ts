export { EnslavismError, type ErrorCode } from '../wire/index.js';
export type { SignalOptions } from './host.js';
export type { IntroducedPeer, IntroducerEvents } from './introducer.js';
export type {
	PipedSocket,
	PipedSocketEvents,
	SocketCloseEvent,
	SocketData,
	SocketMessageEvent,
	SocketOpenEvent,
} from './piped-socket.js';
