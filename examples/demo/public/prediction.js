import { move } from './motion.js';
import { INPUTS_PER_MESSAGE, TICK_MS, TICKS_PER_SECOND } from './protocol.js';

/** @typedef {import('./protocol.js').Body} Body */
/** @typedef {import('./protocol.js').Direction} Direction */

/** Inputs that the slave has not answered for; more than these, two seconds, are forgotten. */
const MOST_PENDING = 60;
/** How fast a wrong prediction is made good, per second, and from where on it is no use to hide it, in units. */
const FORGETTING = 10;
const HOPELESS = 250;

/**
 * The page's own player, ahead of the slave by the time that messages take: every input is obeyed at once, and again
 * on top of each snapshot that does not know it yet.
 */
export class Prediction {
	/** @type {Body | undefined} */
	#body;
	#before = { x: 0, y: 0 };
	#error = { x: 0, y: 0 };
	#number = 0;
	/** @type {Direction[]} the latest inputs, the last one numbered `#number` */
	#pending = [];
	#elapsed = 0;

	/**
	 * Lets time pass.
	 *
	 * @param {number} ms
	 * @param {Direction} direction where the player wants to go
	 * @param {(inputs: import('./protocol.js').Inputs) => void} send called once a tick
	 */
	advance(ms, direction, send) {
		this.#elapsed = Math.min(this.#elapsed + ms, 250);
		while (this.#elapsed >= TICK_MS) {
			this.#elapsed -= TICK_MS;
			this.#tick(direction);
			const latest = this.#pending.slice(-INPUTS_PER_MESSAGE);
			send({ first: this.#number - latest.length + 1, directions: latest });
		}
		const left = Math.exp((-FORGETTING * ms) / 1000);
		this.#error.x *= left;
		this.#error.y *= left;
	}

	/**
	 * The slave says where the player was.
	 *
	 * @param {Body} body @param {number} taken number of the last input in it
	 */
	correct(body, taken) {
		const shown = this.place;
		const waiting = Math.min(Math.max(this.#number - taken, 0), this.#pending.length);
		this.#body = { ...body };
		this.#before = { x: body.x - body.vx / TICKS_PER_SECOND, y: body.y - body.vy / TICKS_PER_SECOND };
		for (const direction of this.#pending.slice(this.#pending.length - waiting)) this.#move(direction);
		this.#error = { x: 0, y: 0 };
		const now = this.place;
		if (shown === undefined || now === undefined) return;
		const error = { x: shown.x - now.x, y: shown.y - now.y };
		if (Math.hypot(error.x, error.y) < HOPELESS) this.#error = error;
	}

	/** Where to show the player; `undefined` before the first snapshot. @returns {Body | undefined} */
	get place() {
		if (this.#body === undefined) return undefined;
		const part = this.#elapsed / TICK_MS;
		return {
			...this.#body,
			x: this.#before.x + (this.#body.x - this.#before.x) * part + this.#error.x,
			y: this.#before.y + (this.#body.y - this.#before.y) * part + this.#error.y,
		};
	}

	/** @param {Direction} direction */
	#tick(direction) {
		this.#number++;
		this.#pending.push(direction);
		this.#pending.splice(0, this.#pending.length - MOST_PENDING);
		this.#move(direction);
	}

	/** @param {Direction} direction */
	#move(direction) {
		if (this.#body === undefined) return;
		this.#before = { x: this.#body.x, y: this.#body.y };
		move(this.#body, direction);
	}
}
