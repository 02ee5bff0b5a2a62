import * as LIMITS from '../wire/limits.js';

/**
 * The order of what one end says about a connection, without clock, socket or WebRTC: one description, and no candidate
 * before it.
 */
export class InOrder {
	readonly #pass: (step: () => void) => void;
	/** Candidates that wait for the description; `undefined` once it has passed. */
	#waiting: (() => void)[] | undefined = [];
	#count = 0;

	/** @param pass takes each step in its turn */
	constructor(pass: (step: () => void) => void) {
		this.#pass = pass;
	}

	description(step: () => void): void {
		const waiting = this.#waiting;
		this.#waiting = undefined;
		if (waiting) for (const each of [step, ...waiting]) this.#pass(each);
	}

	/** Candidates past the protocol's bound do not pass: a host with that many addresses connects over the first. */
	candidate(step: () => void): void {
		if (++this.#count > LIMITS.candidatesPerSession) return;
		if (this.#waiting) this.#waiting.push(step);
		else this.#pass(step);
	}
}
