// The notes on the wall: shown, dragged, written on.

/** Pixels that the bars and a note itself take of the wall; the same as in wall.css. */
const ROOM = { width: 168, top: 64, height: 64 + 76 + 150 };
/** Places are told so often, in milliseconds. */
const TELL_EVERY = 50;

/**
 * @typedef {import('./room.js').Note} Note
 * @param {HTMLElement} layer
 * @param {{ put(id: string, note: Note): void, take(id: string): void, note(id: string): Note | undefined }} room
 */
export function showNotes(layer, room) {
	/** @type {Map<string, { element: HTMLElement, area: HTMLTextAreaElement, show(note: Note): void }>} */
	const shown = new Map();

	/** @param {string} id */
	function make(id) {
		const element = document.createElement('article');
		element.className = 'note';
		element.dataset.id = id;
		element.style.setProperty('--tilt', `${((hash(id) % 50) - 25) / 10}deg`);
		const remove = document.createElement('button');
		remove.type = 'button';
		remove.textContent = '×';
		remove.setAttribute('aria-label', 'Remove this note');
		remove.addEventListener('click', () => room.take(id));
		const area = document.createElement('textarea');
		area.placeholder = 'Write something';
		area.maxLength = 400;
		area.setAttribute('aria-label', 'Note');
		area.addEventListener('input', () => {
			const note = room.note(id);
			if (note !== undefined) room.put(id, { ...note, text: area.value });
		});
		element.append(remove, area);
		makeDraggable(element, id);
		layer.append(element);
		const show = (/** @type {Note} */ note) => {
			// The one who holds it moves it.
			if (!element.classList.contains('held')) place(element, note);
			element.style.setProperty('--hue', String(note.hue));
			if (area.value === note.text) return;
			// Whoever is writing keeps the caret.
			const at = area.selectionStart;
			area.value = note.text;
			if (document.activeElement === area) area.setSelectionRange(at, at);
		};
		const made = { element, area, show };
		shown.set(id, made);
		return made;
	}

	/** @param {HTMLElement} element @param {string} id */
	function makeDraggable(element, id) {
		element.addEventListener('pointerdown', (down) => {
			const inText = down.target instanceof HTMLTextAreaElement;
			const note = room.note(id);
			if (note === undefined || down.target instanceof HTMLButtonElement) return;
			// A finger or pointer that writes does not drag.
			if (inText && document.activeElement === down.target) return;
			let told = 0;
			let now = note;
			const from = [down.clientX, down.clientY];
			const move = (/** @type {PointerEvent} */ event) => {
				const [x, y] = [event.clientX - Number(from[0]), event.clientY - Number(from[1])];
				if (!element.classList.contains('held')) {
					if (Math.hypot(x, y) < 5) return;
					element.classList.add('held');
					element.setPointerCapture(down.pointerId);
				}
				now = { ...note, ...room.note(id), x: inside(note.x + x / width()), y: inside(note.y + y / height()) };
				place(element, now);
				if (event.timeStamp - told < TELL_EVERY) return;
				told = event.timeStamp;
				room.put(id, now);
			};
			const up = () => {
				element.removeEventListener('pointermove', move);
				element.removeEventListener('pointerup', up);
				element.removeEventListener('pointercancel', up);
				if (!element.classList.contains('held')) return;
				element.classList.remove('held');
				if (room.note(id) !== undefined) room.put(id, now);
			};
			element.addEventListener('pointermove', move);
			element.addEventListener('pointerup', up);
			element.addEventListener('pointercancel', up);
		});
	}

	const width = () => Math.max(1, layer.offsetWidth - ROOM.width);
	const height = () => Math.max(1, layer.offsetHeight - ROOM.height);

	return {
		/** @param {string} id @param {Note | undefined} note */
		show(id, note) {
			if (note !== undefined) (shown.get(id) ?? make(id)).show(note);
			else {
				shown.get(id)?.element.remove();
				shown.delete(id);
			}
		},
		/** Adds a note whose middle is there, in pixels, and lets one write on it. @param {number} x @param {number} y @param {number} hue */
		add(x, y, hue) {
			const id = crypto.getRandomValues(new Uint32Array(2)).join('-');
			room.put(id, {
				x: inside((x - ROOM.width / 2) / width()),
				y: inside((y - ROOM.top - 75) / height()),
				text: '',
				hue,
			});
			shown.get(id)?.area.focus();
		},
	};
}

const inside = (/** @type {number} */ part) => Math.min(1, Math.max(0, part));

/** @param {HTMLElement} element @param {Note} note */
function place(element, { x, y }) {
	element.style.setProperty('--x', String(x));
	element.style.setProperty('--y', String(y));
}

/** @param {string} text */
function hash(text) {
	let sum = 7;
	for (const letter of text) sum = (sum * 31 + letter.charCodeAt(0)) % 65_521;
	return sum;
}
