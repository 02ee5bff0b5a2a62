import { make, tint } from './dom.js';
import { infoOf } from './slave-info.js';

/** @typedef {import('./master-link.js').SlaveConnection} SlaveConnection */

/** Slaves with more places than this show how full they are as one bar. */
const MOST_DOTS = 16;
/** Round trips above which they count as fair and as slow, in milliseconds. */
const FAIR = 60;
const SLOW = 150;

/** What can be done with a slave, by its availability. */
const ACTIONS = { ready: 'Join', unreachable: 'Away', draining: 'Closing', gone: 'Gone' };

/** A slave in the list, and the button that joins it. */
export class SlaveCard {
	element = make('li', 'slave');
	#slave;
	#button = make('button', 'slave-button');
	#name = make('strong', 'slave-name');
	#places = make('span', 'places');
	#players = make('span', 'players');
	#rtt = make('span', 'rtt', '– ms');
	#action = make('span', 'action', 'Join');

	/** @param {SlaveConnection} slave @param {(slave: SlaveConnection) => void} join */
	constructor(slave, join) {
		this.#slave = slave;
		this.element.dataset.slave = slave.id;
		this.#button.type = 'button';
		this.#button.addEventListener('click', () => join(slave));
		const facts = make('span', 'facts');
		facts.append(this.#players, this.#rtt);
		const middle = make('span', 'middle');
		middle.append(this.#name, facts, this.#places);
		this.#button.append(make('span', 'orb'), middle, this.#action);
		this.element.append(this.#button);
		this.update();
	}

	/** The list is sorted by it. */
	get name() {
		return infoOf(this.#slave).name;
	}

	/** Shows the slave's user data as it now is. */
	update() {
		const info = infoOf(this.#slave);
		tint(this.element, info.hue);
		this.element.classList.toggle('full', info.full);
		this.#name.textContent = info.name;
		this.#players.replaceChildren(`${info.players} / ${info.capacity}`, make('span', '', ' players'));
		this.#action.textContent = info.full ? 'Full' : ACTIONS[this.#slave.availability];
		this.#showPlaces(info);
	}

	/** @param {number | undefined} rtt in milliseconds */
	measured(rtt) {
		this.#rtt.textContent = rtt === undefined ? '– ms' : `${rtt < 10 ? rtt.toFixed(1) : Math.round(rtt)} ms`;
		this.#rtt.dataset.quality = rtt === undefined ? '' : rtt < FAIR ? 'good' : rtt < SLOW ? 'fair' : 'slow';
	}

	/** @param {boolean} busy */
	joining(busy) {
		this.element.classList.toggle('joining', busy);
		this.#button.setAttribute('aria-busy', String(busy));
		if (busy) this.#action.textContent = 'Joining';
		else this.update();
	}

	/** Fades the card out, and takes it out of the list. */
	remove() {
		this.element.classList.add('leaving');
		this.#button.disabled = true;
		setTimeout(() => this.element.remove(), 300);
	}

	/** @param {import('./slave-info.js').SlaveInfo} info */
	#showPlaces({ players, capacity }) {
		const dots = Math.min(capacity, MOST_DOTS);
		const taken = capacity === 0 ? 0 : Math.ceil((Math.min(players, capacity) / capacity) * dots);
		const places = Array.from({ length: dots }, (_, n) => make('i', n < taken ? 'taken' : ''));
		this.#places.replaceChildren(...places);
	}
}
