import { nodePlatform } from '../peer/node/index.js';
import type { SignalHost } from './host.js';

export const host: SignalHost = { ...nodePlatform, onWake: () => () => {} };
