import { browserPlatform, onBrowserWake } from '../peer/browser/index.js';
import type { SignalHost } from './host.js';

export const host: SignalHost = { ...browserPlatform, onWake: onBrowserWake };
