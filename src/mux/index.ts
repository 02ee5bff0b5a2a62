export * from './byte-queue.js';
export type { Batch } from './engine.js';
export * from './opening.js';
export * from './session.js';
export { Stream, type StreamHandler } from './stream.js';
