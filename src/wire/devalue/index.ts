/**
 * What the scripts for browsers have in place of `devalue`: the same format, in half of the size. Both are held against
 * each other in the tests; `bundler.ts` puts this one in.
 */
export { parse } from './parse.js';
export { stringify } from './stringify.js';
