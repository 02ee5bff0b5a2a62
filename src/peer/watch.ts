import { Timer } from './timer.js';

/** How often it is looked, in milliseconds: once a round trip, within these. */
const LEAST_MS = 250;
const MOST_MS = 1000;

/** Looks in a row that find nothing until the path counts as silent: SCTP sends again within about a second what was lost. */
const LOOKS = 6;

/**
 * Watches whether anything is heard over a path, as long as something waits for an acknowledgement; nothing runs
 * otherwise. It counts looks rather than time, so that a host that slept, or had much to do, has not heard nothing.
 */
export class Watch {
	/** Whether anything was heard since the last look. */
	heard = false;
	readonly #waiting: () => boolean;
	readonly #ask: () => void;
	readonly #silent: () => boolean;
	readonly #timer = new Timer();
	#quiet = 0;
	/** When the other end was asked, if it has not answered. */
	#asked: number | undefined;
	/** The shortest round trip that was measured; 0 before. */
	#rtt = 0;

	/**
	 * @param waiting whether the other end owes an acknowledgement over the path
	 * @param ask asks the other end over the path; {@link answered} is to be called when it answers
	 * @param silent nothing has been heard for too long; tells whether that is the end of it, otherwise it is told again
	 */
	constructor(waiting: () => boolean, ask: () => void, silent: () => boolean) {
		this.#waiting = waiting;
		this.#ask = ask;
		this.#silent = silent;
	}

	/** Something was sent that is to be acknowledged. */
	start(): void {
		if (this.#timer.running || !this.#waiting()) return;
		this.#quiet = 0;
		this.heard = false;
		this.#wait();
	}

	/** Asks, unless an answer is due: SCTP says it again until it arrives. */
	ask(): void {
		if (this.#asked !== undefined) return;
		this.#asked = performance.now();
		this.#ask();
	}

	/** The other end has answered; tells whether it was asked. */
	answered(): boolean {
		if (this.#asked === undefined) return false;
		const rtt = performance.now() - this.#asked;
		this.#rtt = Math.min(this.#rtt || rtt, rtt);
		this.#asked = undefined;
		return true;
	}

	/** The path is another one. */
	reset(): void {
		this.#timer.stop();
		this.#asked = undefined;
		this.#rtt = 0;
	}

	#wait(): void {
		this.#timer.set(Math.min(MOST_MS, Math.max(LEAST_MS, this.#rtt)), () => {
			if (!this.#waiting()) return;
			this.#quiet = this.heard ? 0 : this.#quiet + 1;
			this.heard = false;
			if (this.#quiet > 0) this.ask();
			if (this.#quiet < LOOKS || !this.#silent()) this.#wait();
		});
	}
}
