/** @type {Map<string, HTMLCanvasElement>} */
const made = new Map();
const SIZE = 128;

/**
 * A round glow, drawn once for each colour: a shadow that is blurred anew in every frame is what makes canvases slow.
 *
 * @param {number} hue @param {number} [lightness] in per cent
 */
export function glow(hue, lightness = 60) {
	const key = `${hue} ${lightness}`;
	let sprite = made.get(key);
	if (sprite === undefined) {
		sprite = drawGlow(hue, lightness);
		made.set(key, sprite);
	}
	return sprite;
}

/** @param {number} hue @param {number} lightness */
function drawGlow(hue, lightness) {
	const sprite = document.createElement('canvas');
	sprite.width = sprite.height = SIZE;
	const pen = penOf(sprite);
	const fill = pen.createRadialGradient(SIZE / 2, SIZE / 2, 0, SIZE / 2, SIZE / 2, SIZE / 2);
	fill.addColorStop(0, `hsl(${hue} 100% ${lightness}% / 0.85)`);
	fill.addColorStop(0.25, `hsl(${hue} 100% ${lightness}% / 0.35)`);
	fill.addColorStop(0.6, `hsl(${hue} 100% ${lightness}% / 0.08)`);
	fill.addColorStop(1, `hsl(${hue} 100% ${lightness}% / 0)`);
	pen.fillStyle = fill;
	pen.fillRect(0, 0, SIZE, SIZE);
	return sprite;
}

/** @param {HTMLCanvasElement} canvas @returns {CanvasRenderingContext2D} */
export function penOf(canvas) {
	const pen = canvas.getContext('2d');
	if (pen === null) throw new Error('This browser cannot draw');
	return pen;
}
