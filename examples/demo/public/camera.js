import { ARENA } from './motion.js';

/** What is kept free for the things around the arena, in pixels. */
const INSETS = { top: 76, bottom: 80, left: 32, right: 32 };
/** The same in a window as narrow as a phone, where the scores have a line of their own. */
const NARROW_INSETS = { top: 116, bottom: 84, left: 20, right: 20 };
const NARROW = 600;
/** Smaller than this, in pixels a unit, nobody sees anything: then only a part of the arena is shown. */
const LEAST_SCALE = 0.55;
/** How fast the camera follows, per second. */
const FOLLOW = 6;

/** Which part of the arena is shown: all of it in a large window, what lies around the player in a small one. */
export class Camera {
	x = ARENA.width / 2;
	y = ARENA.height / 2;
	scale = 1;
	width = 0;
	height = 0;
	#following = false;

	/** @param {number} width @param {number} height of the window, in pixels */
	resize(width, height) {
		this.width = width;
		this.height = height;
		const { top, bottom, left, right } = this.#insets;
		const wide = (width - left - right) / ARENA.width;
		const high = (height - top - bottom) / ARENA.height;
		const whole = Math.min(wide, high);
		this.scale = whole >= LEAST_SCALE ? whole : Math.max(wide, high, LEAST_SCALE);
	}

	/** @param {{ x: number, y: number }} place @param {number} seconds since the last call */
	follow({ x, y }, seconds) {
		const part = this.#following ? 1 - Math.exp(-FOLLOW * seconds) : 1;
		this.#following = true;
		const { top, bottom, left, right } = this.#insets;
		this.x += (held(x, ARENA.width, this.width, left, right, this.scale) - this.x) * part;
		this.y += (held(y, ARENA.height, this.height, top, bottom, this.scale) - this.y) * part;
	}

	get #insets() {
		return this.width <= NARROW ? NARROW_INSETS : INSETS;
	}

	/** Draws in units of the arena from now on. @param {CanvasRenderingContext2D} pen @param {number} ratio */
	apply(pen, ratio) {
		const scale = this.scale * ratio;
		pen.setTransform(
			scale,
			0,
			0,
			scale,
			(this.width / 2 - this.x * this.scale) * ratio,
			(this.height / 2 - this.y * this.scale) * ratio,
		);
	}
}

/**
 * Where the middle of the window may be, on one axis, so that it shows no more beyond the walls than is kept free.
 *
 * @param {number} at @param {number} size of the arena, in units @param {number} window its size, in pixels
 * @param {number} before @param {number} after what is kept free, in pixels @param {number} scale
 */
function held(at, size, window, before, after, scale) {
	const low = (window / 2 - before) / scale;
	const high = size - (window / 2 - after) / scale;
	return low >= high ? (low + high) / 2 : Math.min(Math.max(at, low), high);
}
