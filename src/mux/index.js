export * from './byte-queue.js';
export * from './opening.js';
export * from './session.js';
export { Stream } from './stream.js';
//# sourceMappingURL=index.js.map