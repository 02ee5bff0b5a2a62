export { browserPlatform } from './platform.js';
