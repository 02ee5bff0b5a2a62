import { EnslavismError } from '../wire/index.js';
import * as WAITS from '../wire/waits.js';
import { DEFAULT_LIMITS } from './limits.js';
import type { MasterOptions } from './master.js';
import { DEFAULT_RELAY } from './relay.js';

/** Shortest secret: as many characters as an id of 96 random bits has in base64url. */
const SECRET_LENGTH = 16;

/**
 * Checks what a master is made with.
 *
 * @throws EnslavismError `bad-option`
 */
export function checkOptions(where: unknown, options: { [Name in keyof MasterOptions]: unknown }): void {
	const { tick, grace, heartbeat, secret, origins, trustProxy, limits, relay } = options;
	const isPort = typeof where === 'number' && Number.isInteger(where) && where >= 0 && where <= 65_535;
	const isServer = typeof where === 'object' && where !== null && 'listen' in where && 'emit' in where;
	check(isPort || isServer, 'a master takes a port (0 to 65535), an http.Server or an https.Server');
	check(isWithin(tick, 1, 1000), 'tick must be from 1 to 1000 milliseconds');
	check(isWithin(grace, 0, 600_000), 'grace must be from 0 to 600000 milliseconds');
	check(
		isWithin(heartbeat, 10, WAITS.heartbeatMost),
		`heartbeat must be from 10 to ${WAITS.heartbeatMost} milliseconds`,
	);
	const isSecret = typeof secret === 'string' && secret.length >= SECRET_LENGTH;
	check(secret === undefined || isSecret, `secret must be a string of at least ${SECRET_LENGTH} characters`);
	const isList = Array.isArray(origins) && origins.every((each) => typeof each === 'string');
	const known = origins === undefined || origins === '*' || typeof origins === 'function';
	check(known || isList, "origins must be '*', a list of origins or a function");
	const isCount = typeof trustProxy === 'boolean' || typeof trustProxy === 'function' || isWithin(trustProxy, 0, 100);
	check(isCount, 'trustProxy must be true, a number of proxies or a function');
	const meters = relay === false ? {} : (relay ?? {});
	check(typeof meters === 'object' && relay !== null, 'relay must be false, or limits in bytes per second');
	for (const [name, value] of Object.entries(meters)) {
		check(Object.hasOwn(DEFAULT_RELAY, name), `relay has no limit called "${name}"`);
		check(typeof value === 'number' && value > 0, `relay.${name} must be a number above 0`);
	}
	for (const [name, value] of Object.entries(limits ?? {})) {
		check(Object.hasOwn(DEFAULT_LIMITS, name), `there is no limit called "${name}"`);
		check(typeof value === 'number' && value >= 0, `limits.${name} must be a number from 0 on`);
	}
}

/** Whether an option is left out, or a number within bounds. */
function isWithin(value: unknown, least: number, most: number): boolean {
	return value === undefined || (typeof value === 'number' && value >= least && value <= most);
}

function check(holds: boolean, problem: string): void {
	if (!holds) throw new EnslavismError('bad-option', problem);
}
