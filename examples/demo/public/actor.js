/** @typedef {{ x: number, y: number, at: number }} TrailPoint */

/** How long a trail is, in milliseconds. */
export const TRAIL_MS = 650;
/** Further than this in one frame is not a movement, in units. */
const JUMP = 200;
const BUBBLE_MS = 5000;

/** A player as the page shows it. */
export class Actor {
	id;
	name;
	hue;
	score;
	born = performance.now();
	/** Whether the slave has said where it is. */
	placed = false;
	x = 0;
	y = 0;
	/** @type {TrailPoint[]} oldest first */
	trail = [];
	/** @type {{ text: string, until: number } | undefined} */
	bubble;

	/** @param {import('./protocol.js').PlayerInfo} info */
	constructor({ id, name, hue, score }) {
		this.id = id;
		this.name = name;
		this.hue = hue;
		this.score = score;
	}

	/** @param {{ x: number, y: number }} place @param {number} now */
	moveTo({ x, y }, now) {
		if (Math.hypot(x - this.x, y - this.y) > JUMP) this.trail.length = 0;
		this.placed = true;
		this.x = x;
		this.y = y;
		this.trail.push({ x, y, at: now });
		while ((this.trail[0]?.at ?? now) < now - TRAIL_MS) this.trail.shift();
	}

	/** @param {string} text @param {number} now */
	say(text, now) {
		this.bubble = { text, until: now + BUBBLE_MS };
	}
}
