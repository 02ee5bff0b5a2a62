import type { DirectoryEntry, ErrorCode } from '../wire/index.js';
import type { MasterLimits } from './limits.js';
import { TokenBucket } from './token-bucket.js';

/** What an offer is judged by. */
export interface AskedOffer {
	/** The slave that it is for, as the directory has it. */
	readonly slave: DirectoryEntry | undefined;
	/** Whether that slave has a link on which it has not registered yet. */
	readonly registering: boolean;
	/** Whether slaves of an earlier run of the master may still come back. */
	readonly settling: boolean;
	/** Sessions of the client, and of the slave. */
	readonly ofClient: number;
	readonly ofSlave: number;
	/** Offers that the slave has not decided on. */
	readonly pending: number;
	/** How often the client may ask. */
	readonly offers: TokenBucket | undefined;
}

/** Why an offer does not go to its slave: what the client is told. */
export interface Refusal {
	readonly code: ErrorCode;
	readonly reason: string;
}

/** How often a client that is new may ask. */
export function offersOf({ offersPerSecond, offersAtOnce }: MasterLimits): TokenBucket {
	return new TokenBucket({ perSecond: offersPerSecond, burst: offersAtOnce }, performance.now());
}

/** Judges an offer; `undefined` when it may go to its slave. */
export function refusalOf(asked: AskedOffer, limits: MasterLimits, now: number): Refusal | undefined {
	return problemOf(asked) ?? excessOf(asked, limits, now);
}

function problemOf({ slave, registering, settling }: AskedOffer): Refusal | undefined {
	if (slave === undefined && !settling) return { code: 'slave-gone', reason: 'the slave is not in the directory' };
	if (slave === undefined || registering || slave.state === 'unreachable')
		return { code: 'slave-unreachable', reason: 'the slave has lost its master' };
	return slave.state === 'draining' ? { code: 'slave-draining', reason: 'the slave is going away' } : undefined;
}

function excessOf({ offers, ofClient, ofSlave, pending }: AskedOffer, limits: MasterLimits, now: number) {
	const full = (reason: string): Refusal => ({ code: 'limit-reached', reason });
	if (offers?.take(1, now) !== true) return full('too many offers in too short a time');
	if (ofClient >= limits.sessionsPerClient) return full(`a client may have ${limits.sessionsPerClient} sessions`);
	if (ofSlave >= limits.sessionsPerSlave) return full(`the slave has ${limits.sessionsPerSlave} sessions already`);
	if (pending < limits.pendingOffersPerSlave) return undefined;
	return full(`the slave has ${limits.pendingOffersPerSlave} offers to decide on already`);
}
