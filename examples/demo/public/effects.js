import { glow } from './sprites.js';

/** @typedef {{ x: number, y: number, vx: number, vy: number, size: number, hue: number, at: number, lasts: number }} Particle */

const MOST = 300;

/** Sparks that fly and rings that spread, for a moment. */
export class Effects {
	/** @type {Particle[]} */
	#particles = [];
	/** @type {{ x: number, y: number, hue: number, reach: number, at: number, lasts: number }[]} */
	#rings = [];
	#calm = matchMedia('(prefers-reduced-motion: reduce)').matches;

	/** @param {{ x: number, y: number }} place @param {number} hue @param {number} count */
	burst({ x, y }, hue, count) {
		const at = performance.now();
		this.#rings.push({ x, y, hue, reach: 30 + count * 2, at, lasts: 500 });
		if (this.#calm) return;
		for (let n = 0; n < count; n++) {
			const angle = Math.random() * 2 * Math.PI;
			const speed = 60 + Math.random() * 200;
			const [vx, vy] = [Math.cos(angle) * speed, Math.sin(angle) * speed];
			this.#particles.push({ x, y, vx, vy, hue, size: 10 + Math.random() * 14, at, lasts: 350 + Math.random() * 350 });
		}
		this.#particles.splice(0, this.#particles.length - MOST);
	}

	/** @param {CanvasRenderingContext2D} pen @param {number} now */
	draw(pen, now) {
		this.#particles = this.#particles.filter(({ at, lasts }) => now - at < lasts);
		this.#rings = this.#rings.filter(({ at, lasts }) => now - at < lasts);
		pen.globalCompositeOperation = 'lighter';
		for (const { x, y, vx, vy, size, hue, at, lasts } of this.#particles) {
			const age = Math.max(0, now - at) / lasts;
			// They slow down as they go.
			const way = ((1 - (1 - age) ** 2) * lasts) / 2000;
			pen.globalAlpha = 1 - age;
			pen.drawImage(glow(hue, 70), x + vx * way - size / 2, y + vy * way - size / 2, size, size);
		}
		for (const { x, y, hue, reach, at, lasts } of this.#rings) {
			const age = Math.max(0, now - at) / lasts;
			pen.globalAlpha = (1 - age) * 0.7;
			pen.strokeStyle = `hsl(${hue} 100% 70%)`;
			pen.lineWidth = 3 * (1 - age) + 0.5;
			pen.beginPath();
			pen.arc(x, y, reach * (1 - (1 - age) ** 3), 0, 2 * Math.PI);
			pen.stroke();
		}
		pen.globalAlpha = 1;
		pen.globalCompositeOperation = 'source-over';
	}
}
