/**
 * The exchange of descriptions and candidates of one session, without clock, socket or WebRTC: what comes in is
 * a method, what goes out is returned. Its one job is order: nothing is sent before the description it belongs
 * to, and no candidate is applied before the other end's description.
 */
import type { Candidate } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import type { DescriptionType } from './rtc.js';
import { sdpToSend } from './sdp.js';

/** A candidate without its session. */
export type BareCandidate = Pick<Candidate, 'candidate' | 'mid'>;

/** What to do, in this order: to send something of this end's, or to apply something of the other one's. */
export type Step = { send: boolean } & ({ type: DescriptionType; sdp: string } | { candidate: BareCandidate });

export class Negotiation {
	readonly #local: DescriptionType;
	readonly #sent = new Direction(true);
	readonly #received = new Direction(false);

	/** @param local which description this end makes */
	constructor(local: DescriptionType) {
		this.#local = local;
	}

	localDescription(type: DescriptionType, sdp: string): Step[] {
		return type === this.#local ? this.#sent.description(type, sdpToSend(type, sdp)) : [];
	}

	localCandidate(candidate: BareCandidate): Step[] {
		return this.#sent.candidate(candidate);
	}

	remoteDescription(type: DescriptionType, sdp: string): Step[] {
		return type === this.#local ? [] : this.#received.description(type, sdp);
	}

	remoteCandidate(candidate: BareCandidate): Step[] {
		return this.#received.candidate(candidate);
	}
}

/** What goes one way. */
class Direction {
	readonly #send: boolean;
	/** Candidates that wait for the description; `undefined` once it has passed. */
	#waiting: BareCandidate[] | undefined = [];
	#count = 0;

	constructor(send: boolean) {
		this.#send = send;
	}

	description(type: DescriptionType, sdp: string): Step[] {
		const send = this.#send;
		const waiting = this.#waiting;
		this.#waiting = undefined;
		return waiting ? [{ send, type, sdp }, ...waiting.map((candidate) => ({ send, candidate }))] : [];
	}

	/** Candidates past the protocol's bound do not pass: a host with that many addresses connects over the first. */
	candidate(candidate: BareCandidate): Step[] {
		if (++this.#count > LIMITS.candidatesPerSession) return [];
		if (!this.#waiting) return [{ send: this.#send, candidate }];
		this.#waiting.push(candidate);
		return [];
	}
}
