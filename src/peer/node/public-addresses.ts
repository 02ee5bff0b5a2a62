/** The addresses under which an operator says that a Node slave is reached from outside. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { EnslavismError, messageOf } from '../../wire/index.js';
import * as LIMITS from '../../wire/limits.js';

/** The addresses that an operator has named, as candidates. */
export class PublicAddresses {
	/** Without the `candidate:` before them. */
	candidates: string[] = [];
	readonly #named: readonly [host: string, port: number][];
	/** What each name stood for last. */
	readonly #known = new Map<string, string[]>();

	/**
	 * @param named `address` or `address:port`, one or several
	 * @param port of those that name none
	 * @throws EnslavismError `bad-option` for what is no address, for none, or for more than a slave may publish
	 */
	constructor(named: string | readonly string[], port: number) {
		const all = [named].flat();
		if (all.length === 0 || all.length > LIMITS.directCandidates) {
			throw new EnslavismError(
				'bad-option',
				`publicAddress takes 1 to ${LIMITS.directCandidates} addresses, not ${all.length}; without it the machine's own are told`,
			);
		}
		this.#named = all.map((each) => splitAddress(each, port));
	}

	/** Whether there is a name among them, which may stand for other addresses tomorrow. */
	get mayChange(): boolean {
		return this.#named.some(([host]) => isIP(host) === 0);
	}

	/**
	 * Finds what the names stand for now. One that cannot be resolved stands for what it did last.
	 *
	 * Rejects with EnslavismError `bad-option` for one that never could.
	 */
	async resolve(): Promise<void> {
		const ends = new Set<string>();
		for (const [host, port] of this.#named) {
			for (const address of await this.#addressesOf(host)) ends.add(`${address} ${port}`);
		}
		this.candidates = [...ends].slice(0, LIMITS.directCandidates).map((end, index) => {
			const preference = end.includes(':') ? 65_535 : 65_534;
			// RFC 8445 section 5.1.2.1, for a host candidate.
			const priority = 126 * 2 ** 24 + preference * 2 ** 8 + 254 - index;
			return `${index + 1} 1 UDP ${priority} ${end} typ host`;
		});
	}

	async #addressesOf(host: string): Promise<string[]> {
		if (isIP(host) !== 0) return [host];
		const known = this.#known.get(host);
		try {
			const found = (await lookup(host, { all: true })).map(({ address }) => address);
			// Servers tell several addresses in another order each time.
			if (known?.length === found.length && found.every((each) => known.includes(each))) return known;
			this.#known.set(host, found);
			return found;
		} catch (cause) {
			if (known !== undefined) return known;
			throw new EnslavismError('bad-option', `publicAddress "${host}" cannot be resolved: ${messageOf(cause)}`, {
				cause,
			});
		}
	}
}

/** What a connection tells the other end of this one's addresses. */
export interface Publication {
	/** The description as it is told. */
	description(sdp: string): string;
	/** Whether the candidate is told. */
	candidate(candidate: string): boolean;
}

/**
 * Has connections tell the other end these addresses where they would tell the addresses of this machine, which
 * nobody can reach from outside. What servers say of this end (reflexive and relayed candidates) stays.
 */
export function publishing(addresses: PublicAddresses): Publication {
	return {
		description: (sdp) => withCandidates(sdp, addresses.candidates),
		candidate: (candidate) => !isHost(candidate),
	};
}

/** A description with one section, with these candidates in place of its own host candidates. */
function withCandidates(sdp: string, candidates: readonly string[]): string {
	const lines = sdp
		.split(/\r?\n/)
		.filter((line) => line !== '' && !(line.startsWith('a=candidate:') && isHost(line)))
		// What RFC 8839 section 4.1.1.1 calls the default destination is an address of this machine, too.
		.map((line) => line.replace(/^m=application \d+ /, 'm=application 9 ').replace(/^c=.*/, 'c=IN IP4 0.0.0.0'));
	return [...lines, ...candidates.map((each) => `a=candidate:${each}`), ''].join('\r\n');
}

function isHost(candidate: string): boolean {
	return / typ host\b/.test(candidate);
}

/** `address`, `address:port`, `[IPv6]:port`. */
function splitAddress(named: unknown, port: number): [host: string, port: number] {
	const bare = typeof named === 'string' && isIP(named) !== 0 ? named : undefined;
	const [, six, four, digits] =
		(typeof named === 'string' && /^(?:\[(.+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(named)) || [];
	const host = bare ?? six ?? four;
	const own = digits === undefined ? port : Number(digits);
	if (host === undefined || own < 1 || own > 65_535) {
		throw new EnslavismError('bad-option', `publicAddress takes "address" or "address:port", not "${String(named)}"`);
	}
	// RFC 4291 section 2.5.6, RFC 4007 section 11.
	if (isIP(host) === 6 && /^fe[89ab]|%/i.test(host)) {
		throw new EnslavismError(
			'bad-option',
			`publicAddress "${host}" is link-local: only this machine's neighbours have it`,
		);
	}
	return [host, own];
}
