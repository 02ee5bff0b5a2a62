import { browserPlatform } from '../peer/browser/index.js';
import { readTrusted } from '../wire/index.js';
import { type SlaveConstructor, slaveFor } from './public.js';
import type { Slave as SlaveInstance } from './slave.js';

export * from './types.js';

/** A game host in a browser page. */
export const Slave: SlaveConstructor = slaveFor(browserPlatform, readTrusted);
export type Slave = SlaveInstance;
