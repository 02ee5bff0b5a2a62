import { decodeSnapshot, encodeInputs, MOVES, TALK } from './protocol.js';

/** @typedef {import('./master-link.js').SlaveConnection} SlaveConnection */
/** @typedef {import('./protocol.js').SlaveSays} SlaveSays */
/** @typedef {Extract<SlaveSays, { t: 'welcome' }>} Welcome */
/** @typedef {import('./protocol.js').Snapshot} Snapshot */
/**
 * @typedef {object} SessionHandlers
 * @property {(message: SlaveSays) => void} said
 * @property {(snapshot: Snapshot, bytes: number) => void} moved
 * @property {(reason: string) => void} closed the slave ended it, or is gone
 */

/** A place in a slave's arena: the two channels of one session. */
export class Session {
	/** @type {SessionHandlers | undefined} */
	#handlers;
	#slave;
	#talk;
	#moves;
	/** @type {SlaveSays[]} what was said before there were handlers */
	#early = [];
	#closed = (/** @type {Error} */ error) => this.#handlers?.closed(error.message);

	/**
	 * Asks a slave for a place. Rejects with the slave's reason when there is none.
	 *
	 * @param {SlaveConnection} slave
	 * @param {{ name: string, hue: number }} profile
	 */
	static async open(slave, { name, hue }) {
		const [talk, moves] = await Promise.all([
			slave.createDataChannel(TALK.name, TALK.options),
			slave.createDataChannel(MOVES.name, MOVES.options),
		]);
		talk.send(JSON.stringify({ t: 'hello', name, hue }));
		const session = new Session(slave, talk, moves);
		return { session, welcome: await session.#welcomed() };
	}

	/**
	 * @param {SlaveConnection} slave
	 * @param {import('/enslavism/client.mjs').Channel} talk
	 * @param {import('/enslavism/client.mjs').Channel} moves
	 */
	constructor(slave, talk, moves) {
		this.#slave = slave;
		this.#talk = talk;
		this.#moves = moves;
	}

	/** Takes over what the slave says, from the welcome on. @param {SessionHandlers} handlers */
	listen(handlers) {
		this.#handlers = handlers;
		this.#slave.on('close', this.#closed);
		for (const message of this.#early.splice(0)) handlers.said(message);
		this.#moves.on('message', ({ data }) => {
			const snapshot = decodeSnapshot(data);
			if (snapshot !== undefined) handlers.moved(snapshot, data instanceof ArrayBuffer ? data.byteLength : 0);
		});
	}

	/** @param {string} text */
	chat(text) {
		if (this.#talk.readyState === 'open') this.#talk.send(JSON.stringify({ t: 'chat', text }));
	}

	/** @param {import('./protocol.js').Inputs} inputs @returns {number} bytes sent */
	move(inputs) {
		if (this.#moves.readyState !== 'open') return 0;
		const message = encodeInputs(inputs);
		this.#moves.send(message);
		return message.byteLength;
	}

	/** Round-trip time in milliseconds. */
	rtt() {
		return this.#slave.rtt();
	}

	close() {
		this.#slave.off('close', this.#closed);
		this.#slave.close('left');
	}

	/** @returns {Promise<Welcome>} */
	#welcomed() {
		return new Promise((resolve, reject) => {
			this.#slave.once('close', reject);
			this.#talk.on('message', ({ data }) => {
				const message = /** @type {SlaveSays} */ (JSON.parse(String(data)));
				if (message.t === 'welcome') {
					this.#slave.off('close', reject);
					resolve(message);
				} else if (this.#handlers === undefined) this.#early.push(message);
				else this.#handlers.said(message);
			});
		});
	}
}
