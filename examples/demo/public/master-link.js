import { MasterConnection } from '/enslavism/client.mjs';

/** @typedef {import('/enslavism/client.mjs').SlaveConnection} SlaveConnection */
/**
 * @typedef {object} MasterLinkHandlers
 * @property {(slave: SlaveConnection) => void} added
 * @property {(slave: SlaveConnection) => void} updated
 * @property {(slave: SlaveConnection) => void} removed
 * @property {(state: 'connecting' | 'open' | 'lost') => void} state
 */

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 8000;

/** The page's link to its master, made again whenever it is lost. Games that run need no master. */
export class MasterLink {
	#handlers;
	#pause = FIRST_PAUSE;

	/** @param {MasterLinkHandlers} handlers */
	constructor(handlers) {
		this.#handlers = handlers;
		handlers.state('connecting');
		this.#connect();
	}

	#connect() {
		const { added, updated, removed, state } = this.#handlers;
		const master = new MasterConnection();
		master.on('slaveadded', added);
		master.on('slaveupdated', updated);
		master.on('slaveremoved', removed);
		master.on('open', () => {
			this.#pause = FIRST_PAUSE;
			state('open');
		});
		master.on('close', () => {
			state('lost');
			setTimeout(() => this.#connect(), this.#pause);
			this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
		});
	}
}
