export * from './byte-queue.js';
export * from './opening.js';
export type { Batch } from './packer.js';
export * from './session.js';
export { Stream, type StreamHandler } from './stream.js';
