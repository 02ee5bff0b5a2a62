import { TRAIL_MS } from './actor.js';
import { Backdrop } from './backdrop.js';
import { Camera } from './camera.js';
import { STICK_RADIUS } from './controls.js';
import { Effects } from './effects.js';
import { PLAYER_RADIUS, SPARK_RADIUS } from './motion.js';
import { glow, penOf } from './sprites.js';

/** @typedef {import('./actor.js').Actor} Actor */
/** @typedef {import('./protocol.js').Place} Place */

const SPARK_HUE = 46;
const TRAIL_LAYERS = 24;
const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
/** Sharper than this costs more than it shows. */
const MOST_RATIO = 2;

/** Draws the arena. */
export class Scene {
	effects = new Effects();
	#canvas;
	#pen;
	#camera = new Camera();
	#backdrop;
	#ratio = 1;
	#drawn = performance.now();

	/** @param {HTMLCanvasElement} canvas @param {number} hue colour of the slave */
	constructor(canvas, hue) {
		this.#canvas = canvas;
		this.#pen = penOf(canvas);
		this.#backdrop = new Backdrop(hue);
	}

	/**
	 * @param {number} now
	 * @param {{ actors: Iterable<Actor>, own: Actor | undefined, sparks: Place[], stick: import('./controls.js').Controls['stick'] }} shown
	 */
	draw(now, { actors, own, sparks, stick }) {
		const pen = this.#pen;
		this.#fit();
		if (own?.placed) this.#camera.follow(own, (now - this.#drawn) / 1000);
		this.#drawn = now;
		pen.setTransform(1, 0, 0, 1, 0, 0);
		pen.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
		this.#camera.apply(pen, this.#ratio);
		this.#backdrop.draw(pen, this.#camera, now);
		for (const [n, spark] of sparks.entries()) drawSpark(pen, spark, now / 500 + n);
		const placed = [...actors].filter((actor) => actor.placed);
		for (const actor of placed) drawTrail(pen, actor, now);
		for (const actor of placed) drawActor(pen, actor, actor === own, now);
		this.effects.draw(pen, now);
		for (const actor of placed) this.#label(actor, actor === own, now);
		if (stick !== undefined) this.#stick(stick);
	}

	/** Keeps the canvas as large as it is shown. */
	#fit() {
		const { clientWidth, clientHeight } = this.#canvas;
		const ratio = Math.min(devicePixelRatio, MOST_RATIO);
		const [width, height] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
		if (this.#camera.width === clientWidth && this.#camera.height === clientHeight && this.#canvas.width === width)
			return;
		this.#canvas.width = width;
		this.#canvas.height = height;
		this.#ratio = ratio;
		this.#camera.resize(clientWidth, clientHeight);
	}

	/** @param {Actor} actor @param {boolean} own @param {number} now */
	#label({ x, y, name, hue, bubble }, own, now) {
		const pen = this.#pen;
		// As large on a phone as on a large screen.
		const unit = 1 / Math.max(this.#camera.scale, 0.5);
		pen.font = `600 ${12.5 * unit}px ${FONT}`;
		pen.textAlign = 'center';
		pen.textBaseline = 'middle';
		pen.fillStyle = own ? '#fff' : `hsl(${hue} 90% 86% / 0.9)`;
		pen.fillText(name, x, y + PLAYER_RADIUS + 17 * unit);
		if (bubble === undefined || bubble.until < now) return;
		pen.globalAlpha = Math.min(1, (bubble.until - now) / 400);
		const text = bubble.text.length > 36 ? `${bubble.text.slice(0, 35)}…` : bubble.text;
		const width = pen.measureText(text).width + 22 * unit;
		const top = y - PLAYER_RADIUS - 42 * unit;
		pen.fillStyle = 'rgb(9 13 26 / 0.82)';
		pen.strokeStyle = `hsl(${hue} 90% 65% / 0.7)`;
		pen.lineWidth = unit;
		pen.beginPath();
		pen.roundRect(x - width / 2, top, width, 27 * unit, 13.5 * unit);
		pen.fill();
		pen.stroke();
		pen.fillStyle = '#eef2ff';
		pen.fillText(text, x, top + 14 * unit);
		pen.globalAlpha = 1;
	}

	/** @param {NonNullable<import('./controls.js').Controls['stick']>} stick */
	#stick({ x, y, dx, dy }) {
		const pen = this.#pen;
		const shrink = Math.min(1, STICK_RADIUS / Math.max(1, Math.hypot(dx, dy)));
		pen.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0);
		pen.fillStyle = 'rgb(255 255 255 / 0.05)';
		pen.strokeStyle = 'rgb(255 255 255 / 0.28)';
		pen.lineWidth = 1.5;
		pen.beginPath();
		pen.arc(x, y, STICK_RADIUS, 0, 2 * Math.PI);
		pen.fill();
		pen.stroke();
		pen.fillStyle = 'rgb(255 255 255 / 0.75)';
		pen.beginPath();
		pen.arc(x + dx * shrink, y + dy * shrink, 22, 0, 2 * Math.PI);
		pen.fill();
	}
}

