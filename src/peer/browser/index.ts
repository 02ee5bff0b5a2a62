export { browserPlatform } from './platform.js';
export { onBrowserWake } from './wake.js';
