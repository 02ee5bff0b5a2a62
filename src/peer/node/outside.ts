/** The address that a slave has outside: who is asked for it, and what is believed. */
import * as LIMITS from '../../wire/limits.js';
import type { IceServer } from '../rtc.js';

/** The servers that tell it, and what they told. */
export class Outside {
	/** Candidates, without the `candidate:` before them. */
	candidates: string[] = [];
	/** URLs of STUN servers. */
	#servers: string[];
	#turn = 0;
	/** How many were asked since one has answered. */
	#misses = 0;
	/** Whether this machine may be somewhere else than when it was told. */
	#moved = true;

	constructor(servers: IceServer[]) {
		this.#servers = stunServers(servers);
	}

	/** The servers are these from now on. Tells whether they are others than before. */
	use(servers: IceServer[]): boolean {
		const urls = stunServers(servers);
		if (urls.join() === this.#servers.join()) return false;
		this.#servers = urls;
		this.#misses = 0;
		return true;
	}

	/** Whether there is somebody to ask, or something that nobody says any more. */
	get mayChange(): boolean {
		return this.#servers.length + this.candidates.length > 0;
	}

	/** A server that is silent says nothing of the others: each is asked before they have a rest. */
	get isOpen(): boolean {
		return this.#misses % this.#servers.length > 0;
	}

	/** Whom to ask now: one, since the native library would choose one of several, any. After silence it is another. */
	ask(): string | undefined {
		if (this.#misses > 0) this.#turn++;
		// Until it answers.
		this.#misses++;
		return this.#servers[this.#turn % this.#servers.length];
	}

	/**
	 * What is published: these, and of the machine's own as many as there is room for. An address with a zone
	 * (RFC 4007 section 11) means something on this machine only.
	 */
	beside(inside: string[]): string[] {
		const own = inside.filter((each) => !each.includes('%')).slice(0, LIMITS.directCandidates - this.candidates.length);
		return [...own, ...this.candidates];
	}

	/** The machine has other addresses than before. */
	moved(): void {
		this.#moved = true;
	}

	told(candidates: string[]): void {
		this.candidates = candidates;
		this.#misses = 0;
		this.#moved = false;
	}

	/** Nobody has answered in time: what was told is true as long as the machine is where it was. */
	silent(): void {
		if (this.#moved || this.#servers.length === 0) this.candidates = [];
	}
}

/** The URLs of servers that tell an address outside, which TURN servers do as STUN servers do: over UDP, to everybody. */
function stunServers(servers: IceServer[]): string[] {
	const urls = servers.flatMap(({ urls }) => urls).filter((url) => /^(stun|turn):(?!.*=tcp$)/.test(url));
	return [...new Set(urls.map((url) => url.replace(/^turn:/, 'stun:').replace(/\?.*/, '')))];
}
