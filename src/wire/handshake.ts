import { EnslavismError } from './errors.js';
import { base64url, fromBase64url } from './ids.js';
import * as LIMITS from './limits.js';

/** The subprotocol of a link, and with it the version of everything said there. */
export const PROTOCOL = 'enslavism.1';

/** The kinds of links. A server is a slave that has a name instead of being listed. */
export type LinkKind = 'client' | 'slave' | 'server';

/** Where a link of this kind is opened, below the master's URL. */
export function pathOf(kind: LinkKind): string {
	return `/enslavism/${kind}s`;
}

/** Authentication data: an object of JSON values. The document's `authData` is one of strings. */
export type AuthData = Record<string, unknown>;

/**
 * Prefix of the token that carries authentication data beside the subprotocol's name. A browser can set no
 * other header of an upgrade request, and a query string ends up in access logs.
 */
const AUTH_PREFIX = 'auth.';
/** Prefix of the token that proves who comes back. */
const RESUME_PREFIX = 'resume.';
/** Prefix of the token that says where a returning client's list stands: `seq.<epoch>.<number>`. */
const SINCE_PREFIX = 'seq.';

/** Where a list stands: the number of the last change, and which run of the master counted it. */
export interface Position {
	readonly epoch: string;
	readonly seq: number;
}

/**
 * What a link that comes back asks for, beside what it asked for the first time.
 *
 * @param resume the resume token that the master gave
 * @param since where a client's list stands
 */
export function returnProtocols(resume: string, since?: Position): string[] {
	const token = RESUME_PREFIX + resume;
	return since?.epoch ? [token, `${SINCE_PREFIX}${since.epoch}.${since.seq}`] : [token];
}

/**
 * The subprotocols to ask for.
 *
 * @throws EnslavismError `bad-auth` when the data is no object of JSON values or is longer than 8 KiB
 */
export function subprotocols(auth?: AuthData): string[] {
	if (auth === undefined) return [PROTOCOL];
	try {
		const json = JSON.stringify(auth);
		const token = AUTH_PREFIX + base64url(new TextEncoder().encode(json));
		if (json[0] === '{' && token.length <= LIMITS.authTokenLength) return [PROTOCOL, token];
	} catch {
		// A cycle, a BigInt, a function.
	}
	throw new EnslavismError(
		'bad-auth',
		`auth must be an object of JSON values, at most ${LIMITS.authTokenLength} characters long once encoded`,
	);
}

/** What an upgrade request asked for. */
export interface Handshake {
	/** Whether it speaks this version. */
	ours: boolean;
	/** What to answer as the chosen subprotocol: a browser gives up on an answer without one. */
	chosen: string | undefined;
	/** The authentication data; empty when none was given, `undefined` when it could not be read. */
	auth: AuthData | undefined;
	/** The resume token, unchecked. */
	resume?: string;
	/** Where the list of a returning client stands. */
	since?: Position;
}

/** Reads a `Sec-WebSocket-Protocol` header. */
export function readHandshake(header: string | undefined): Handshake {
	const offered = (header ?? '').split(',').map((token) => token.trim());
	const ours = offered.includes(PROTOCOL);
	const after = (prefix: string): string | undefined =>
		offered.find((each) => each.startsWith(prefix))?.slice(prefix.length);
	const [auth, resume, since] = [after(AUTH_PREFIX), after(RESUME_PREFIX), readPosition(after(SINCE_PREFIX))];
	return {
		ours,
		chosen: ours ? PROTOCOL : offered[0] || undefined,
		auth: auth === undefined ? {} : readAuth(auth),
		...(resume !== undefined && resume.length <= LIMITS.resumeTokenLength && { resume }),
		...(since && { since }),
	};
}

/** A position that cannot be read is none: whoever sent it gets the whole list. */
function readPosition(token = ''): Position | undefined {
	const [, epoch, seq] = token.length <= LIMITS.resumeTokenLength ? (/^([\w-]+)\.(\d{1,15})$/.exec(token) ?? []) : [];
	return epoch === undefined ? undefined : { epoch, seq: Number(seq) };
}

function readAuth(token: string): AuthData | undefined {
	if (token.length > LIMITS.authTokenLength) return undefined;
	try {
		const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(fromBase64url(token)));
		return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as AuthData) : undefined;
	} catch {
		return undefined;
	}
}

/**
 * The address of something that a master offers to WebSockets.
 *
 * @param masterUrl `ws:`, `wss:`, `http:` or `https:`; a path is kept as a prefix
 * @param path percent-encoded, with a leading slash
 * @throws EnslavismError `bad-url`
 */
export function urlBelow(masterUrl: string, path: string): string {
	try {
		const url = new URL(masterUrl);
		url.protocol = url.protocol.replace('http', 'ws');
		url.pathname = url.pathname.replace(/\/+$/, '') + path;
		url.hash = '';
		if (/^wss?:$/.test(url.protocol)) return url.href;
	} catch {
		// Not a URL.
	}
	throw new EnslavismError('bad-url', `not the URL of a master: ${masterUrl}`);
}
