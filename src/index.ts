/** Enslavism for Node: `Master` and `Slave`. Clients are in `enslavism/client`. */
export * from './master/index.js';
export {
	type Channel,
	type ChannelData,
	type ClientConnection,
	type ClientInfo,
	type DataChannelOptions,
	type IceServer,
	type IceTransportPolicy,
	type Offer,
	type PathKind,
	Slave,
	type SlaveConstructor,
	type SlaveEvents,
	type SlaveOptions,
} from './slave/node.js';
