export type { Carrier, CarrierHandler, MuxEvents, MuxOptions, StreamOptions } from '../host/index.js';
export { channelCarrier, portCarrier, webSocketCarrier } from '../host/index.js';
export { duplexCarrier } from './duplex-carrier.js';
export { Mux } from './mux.js';
export { MuxStream } from './stream.js';
export * from './tcp.js';
export { tcpCarrier } from './tcp-carrier.js';
export * as util from './util.js';
