export * from './link.js';
export * from './socket.js';
