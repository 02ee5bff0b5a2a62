import { byId, make, tint } from './dom.js';
import { NAME_LENGTH } from './protocol.js';

const HUES = [190, 160, 95, 48, 20, 345, 295, 235];
const KEY = 'enslavism-demo-profile';

/** Who plays: a name and a colour, kept for the next visit. */
export class Profile {
	#name = byId('name', HTMLInputElement);
	#hue = HUES[Math.floor(Math.random() * HUES.length)] ?? 190;

	constructor() {
		const kept = load();
		if (typeof kept.name === 'string') this.#name.value = kept.name.slice(0, NAME_LENGTH);
		if (HUES.includes(kept.hue)) this.#hue = kept.hue;
		this.#name.addEventListener('input', () => this.#save());
		this.#offerColours();
	}

	get name() {
		return this.#name.value.trim() || 'Guest';
	}

	get hue() {
		return this.#hue;
	}

	#offerColours() {
		const colours = byId('colours');
		for (const hue of HUES) {
			const swatch = make('label', 'swatch');
			const radio = make('input');
			radio.type = 'radio';
			radio.name = 'colour';
			radio.checked = hue === this.#hue;
			radio.setAttribute('aria-label', `Colour ${HUES.indexOf(hue) + 1}`);
			radio.addEventListener('change', () => {
				this.#hue = hue;
				this.#save();
			});
			tint(swatch, hue);
			swatch.append(radio);
			colours.append(swatch);
		}
	}

	#save() {
		try {
			localStorage.setItem(KEY, JSON.stringify({ name: this.#name.value, hue: this.#hue }));
		} catch {
			// Storage is off: the profile lasts as long as the page.
		}
	}
}

function load() {
	try {
		return JSON.parse(localStorage.getItem(KEY) ?? '{}') ?? {};
	} catch {
		return {};
	}
}
