import * as LIMITS from './limits.js';

/** Where services are found below the master's URL: what stands before the namespace, percent-encoded. */
export const SERVICE_PATHS = {
	echo: ['enslavism', 'echo'],
	sharedState: ['enslavism', 'scuttlebutt'],
	relay: ['enslavism', 'relay'],
} as const;

/** Where the service of stream servers is, and what its names are behind, unless the operator says otherwise. */
export const STREAMS_PREFIX = '/enslavism/streams';

/** Whether `value` can be the prefix of a service of stream servers: a path that no URL parser changes. */
export function isStreamsPrefix(value: unknown): value is string {
	return typeof value === 'string' && value.length <= LIMITS.serverPrefixLength && /^(\/[\w~-][\w.~-]*)+$/.test(value);
}
