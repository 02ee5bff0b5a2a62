import { byId, make, tint } from './dom.js';

const MOST_SCORES = 3;

/** What is shown around the arena: where one plays, how the network does, who leads. */
export class Hud {
	#players = byId('place-players');
	#stats = byId('stats');
	#scores = byId('scores', HTMLOListElement);
	#stall = byId('stall');
	/** @type {Map<string, HTMLElement>} */
	#values = new Map();

	/** @param {import('./slave-info.js').SlaveInfo} info */
	constructor(info) {
		byId('place-name').textContent = info.name;
		this.#stats.replaceChildren();
		for (const name of ['ping', 'in', 'out', 'data', 'lost']) {
			const value = make('dd', '', '–');
			const group = make('div', `stat ${name}`);
			group.append(make('dt', '', name), value);
			this.#stats.append(group);
			this.#values.set(name, value);
		}
		this.stalled(false);
	}

	/** @param {number | undefined} rtt @param {import('./traffic.js').Rates} rates */
	network(rtt, { received, sent, bytes, lost }) {
		this.#set('ping', rtt === undefined ? '–' : `${rtt < 10 ? rtt.toFixed(1) : Math.round(rtt)} ms`);
		this.#set('in', `${Math.round(received)}/s`);
		this.#set('out', `${Math.round(sent)}/s`);
		this.#set('data', `${(bytes / 1000).toFixed(1)} kB/s`);
		this.#set('lost', `${Math.round(lost * 100)} %`);
	}

	/** @param {import('./actor.js').Actor[]} actors @param {number} you @param {number} capacity */
	scores(actors, you, capacity) {
		this.#players.textContent = `${actors.length} / ${capacity}`;
		const ranked = actors.sort((a, b) => b.score - a.score || a.id - b.id);
		// The best, and the player, who may be far from it.
		const shown = ranked.filter(({ id }, n) => n < MOST_SCORES - 1 || id === you);
		const third = ranked.find((actor) => !shown.includes(actor));
		if (shown.length < MOST_SCORES && third !== undefined) shown.push(third);
		this.#scores.replaceChildren(
			...shown.map(({ id, name, hue, score }) => {
				const line = make('li', id === you ? 'you' : '');
				tint(line, hue);
				line.append(make('i'), make('span', '', name), make('b', '', String(score)));
				return line;
			}),
		);
	}

	/** @param {boolean} stalled whether the slave has been silent for a while */
	stalled(stalled) {
		this.#stall.hidden = !stalled;
	}

	/** @param {string} name @param {string} value */
	#set(name, value) {
		const element = this.#values.get(name);
		if (element !== undefined) element.textContent = value;
	}
}
