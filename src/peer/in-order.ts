import * as LIMITS from '../wire/limits.js';

/**
 * The order of what one end says about a connection, without clock, socket or WebRTC: one description, and no candidate
 * before it.
 */
export class InOrder {
	/** Candidates that wait for the description; `undefined` once it has passed. */
	#waiting: (() => void)[] | undefined = [];
	#count = 0;

	description(step: () => void): void {
		const waiting = this.#waiting;
		this.#waiting = undefined;
		if (waiting) for (const each of [step, ...waiting]) each();
	}

	/** Candidates past the protocol's bound do not pass: a host with that many addresses connects over the first. */
	candidate(step: () => void): void {
		if (++this.#count > LIMITS.candidatesPerSession) return;
		if (this.#waiting) this.#waiting.push(step);
		else step();
	}
}
