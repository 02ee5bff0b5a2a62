import { MasterConnection } from '/enslavism/client.mjs';

/** @typedef {import('/enslavism/client.mjs').SlaveConnection} SlaveConnection */
/**
 * @typedef {object} MasterLinkHandlers
 * @property {(slave: SlaveConnection) => void} added
 * @property {(slave: SlaveConnection) => void} updated
 * @property {(slave: SlaveConnection) => void} removed
 * @property {(state: 'connecting' | 'open' | 'lost') => void} state
 */

const PAUSE = 2000;

/** The page's link to its master. It comes back by itself; games that run need no master. */
export class MasterLink {
	#handlers;

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
		master.on('open', () => state('open'));
		master.on('disconnected', () => state('lost'));
		master.on('reconnected', () => state('open'));
		// It was never there, or does not want this page any more: a master that is started now may.
		master.on('close', () => {
			state('lost');
			setTimeout(() => this.#connect(), PAUSE);
		});
	}
}
