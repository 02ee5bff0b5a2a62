import type { WebSocket } from 'ws';

/** A socket that is asked for signs of life. */
export interface Watched {
	readonly socket: WebSocket;
	/** Whether anything came since it was last asked. `true` at first; its owner sets it at each message. */
	heard: boolean;
}

/** In how many parts the sockets are asked: a ping to ten thousand at once would hold everybody up. */
const PARTS = 16;

/**
 * Cuts sockets whose other end is gone without a word: a laptop that was closed, a cable that was pulled. Each is
 * pinged once in `silence` milliseconds and must have said something by the next time. One that takes in what waits
 * for it is alive too, and one that is paused on purpose is not asked.
 */
export class Liveness {
	/** The sockets, with what waited for each when it was last asked. */
	readonly #parts: Map<Watched, number>[] = Array.from({ length: PARTS }, () => new Map());
	readonly #timer: NodeJS.Timeout;
	#turn = 0;
	#next = 0;

	/** @param silence in milliseconds */
	constructor(silence: number) {
		this.#timer = setInterval(() => this.#ask(), silence / PARTS);
		this.#timer.unref();
	}

	/** Watches a socket until it is closed. */
	watch(watched: Watched): void {
		const part = this.#parts[this.#next++ % PARTS];
		part?.set(watched, 0);
		watched.socket.on('pong', () => {
			watched.heard = true;
		});
		watched.socket.once('close', () => part?.delete(watched));
	}

	close(): void {
		clearInterval(this.#timer);
	}

	#ask(): void {
		const part = this.#parts[this.#turn++ % PARTS];
		for (const [watched, waited] of part ?? []) {
			const { socket } = watched;
			if (socket.isPaused) continue;
			if (!watched.heard && socket.bufferedAmount >= waited) {
				socket.terminate();
				continue;
			}
			watched.heard = false;
			part?.set(watched, socket.bufferedAmount);
			socket.ping();
		}
	}
}
