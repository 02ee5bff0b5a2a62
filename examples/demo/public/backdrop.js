import { ARENA } from './motion.js';
import { glow } from './sprites.js';

const CELL = 100;
const CORNER = 36;

/** @typedef {{ x: number, y: number, depth: number, size: number, phase: number }} Star */

/** @type {Star[]} */
const STARS = Array.from({ length: 130 }, () => ({
	x: Math.random() * 2200 - 300,
	y: Math.random() * 1500 - 300,
	depth: 0.15 + Math.random() * 0.5,
	size: 1 + Math.random() * 1.9,
	phase: Math.random() * 7,
}));

/** What lies behind the players, in the colour of the slave. */
export class Backdrop {
	#hue;

	/** @param {number} hue */
	constructor(hue) {
		this.#hue = hue;
	}

	/** @param {CanvasRenderingContext2D} pen @param {import('./camera.js').Camera} camera @param {number} now */
	draw(pen, camera, now) {
		this.#floor(pen);
		this.#clouds(pen, now);
		this.#stars(pen, camera, now);
		this.#grid(pen);
		this.#walls(pen, now);
	}

	/** @param {CanvasRenderingContext2D} pen */
	#floor(pen) {
		const { width, height } = ARENA;
		const hue = this.#hue;
		const light = pen.createRadialGradient(width / 2, height / 2, 0, width / 2, height / 2, width * 0.62);
		light.addColorStop(0, `hsl(${hue} 52% 13.5%)`);
		light.addColorStop(0.5, `hsl(${hue} 42% 8%)`);
		light.addColorStop(1, 'hsl(230 45% 5.5%)');
		pen.fillStyle = light;
		pen.beginPath();
		pen.roundRect(0, 0, width, height, CORNER);
		pen.fill();
	}

	/** @param {CanvasRenderingContext2D} pen @param {number} now */
	#clouds(pen, now) {
		pen.globalCompositeOperation = 'lighter';
		pen.globalAlpha = 0.15;
		// Towards blue, on whichever side of it the colour lies: the way over green and yellow looks ill.
		const side = this.#hue < 100 || this.#hue > 250 ? -1 : 1;
		for (const [n, turn] of [18, 48, 85].entries()) {
			const size = 1050 + 150 * n;
			const x = ARENA.width * (0.2 + 0.3 * n) + 130 * Math.sin(now / 9000 + 2 * n) - size / 2;
			const y = ARENA.height * (0.75 - 0.28 * n) + 90 * Math.cos(now / 7000 + n) - size / 2;
			pen.drawImage(glow((this.#hue + side * turn + 360) % 360, 45), x, y, size, size);
		}
		pen.globalAlpha = 1;
		pen.globalCompositeOperation = 'source-over';
	}

	/** @param {CanvasRenderingContext2D} pen @param {import('./camera.js').Camera} camera @param {number} now */
	#stars(pen, camera, now) {
		pen.fillStyle = `hsl(${this.#hue} 60% 85%)`;
		for (const { x, y, depth, size, phase } of STARS) {
			pen.globalAlpha = depth * (0.55 + 0.45 * Math.sin(now / 900 + phase));
			const [far, low] = [(camera.x - ARENA.width / 2) * (1 - depth), (camera.y - ARENA.height / 2) * (1 - depth)];
			pen.fillRect(x + far, y + low, size, size);
		}
		pen.globalAlpha = 1;
	}

	/** @param {CanvasRenderingContext2D} pen */
	#grid(pen) {
		const { width, height } = ARENA;
		pen.strokeStyle = `hsl(${this.#hue} 80% 70% / 0.055)`;
		pen.lineWidth = 1;
		pen.beginPath();
		for (let x = CELL; x < width; x += CELL) {
			pen.moveTo(x, 0);
			pen.lineTo(x, height);
		}
		for (let y = CELL; y < height; y += CELL) {
			pen.moveTo(0, y);
			pen.lineTo(width, y);
		}
		pen.stroke();
		pen.fillStyle = `hsl(${this.#hue} 90% 75% / 0.22)`;
		for (let x = CELL; x < width; x += CELL) {
			for (let y = CELL; y < height; y += CELL) pen.fillRect(x - 1.25, y - 1.25, 2.5, 2.5);
		}
	}

	/** @param {CanvasRenderingContext2D} pen @param {number} now */
	#walls(pen, now) {
		const breath = 0.85 + 0.15 * Math.sin(now / 1400);
		pen.beginPath();
		pen.roundRect(0, 0, ARENA.width, ARENA.height, CORNER);
		for (const [width, alpha] of /** @type {const} */ ([
			[60, 0.03],
			[36, 0.05],
			[20, 0.08],
			[10, 0.16],
			[3, 0.95],
		])) {
			pen.strokeStyle = `hsl(${this.#hue} 95% 62% / ${alpha * breath})`;
			pen.lineWidth = width;
			pen.stroke();
		}
	}
}
