// The page: one person in front of one wall, whose name stands in the address behind the #.
import { showCursors } from './cursors.js';
import { showNotes } from './notes.js';
import { enter } from './room.js';

const NAMES = ['Otter', 'Heron', 'Lynx', 'Fox', 'Wren', 'Badger', 'Moth', 'Hare', 'Newt', 'Crane', 'Vole', 'Stoat'];
/** Cursors are told so often, in milliseconds. */
const POINT_EVERY = 33;
/** Faces shown; the rest is a number. */
const FACES = 6;

/** @template {HTMLElement} T @param {string} id @param {new () => T} kind */
function find(id, kind) {
	const element = document.getElementById(id);
	if (!(element instanceof kind)) throw new Error(`the page has no #${id}`);
	return element;
}

const wall = find('wall', HTMLElement);
const people = find('people', HTMLUListElement);
const status = find('status', HTMLParagraphElement);
const nameInput = find('name', HTMLInputElement);
const share = find('share', HTMLButtonElement);

const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
const me = { name: remembered() ?? String(NAMES[random % NAMES.length]), hue: ((random * 137.5) % 360) | 0 };
nameInput.value = me.name;
find('swatch', HTMLSpanElement).style.setProperty('--hue', String(me.hue));

const cursors = showCursors(find('cursors', HTMLDivElement), find('ink', HTMLCanvasElement));
const room = enter(decodeURIComponent(location.hash.slice(1)).slice(0, 200) || 'lobby', me, {
	note: (id, note) => notes.show(id, note),
	people: showPeople,
	cursor: cursors.move,
	left: cursors.remove,
	status: (state, text) => {
		status.dataset.state = state;
		status.textContent = text;
	},
});
const notes = showNotes(find('notes', HTMLDivElement), room);

/** @param {{ id: string, me: { name: string, hue: number }, path: string }[]} present */
function showPeople(present) {
	const faces = present.slice(0, FACES).map(({ id, me, path }) => {
		const face = document.createElement('li');
		face.className = 'person';
		face.dataset.id = id;
		face.dataset.path = path;
		face.style.setProperty('--hue', String(me.hue));
		face.textContent = [...me.name].slice(0, 2).join('');
		face.title = path === 'rtc' ? me.name : `${me.name} (${path === 'relay' ? 'through the master' : 'connecting'})`;
		return face;
	});
	if (present.length > FACES) {
		const more = document.createElement('li');
		more.className = 'person more';
		more.textContent = `+${present.length - FACES}`;
		faces.push(more);
	}
	people.replaceChildren(...faces);
}

// The pointer, or one finger.

/** @type {ReturnType<typeof setTimeout> | undefined} */
let telling;
let place = { x: 0, y: 0, down: false };
let finger = -1;
let isDown = false;

/** @param {PointerEvent} event @param {boolean} [now] */
function point(event, now = false) {
	place = { x: event.clientX / innerWidth, y: event.clientY / innerHeight, down: isDown };
	cursors.mine(me, place);
	if (now) tell();
	else telling ??= setTimeout(tell, POINT_EVERY);
}

/** Tells the others the newest place. */
function tell() {
	clearTimeout(telling);
	telling = undefined;
	room.point(place);
}

wall.addEventListener('pointerdown', (event) => {
	if (event.target !== wall || event.button !== 0 || isDown) return;
	if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
	finger = event.pointerId;
	isDown = true;
	wall.setPointerCapture(finger);
	point(event, true);
});
addEventListener('pointermove', (event) => {
	if (!isDown || event.pointerId === finger) point(event);
});
for (const type of /** @type {const} */ (['pointerup', 'pointercancel'])) {
	addEventListener(type, (event) => {
		if (!isDown || event.pointerId !== finger) return;
		isDown = false;
		point(event, true);
	});
}
wall.addEventListener('dblclick', (event) => {
	if (event.target === wall) notes.add(event.clientX, event.clientY, noteHue());
});

// The bar.

find('add', HTMLButtonElement).addEventListener('click', () => {
	const spread = () => 0.18 + Math.random() * 0.64;
	notes.add(innerWidth * spread(), innerHeight * spread(), noteHue());
});
nameInput.addEventListener('input', () => {
	me.name = nameInput.value.trim() || 'somebody';
	try {
		localStorage.setItem('name', me.name);
	} catch {
		// A browser that remembers nothing.
	}
	room.rename(me);
});
nameInput.addEventListener('keydown', (event) => {
	if (event.key === 'Enter') nameInput.blur();
});
share.addEventListener('click', async () => {
	const before = share.textContent;
	try {
		// Only on pages that came safely; on others people copy the address themselves.
		await navigator.clipboard.writeText(location.href);
		share.textContent = 'Copied';
	} catch {
		share.textContent = location.host;
	}
	setTimeout(() => {
		share.textContent = before;
	}, 2000);
});
addEventListener('hashchange', () => location.reload());

/** Paper of a colour near one's own. */
function noteHue() {
	return [48, 330, 190, 105, 265][Math.floor(me.hue / 72)] ?? 48;
}

function remembered() {
	try {
		return localStorage.getItem('name') ?? undefined;
	} catch {
		return undefined;
	}
}
