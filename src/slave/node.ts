import { nodePlatform } from '../peer/node/index.js';
import { MasterToSlave, readMessage } from '../wire/index.js';
import { type SlaveConstructor, slaveFor } from './public.js';
import type { Slave as SlaveInstance } from './slave.js';

export * from './types.js';

/** A game host in Node. */
export const Slave: SlaveConstructor = slaveFor(nodePlatform, (text) => readMessage(MasterToSlave, text));
export type Slave = SlaveInstance;
