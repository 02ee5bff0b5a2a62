import { byId, make } from './dom.js';

/** One file in a list, and what happens to it. */
export class Row {
	#size;
	#element = make('li', 'file');
	#note = make('div', 'note');
	#bar = make('progress');
	#button = make('button');
	/** @type {() => void} */
	#pressed = () => {};
	#bytes = 0;
	#began = 0;
	#isDue = false;

	/** @param {HTMLElement} list @param {string} name @param {number} size */
	constructor(list, name, size) {
		this.#size = size;
		const words = make('div', 'words');
		const title = make('div', 'name', name);
		title.title = name;
		this.#note.textContent = sizeText(size);
		words.append(title, this.#note);
		this.#bar.max = Math.max(size, 1);
		this.#bar.hidden = true;
		this.#bar.ariaLabel = name;
		this.#button.hidden = true;
		this.#button.type = 'button';
		this.#button.addEventListener('click', () => this.#pressed());
		this.#element.append(make('span', 'kind', kindOf(name)), words, this.#button, this.#bar);
		list.append(this.#element);
	}

	/** @param {string} words @param {() => void} pressed @param {string} [className] */
	button(words, pressed, className = '') {
		this.#button.hidden = false;
		this.#button.textContent = words;
		this.#button.className = className;
		this.#pressed = pressed;
	}

	/** Told as often as bytes pass; shown once a frame. @param {number} bytes */
	progress(bytes) {
		if (bytes === 0) {
			this.#began = performance.now();
			this.#element.dataset.state = 'busy';
			this.#bar.hidden = false;
		}
		this.#bytes = bytes;
		if (this.#isDue) return;
		this.#isDue = true;
		requestAnimationFrame(() => {
			this.#isDue = false;
			if (this.#element.dataset.state === 'busy') this.#show();
		});
	}

	/** @param {string} words */
	done(words) {
		this.#bytes = this.#size;
		this.#bar.value = this.#bar.max;
		this.#end('done', `${words} · ${sizeText(this.#size)} · ${this.#speed()}`);
	}

	/** @param {string} words */
	failed(words) {
		this.#end('failed', `${words} · ${sizeText(this.#bytes)} of ${sizeText(this.#size)}`);
	}

	remove() {
		this.#element.remove();
	}

	#show() {
		this.#bar.value = this.#bytes;
		const percent = this.#size === 0 ? 100 : Math.floor((this.#bytes / this.#size) * 100);
		this.#note.textContent = `${percent} % of ${sizeText(this.#size)} · ${this.#speed()}`;
	}

	/** @param {string} state @param {string} words */
	#end(state, words) {
		this.#element.dataset.state = state;
		this.#note.textContent = words;
		this.#button.hidden = true;
	}

	#speed() {
		const seconds = Math.max(0.001, (performance.now() - this.#began) / 1000);
		return `${sizeText(this.#bytes / seconds)}/s`;
	}
}

/** @param {string} words @param {'waiting' | 'ready' | 'failed'} state */
export function setStatus(words, state) {
	const status = byId('status');
	status.textContent = words;
	status.dataset.state = state;
}

/** @param {number} bytes */
function sizeText(bytes) {
	const units = ['B', 'kB', 'MB', 'GB'];
	let unit = 0;
	let size = bytes;
	for (; size >= 1000 && unit < units.length - 1; unit++) size /= 1000;
	return `${unit === 0 ? Math.round(size) : size.toFixed(size < 10 ? 1 : 0)} ${units[unit]}`;
}

/** What a name ends with, as far as it fits. @param {string} name */
function kindOf(name) {
	const at = name.lastIndexOf('.');
	return at > 0 ? name.slice(at + 1, at + 5) : 'file';
}
