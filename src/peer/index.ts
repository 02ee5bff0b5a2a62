export * from './channel.js';
export type * from './channel-events.js';
export type { DirectInfo } from './direct.js';
export type { OpenRelay, PathKind, RelayHandlers, RelayPipe, Signals } from './paths.js';
export { PATHS } from './paths.js';
export * from './platform.js';
export * from './relay-link.js';
export type * from './rtc.js';
export * from './session.js';
