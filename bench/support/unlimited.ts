import type { MasterLimits } from '../../src/index.js';

const MOST = Number.MAX_SAFE_INTEGER;

/** A bench asks one master for more, and sooner, than anybody may. */
export const UNLIMITED_RATES: Partial<MasterLimits> = {
	offersPerSecond: MOST,
	offersAtOnce: MOST,
	clientMessagesPerSecond: MOST,
	clientMessagesAtOnce: MOST,
	clientBytesPerSecond: MOST,
	clientBytesAtOnce: MOST,
	slaveMessagesPerSecond: MOST,
	slaveMessagesAtOnce: MOST,
	slaveBytesPerSecond: MOST,
	slaveBytesAtOnce: MOST,
	linksPerAddress: MOST,
};
