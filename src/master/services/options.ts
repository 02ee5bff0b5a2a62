import { EnslavismError } from '../../wire/index.js';

/** The longest wait that a timer can have, in milliseconds, and enough for every count. */
const MOST = 2 ** 31 - 1;

/**
 * Checks the limits that somebody gave to a service.
 *
 * @throws EnslavismError `bad-option`
 */
export function checkLimits(given: object = {}, defaults: object): void {
	for (const [name, value] of Object.entries(given)) {
		if (!Object.hasOwn(defaults, name)) throw new EnslavismError('bad-option', `there is no limit called "${name}"`);
		if (!(Number.isInteger(value) && value >= 1 && value <= MOST)) {
			throw new EnslavismError('bad-option', `limits.${name} must be a whole number from 1 to ${MOST}`);
		}
	}
}