/** @param {CanvasRenderingContext2D} pen @param {Place} place @param {number} phase */
function drawSpark(pen, { x, y }, phase) {
	const size = SPARK_RADIUS * (1 + 0.14 * Math.sin(phase * 2));
	const halo = size * 7;
	pen.globalCompositeOperation = 'lighter';
	pen.globalAlpha = 0.75;
	pen.drawImage(glow(SPARK_HUE), x - halo / 2, y - halo / 2, halo, halo);
	pen.globalAlpha = 1;
	pen.globalCompositeOperation = 'source-over';
	pen.save();
	pen.translate(x, y);
	pen.rotate(phase / 3);
	pen.fillStyle = `hsl(${SPARK_HUE} 100% 78%)`;
	pen.beginPath();
	for (let n = 0; n < 8; n++) {
		const reach = n % 2 === 0 ? size : size * 0.38;
		pen.lineTo(Math.cos((n * Math.PI) / 4) * reach, Math.sin((n * Math.PI) / 4) * reach);
	}
	pen.fill();
	pen.restore();
}

/** @param {CanvasRenderingContext2D} pen @param {Actor} actor @param {number} now */
function drawTrail(pen, { trail, hue }, now) {
	pen.globalCompositeOperation = 'lighter';
	pen.lineCap = 'round';
	pen.lineJoin = 'round';
	pen.strokeStyle = `hsl(${hue} 100% 56% / ${1.15 / TRAIL_LAYERS})`;
	// Whole paths over one another, each shorter and wider: joints of single strokes would show.
	for (let layer = 1; layer <= TRAIL_LAYERS; layer++) {
		const part = layer / TRAIL_LAYERS;
		const oldest = now - TRAIL_MS * (1 - (part - 1 / TRAIL_LAYERS) ** 1.2);
		pen.lineWidth = 1.5 + PLAYER_RADIUS * 1.45 * part ** 1.3;
		pen.beginPath();
		trace(pen, trail, oldest);
		pen.stroke();
	}
	pen.globalCompositeOperation = 'source-over';
}

/** The path since `oldest`, which lies between two points. @param {CanvasRenderingContext2D} pen @param {Actor['trail']} trail @param {number} oldest */
function trace(pen, trail, oldest) {
	const first = trail.findIndex(({ at }) => at >= oldest);
	const [before, after] = [trail[first - 1], trail[first]];
	if (after === undefined) return;
	if (before !== undefined) {
		const part = (oldest - before.at) / (after.at - before.at);
		pen.moveTo(before.x + (after.x - before.x) * part, before.y + (after.y - before.y) * part);
	}
	for (const { x, y } of trail.slice(first)) pen.lineTo(x, y);
}

/** @param {CanvasRenderingContext2D} pen @param {Actor} actor @param {boolean} own @param {number} now */
function drawActor(pen, { x, y, hue, born }, own, now) {
	// A newcomer grows.
	const grown = 1 - (1 - Math.min(1, Math.max(0, now - born) / 450)) ** 3;
	const radius = PLAYER_RADIUS * grown;
	const halo = radius * 6.4;
	const floor = radius * 20;
	pen.globalCompositeOperation = 'lighter';
	pen.globalAlpha = 0.16;
	pen.drawImage(glow(hue, 50), x - floor / 2, y - floor / 2, floor, floor);
	pen.globalAlpha = 1;
	pen.drawImage(glow(hue), x - halo / 2, y - halo / 2, halo, halo);
	pen.globalCompositeOperation = 'source-over';
	const ball = pen.createRadialGradient(x - radius * 0.35, y - radius * 0.4, 0, x, y, radius);
	ball.addColorStop(0, `hsl(${hue} 100% 92%)`);
	ball.addColorStop(0.45, `hsl(${hue} 95% 66%)`);
	ball.addColorStop(1, `hsl(${hue} 85% 42%)`);
	pen.fillStyle = ball;
	pen.beginPath();
	pen.arc(x, y, radius, 0, 2 * Math.PI);
	pen.fill();
	if (!own) return;
	pen.strokeStyle = 'rgb(255 255 255 / 0.9)';
	pen.lineWidth = 2;
	pen.beginPath();
	pen.arc(x, y, radius + 6 + Math.sin(now / 350), 0, 2 * Math.PI);
	pen.stroke();
}
