export type { Carrier, CarrierHandler, MuxEvents, MuxOptions, StreamOptions } from '../host/index.js';
export { channelCarrier, portCarrier, webSocketCarrier } from '../host/index.js';
export { Mux } from './mux.js';
export { MuxStream } from './stream.js';
