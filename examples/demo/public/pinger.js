/** @typedef {import('./master-link.js').SlaveConnection} SlaveConnection */
import { infoOf } from './slave-info.js';

const INTERVAL = 2000;

/**
 * Measures the round-trip times of the slaves in the list, over WebRTC: what a game would get, not what the master
 * gets. Keeps a session with each slave while the list is shown.
 */
export class Pinger {
	/** @type {Map<SlaveConnection, (rtt: number | undefined) => void>} */
	#told = new Map();
	/** @type {ReturnType<typeof setTimeout> | undefined} */
	#timer;
	#running = false;

	/** @param {SlaveConnection} slave @param {(rtt: number | undefined) => void} tell */
	add(slave, tell) {
		this.#told.set(slave, tell);
		if (this.#running) void this.#measure(slave);
	}

	/** @param {SlaveConnection} slave */
	forget(slave) {
		this.#told.delete(slave);
		// Otherwise the session is a game's, which goes on as long as its slave does.
		if (this.#running) slave.close();
	}

	start() {
		if (this.#running) return;
		this.#running = true;
		this.#round();
	}

	/** Ends the measuring and its sessions. */
	stop() {
		this.#running = false;
		clearTimeout(this.#timer);
		for (const slave of this.#told.keys()) slave.close();
	}

	#round() {
		if (!document.hidden) for (const slave of this.#told.keys()) void this.#measure(slave);
		this.#timer = setTimeout(() => this.#round(), INTERVAL);
	}

	/** @param {SlaveConnection} slave */
	async #measure(slave) {
		// A full slave refuses; whoever came before it was full goes on measuring.
		if (slave.state === 'connecting' || (slave.state !== 'open' && infoOf(slave).full)) return;
		try {
			await slave.connect();
			const rtts = [await slave.rtt(), await slave.rtt()];
			if (this.#running) this.#told.get(slave)?.(Math.min(...rtts));
		} catch {
			if (this.#running) this.#told.get(slave)?.(undefined);
		}
	}
}
