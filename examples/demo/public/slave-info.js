/** @typedef {{ name: string, players: number, capacity: number, hue: number, full: boolean }} SlaveInfo */

/**
 * What a slave says of itself. Anybody who may register a slave chooses its user data, so nothing in it is taken for
 * granted.
 *
 * @param {{ userData: unknown }} slave
 * @returns {SlaveInfo}
 */
export function infoOf({ userData }) {
	const data = /** @type {Record<string, unknown>} */ (
		typeof userData === 'object' && userData !== null ? userData : {}
	);
	const players = count(data.players);
	const capacity = count(data.capacity);
	return {
		name: typeof data.name === 'string' && data.name !== '' ? data.name.slice(0, 24) : 'A slave',
		players,
		capacity,
		hue: count(data.hue) % 360,
		full: players >= capacity,
	};
}

/** @param {unknown} value */
function count(value) {
	return typeof value === 'number' && value >= 0 && value < 1e6 ? Math.trunc(value) : 0;
}
