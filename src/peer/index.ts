export * from './channel.js';
export type { DirectInfo } from './direct.js';
export * from './platform.js';
export * from './relay-link.js';
export type * from './rtc.js';
export * from './session.js';
