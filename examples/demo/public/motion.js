/** How players move. The slave decides with it, and the page predicts its own player with it. */
import { TICKS_PER_SECOND } from './protocol.js';

/** Size of the arena and of what is in it, in units. */
export const ARENA = { width: 1600, height: 900 };
export const PLAYER_RADIUS = 18;
export const SPARK_RADIUS = 9;

/** Highest speed, in units a second. */
const SPEED = 460;
/** How much of the way to the wanted velocity a body goes in one tick. */
const GRIP = 0.22;
/** How much speed is left after a wall. */
const BOUNCE = -0.45;

/**
 * Moves a body by one tick.
 *
 * @param {import('./protocol.js').Body} body
 * @param {import('./protocol.js').Direction} direction
 */
export function move(body, { dx, dy }) {
	body.vx += (dx * SPEED - body.vx) * GRIP;
	body.vy += (dy * SPEED - body.vy) * GRIP;
	body.x += body.vx / TICKS_PER_SECOND;
	body.y += body.vy / TICKS_PER_SECOND;
	const x = within(body.x, ARENA.width);
	const y = within(body.y, ARENA.height);
	if (x !== body.x) body.vx *= BOUNCE;
	if (y !== body.y) body.vy *= BOUNCE;
	body.x = x;
	body.y = y;
}

/** @param {number} at @param {number} size */
function within(at, size) {
	return Math.min(Math.max(at, PLAYER_RADIUS), size - PLAYER_RADIUS);
}
