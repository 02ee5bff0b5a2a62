export * from './channel.js';
export * from './platform.js';
export type * from './rtc.js';
export * from './session.js';
