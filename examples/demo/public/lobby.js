import { byId } from './dom.js';
import { MasterLink } from './master-link.js';
import { Pinger } from './pinger.js';
import { SlaveCard } from './slave-card.js';

/** @typedef {import('./master-link.js').SlaveConnection} SlaveConnection */

const STATES = { connecting: 'Connecting…', open: 'live', lost: 'Master lost, trying again…' };

/** The live list of slaves. */
export class Lobby {
	#view = byId('lobby');
	#list = byId('slaves', HTMLUListElement);
	#notice = byId('notice');
	/** @type {Map<SlaveConnection, SlaveCard>} */
	#cards = new Map();
	#pinger = new Pinger();
	#join;

	/** @param {(slave: SlaveConnection) => Promise<void>} join resolves when the game runs, rejects when there is none */
	constructor(join) {
		this.#join = join;
		new MasterLink({
			added: (slave) => this.#added(slave),
			updated: (slave) => this.#cards.get(slave)?.update(),
			removed: (slave) => this.#removed(slave),
			state: (state) => this.#showState(state),
		});
		this.#pinger.start();
	}

	/** Shows the list. @param {string} [notice] why the player is back */
	show(notice = '') {
		this.#view.hidden = false;
		this.#say(notice);
		this.#pinger.start();
	}

	/** @param {SlaveConnection} slave */
	#added(slave) {
		const card = new SlaveCard(slave, () => this.#clicked(slave, card));
		const cards = [...this.#cards.values()].sort((a, b) => a.name.localeCompare(b.name));
		const next = cards.find(({ name }) => name.localeCompare(card.name) > 0);
		this.#list.insertBefore(card.element, next?.element ?? null);
		this.#cards.set(slave, card);
		this.#pinger.add(slave, (rtt) => card.measured(rtt));
		this.#showWhetherEmpty();
	}

	/** @param {SlaveConnection} slave */
	#removed(slave) {
		this.#cards.get(slave)?.remove();
		this.#cards.delete(slave);
		this.#pinger.forget(slave);
		this.#showWhetherEmpty();
	}

	/** @param {SlaveConnection} slave @param {SlaveCard} card */
	async #clicked(slave, card) {
		if (this.#list.querySelector('.joining') !== null) return;
		this.#say('');
		// A session was opened to measure only: joining is an offer of its own, which the slave accepts or refuses.
		this.#pinger.stop();
		card.joining(true);
		try {
			await this.#join(slave);
			this.#view.hidden = true;
		} catch (error) {
			this.show(error instanceof Error ? error.message : String(error));
		} finally {
			card.joining(false);
		}
	}

	/** @param {keyof typeof STATES} state */
	#showState(state) {
		const shown = byId('master-state');
		shown.textContent = STATES[state];
		shown.dataset.state = state;
		this.#showWhetherEmpty(state);
	}

	#showWhetherEmpty(state = byId('master-state').dataset.state) {
		byId('nobody').hidden = this.#cards.size > 0 || state !== 'open';
	}

	/** @param {string} notice */
	#say(notice) {
		this.#notice.textContent = notice;
		this.#notice.hidden = notice === '';
	}
}
