export type * from './carrier.js';
export * from './channel-carrier.js';
export * from './idle.js';
export * from './late-carrier.js';
export * from './mux.js';
export * from './port-carrier.js';
export * from './websocket-carrier.js';
