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

/** What to do, in this order. */
export type Step =
	| { do: 'send-description'; type: DescriptionType; sdp: string }
	| { do: 'send-candidate'; candidate: BareCandidate }
	| { do: 'apply-description'; type: DescriptionType; sdp: string }
	| { do: 'apply-candidate'; candidate: BareCandidate };

export class Negotiation {
	readonly #local: DescriptionType;
	/** Local candidates waiting for the local description; `undefined` once it was sent. */
	#unsent: BareCandidate[] | undefined = [];
	/** Remote candidates waiting for the remote description; `undefined` once it was applied. */
	#unapplied: BareCandidate[] | undefined = [];
	#sent = 0;
	#received = 0;

	/** @param local which description this end makes */
	constructor(local: DescriptionType) {
		this.#local = local;
	}

	localDescription(type: DescriptionType, sdp: string): Step[] {
		if (type !== this.#local || this.#unsent === undefined) return [];
		const steps: Step[] = [{ do: 'send-description', type, sdp: sdpToSend(type, sdp) }];
		for (const candidate of this.#unsent) steps.push({ do: 'send-candidate', candidate });
		this.#unsent = undefined;
		return steps;
	}

	/** Candidates past the protocol's bound are not sent: a host with that many addresses connects over the first. */
	localCandidate(candidate: BareCandidate): Step[] {
		if (++this.#sent > LIMITS.candidatesPerSession) return [];
		if (this.#unsent === undefined) return [{ do: 'send-candidate', candidate }];
		this.#unsent.push(candidate);
		return [];
	}

	remoteDescription(type: DescriptionType, sdp: string): Step[] {
		if (type === this.#local || this.#unapplied === undefined) return [];
		const steps: Step[] = [{ do: 'apply-description', type, sdp }];
		for (const candidate of this.#unapplied) steps.push({ do: 'apply-candidate', candidate });
		this.#unapplied = undefined;
		return steps;
	}

	remoteCandidate(candidate: BareCandidate): Step[] {
		if (++this.#received > LIMITS.candidatesPerSession) return [];
		if (this.#unapplied === undefined) return [{ do: 'apply-candidate', candidate }];
		this.#unapplied.push(candidate);
		return [];
	}
}
