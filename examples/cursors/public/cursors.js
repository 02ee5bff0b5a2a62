// The cursors of the others, and ink that fades: one's own and theirs.

/** How long, in milliseconds, ink is seen, and a cursor that does not move counts as awake. */
const INK_LASTS = 2500;
const AWAKE = 4000;

/** Pixels that a name may take beside its cursor. */
const LABEL = 110;

const ARROW = 'M4 2.5 20 12.6l-7.6 1.7L8.7 21.5z';

/**
 * @typedef {{ x: number, y: number, at: number }} Dot in pixels
 * @param {HTMLElement} layer
 * @param {HTMLCanvasElement} canvas
 */
export function showCursors(layer, canvas) {
	/** @type {Map<string, { element: HTMLElement, name: Element, timer: ReturnType<typeof setTimeout> | undefined }>} */
	const cursors = new Map();
	/** @type {Map<string, { hue: number, strokes: Dot[][], down: boolean }>} */
	const inks = new Map();
	let drawing = false;

	function make() {
		const element = document.createElement('div');
		element.className = 'cursor';
		const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
		svg.setAttribute('viewBox', '0 0 24 24');
		const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
		for (const [name, value] of [
			['d', ARROW],
			['fill', 'currentColor'],
			['stroke', '#fff'],
			['stroke-width', '1.5'],
		]) {
			path.setAttribute(String(name), String(value));
		}
		svg.append(path);
		const label = document.createElement('span');
		const name = document.createElement('i');
		label.append(name);
		element.append(svg, label);
		layer.append(element);
		return { element, name, timer: undefined };
	}

	/** @param {string} id @param {number} hue @param {import('./room.js').Place} place */
	function ink(id, hue, { x, y, down }) {
		const known = inks.get(id) ?? { hue, strokes: [], down: false };
		inks.set(id, known);
		if (down && !known.down) known.strokes.push([]);
		known.down = down;
		if (!down) return;
		known.strokes.at(-1)?.push({ x: x * innerWidth, y: y * innerHeight, at: performance.now() });
		if (!drawing) requestAnimationFrame(draw);
		drawing = true;
	}

	function draw() {
		const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
		const scale = devicePixelRatio;
		if (canvas.width !== Math.round(innerWidth * scale) || canvas.height !== Math.round(innerHeight * scale)) {
			canvas.width = Math.round(innerWidth * scale);
			canvas.height = Math.round(innerHeight * scale);
		}
		context.setTransform(scale, 0, 0, scale, 0, 0);
		context.clearRect(0, 0, innerWidth, innerHeight);
		const now = performance.now();
		let left = false;
		for (const [id, { hue, strokes, down }] of inks) {
			for (const stroke of strokes) {
				while (stroke[0] !== undefined && now - stroke[0].at > INK_LASTS) stroke.shift();
				drawStroke(context, stroke, hue, now);
			}
			const rest = strokes.filter((stroke, index) => stroke.length > 0 || (down && index === strokes.length - 1));
			strokes.splice(0, strokes.length, ...rest);
			if (rest.some((stroke) => stroke.length > 0)) left = true;
			else if (!down) inks.delete(id);
		}
		drawing = left;
		if (left) requestAnimationFrame(draw);
	}

	return {
		/** @param {string} id @param {import('./room.js').Me} me @param {import('./room.js').Place} place */
		move(id, me, place) {
			const cursor = cursors.get(id) ?? make();
			cursors.set(id, cursor);
			const { element, name } = cursor;
			element.style.setProperty('--x', String(place.x));
			element.style.setProperty('--y', String(place.y));
			element.style.setProperty('--hue', String(me.hue));
			element.classList.toggle('left', place.x * innerWidth > innerWidth - LABEL);
			element.classList.remove('idle');
			name.textContent = me.name;
			clearTimeout(cursor.timer);
			cursor.timer = setTimeout(() => element.classList.add('idle'), AWAKE);
			ink(id, me.hue, place);
		},
		/** One's own ink; one's own cursor is the system's. @param {import('./room.js').Me} me @param {import('./room.js').Place} place */
		mine: (me, place) => ink('', me.hue, place),
		/** @param {string} id */
		remove(id) {
			clearTimeout(cursors.get(id)?.timer);
			cursors.get(id)?.element.remove();
			cursors.delete(id);
			inks.delete(id);
		},
	};
}

/** @param {CanvasRenderingContext2D} context @param {Dot[]} stroke @param {number} hue @param {number} now */
function drawStroke(context, stroke, hue, now) {
	for (const [index, dot] of stroke.entries()) {
		const before = stroke[index - 1] ?? dot;
		const age = (now - dot.at) / INK_LASTS;
		context.strokeStyle = `hsl(${hue} 72% 42% / ${(0.9 * (1 - age)).toFixed(3)})`;
		context.lineWidth = 2 + 4 * (1 - age);
		context.beginPath();
		context.moveTo(before.x, before.y);
		context.lineTo(dot.x, dot.y);
		context.stroke();
	}
}
