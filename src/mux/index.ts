export * from './byte-queue.js';
export * from './opening.js';
export * from './session.js';
