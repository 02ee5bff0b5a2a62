import { isName } from '../../../wire/index.js';
import { introductionIdLength, introductionKeyLength } from '../../../wire/limits.js';

/** What a path of this service asks for. */
export type Place =
	| { at: 'introduction'; id: string }
	| { at: 'connection'; id: string; remoteId: string; key: string }
	| { at: 'nowhere'; problem: string };

const INTRODUCTION = /^\/introduction\/([^/]+)$/;
const CONNECTION = /^\/connection\/([^/]+)\/([^/]+)\/([^/]+)$/;

/** Reads a percent-encoded path; `undefined` when it is not of this service. */
export function readPath(path: string): Place | undefined {
	const parts = INTRODUCTION.exec(path) ?? CONNECTION.exec(path);
	if (parts === null) return undefined;
	const [id, remoteId, key] = parts.slice(1).map(decoded);
	if (!isName(id, introductionIdLength)) return nowhere('an id', introductionIdLength);
	if (parts.length === 2) return { at: 'introduction', id };
	if (!isName(remoteId, introductionIdLength)) return nowhere('an id', introductionIdLength);
	if (!isName(key, introductionKeyLength)) return nowhere('a key', introductionKeyLength);
	if (id === remoteId) return { at: 'nowhere', problem: 'a peer cannot connect to itself' };
	return { at: 'connection', id, remoteId, key };
}

function nowhere(what: string, length: number): Place {
	return { at: 'nowhere', problem: `${what} must be a percent-encoded text of 1 to ${length} characters` };
}

function decoded(part: string): string | undefined {
	try {
		return decodeURIComponent(part);
	} catch {
		return undefined;
	}
}
