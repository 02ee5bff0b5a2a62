export * from './backoff.js';
export * from './lasting-socket.js';
export * from './link.js';
export * from './socket.js';
