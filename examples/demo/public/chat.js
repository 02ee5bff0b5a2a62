import { byId, make, tint } from './dom.js';

const MOST = 40;
/** How long a message is seen while nobody writes, in milliseconds. */
const SEEN_MS = 12_000;

/** The chat over the arena. */
export class Chat {
	#messages = byId('messages', HTMLOListElement);
	#text = byId('text', HTMLInputElement);
	#ended = new AbortController();

	/** @param {(text: string) => void} send @param {HTMLElement} surface what is played on */
	constructor(send, surface) {
		const { signal } = this.#ended;
		this.#messages.replaceChildren();
		this.#text.value = '';
		this.#text.placeholder = matchMedia('(pointer: coarse)').matches ? 'Message' : 'Enter to chat';
		const submitted = (/** @type {Event} */ event) => {
			event.preventDefault();
			const text = this.#text.value.trim();
			if (text !== '') send(text);
			this.#text.value = '';
			surface.focus();
		};
		byId('say').addEventListener('submit', submitted, { signal });
		const pressed = (/** @type {KeyboardEvent} */ event) => {
			if (event.target === this.#text && event.key === 'Escape') surface.focus();
			else if (event.target === surface && event.key === 'Enter') {
				event.preventDefault();
				this.#text.focus();
			}
		};
		addEventListener('keydown', pressed, { signal });
	}

	/** @param {{ name: string, hue: number }} player @param {string} text */
	said({ name, hue }, text) {
		const line = make('li', 'said');
		tint(line, hue);
		line.append(make('b', '', name), make('span', '', text));
		this.#add(line);
	}

	/** Something that happened. @param {{ name: string, hue: number }} player @param {string} what */
	happened({ name, hue }, what) {
		const line = make('li', 'happened');
		tint(line, hue);
		line.append(make('b', '', name), make('span', '', what));
		this.#add(line);
	}

	close() {
		this.#ended.abort();
	}

	/** @param {HTMLElement} line */
	#add(line) {
		this.#messages.append(line);
		while (this.#messages.childElementCount > MOST) this.#messages.firstElementChild?.remove();
		this.#messages.scrollTop = this.#messages.scrollHeight;
		setTimeout(() => line.classList.add('old'), SEEN_MS);
	}
}
