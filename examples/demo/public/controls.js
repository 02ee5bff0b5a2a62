import { direction } from './protocol.js';

/** @type {Record<string, [number, number]>} physical keys, so that WASD lies where it should on every keyboard */
const KEYS = {
	KeyW: [0, -1],
	KeyA: [-1, 0],
	KeyS: [0, 1],
	KeyD: [1, 0],
	ArrowUp: [0, -1],
	ArrowLeft: [-1, 0],
	ArrowDown: [0, 1],
	ArrowRight: [1, 0],
};

/** How far a finger is dragged for full speed, in pixels. */
export const STICK_RADIUS = 56;

/** What the player's hands want: keys, or a joystick that appears under the finger. */
export class Controls {
	/** @type {{ x: number, y: number, dx: number, dy: number } | undefined} where the joystick is, in pixels */
	stick;
	/** @type {Set<string>} */
	#down = new Set();
	/** @type {number | undefined} */
	#pointer;
	#surface;
	#ended = new AbortController();

	/** @param {HTMLElement} surface where fingers drag @param {() => void} used called when the player moves */
	constructor(surface, used) {
		this.#surface = surface;
		const { signal } = this.#ended;
		addEventListener('keydown', (event) => this.#pressed(event, used), { signal });
		addEventListener('keyup', ({ code }) => this.#down.delete(code), { signal });
		addEventListener('blur', () => this.#down.clear(), { signal });
		surface.addEventListener('pointerdown', (event) => this.#touched(event, used), { signal });
		surface.addEventListener('pointermove', (event) => this.#dragged(event), { signal });
		for (const end of /** @type {const} */ (['pointerup', 'pointercancel'])) {
			surface.addEventListener(end, (event) => this.#lifted(event), { signal });
		}
	}

	/** Where the player wants to go. */
	get direction() {
		if (this.stick !== undefined) return direction(this.stick.dx / STICK_RADIUS, this.stick.dy / STICK_RADIUS);
		let [x, y] = [0, 0];
		for (const code of this.#down) {
			x += KEYS[code]?.[0] ?? 0;
			y += KEYS[code]?.[1] ?? 0;
		}
		return direction(Math.sign(x), Math.sign(y));
	}

	close() {
		this.#ended.abort();
	}

	/** @param {KeyboardEvent} event @param {() => void} used */
	#pressed(event, used) {
		if (!(event.code in KEYS) || event.target instanceof HTMLInputElement) return;
		if (event.ctrlKey || event.metaKey || event.altKey) return;
		event.preventDefault();
		this.#down.add(event.code);
		used();
	}

	/** @param {PointerEvent} event @param {() => void} used */
	#touched(event, used) {
		this.#surface.focus({ preventScroll: true });
		if (this.#pointer !== undefined) return;
		this.#pointer = event.pointerId;
		this.#surface.setPointerCapture(event.pointerId);
		this.stick = { x: event.clientX, y: event.clientY, dx: 0, dy: 0 };
		used();
	}

	/** @param {PointerEvent} event */
	#dragged(event) {
		if (event.pointerId !== this.#pointer || this.stick === undefined) return;
		this.stick.dx = event.clientX - this.stick.x;
		this.stick.dy = event.clientY - this.stick.y;
	}

	/** @param {PointerEvent} event */
	#lifted(event) {
		if (event.pointerId !== this.#pointer) return;
		this.#pointer = undefined;
		this.stick = undefined;
	}
}
