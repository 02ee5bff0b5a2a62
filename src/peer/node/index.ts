export { nodePlatform } from './platform.js';
export { createNodeAnswerer } from './rtc.js';
