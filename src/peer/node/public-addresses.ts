/** The addresses under which an operator says that a Node slave is reached from outside. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { EnslavismError, messageOf } from '../../wire/index.js';
import * as LIMITS from '../../wire/limits.js';

/**
 * The candidates of these addresses, without the `candidate:` before them.
 *
 * @param named `address` or `address:port`, one or several
 * @param port of those that name none
 * @throws EnslavismError `bad-option` for what is no address, or a name that cannot be resolved
 */
export async function publicCandidates(named: string | readonly string[], port: number): Promise<string[]> {
	const candidates: string[] = [];
	for (const each of [named].flat()) {
		const [host, ownPort] = splitAddress(each, port);
		for (const address of await resolved(host)) {
			const preference = isIP(address) === 6 ? 65_535 : 65_534;
			const number = candidates.length + 1;
			// RFC 8445 section 5.1.2.1, for a host candidate.
			const priority = 126 * 2 ** 24 + preference * 2 ** 8 + 255 - number;
			candidates.push(`${number} 1 UDP ${priority} ${address} ${ownPort} typ host`);
		}
	}
	return candidates.slice(0, LIMITS.directCandidates);
}

/** What a connection tells the other end of this one's addresses. */
export interface Publication {
	/** The description as it is told. */
	description(sdp: string): string;
	/** Whether the candidate is told. */
	candidate(candidate: string): boolean;
}

/**
 * Has connections tell the other end these candidates where they would tell the addresses of this machine, which
 * nobody can reach from outside. What servers say of this end (reflexive and relayed candidates) stays.
 */
export function publishing(candidates: readonly string[]): Publication {
	return {
		description: (sdp) => withCandidates(sdp, candidates),
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

async function resolved(host: string): Promise<string[]> {
	if (isIP(host) !== 0) return [host];
	try {
		return (await lookup(host, { all: true })).map(({ address }) => address);
	} catch (cause) {
		throw new EnslavismError('bad-option', `publicAddress "${host}" cannot be resolved: ${messageOf(cause)}`, {
			cause,
		});
	}
}

/** `address`, `address:port`, `[IPv6]:port`. */
function splitAddress(named: unknown, port: number): [host: string, port: number] {
	if (typeof named === 'string' && isIP(named) !== 0) return [named, port];
	const [, six, four, digits] =
		(typeof named === 'string' && /^(?:\[(.+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(named)) || [];
	const host = six ?? four;
	const own = digits === undefined ? port : Number(digits);
	if (host === undefined || own < 1 || own > 65_535) {
		throw new EnslavismError('bad-option', `publicAddress takes "address" or "address:port", not "${String(named)}"`);
	}
	return [host, own];
}
