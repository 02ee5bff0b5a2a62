import { EnslavismError } from './errors.js';
import { base64url, fromBase64url } from './ids.js';
import * as LIMITS from './limits.js';

/** The subprotocol of a link, and with it the version of everything said there. */
export const PROTOCOL = 'enslavism.1';

/** Where each kind of link is opened, below the master's URL. A server is a slave that has a name instead of being listed. */
export const PATHS = {
	client: '/enslavism/clients',
	slave: '/enslavism/slaves',
	server: '/enslavism/servers',
} as const;

/** The kinds of links. */
export type LinkKind = keyof typeof PATHS;

/** Authentication data: an object of JSON values. The document's `authData` is one of strings. */
export type AuthData = Record<string, unknown>;

/**
 * Prefix of the token that carries authentication data beside the subprotocol's name. A browser can set no
 * other header of an upgrade request, and a query string ends up in access logs.
 */
const AUTH_PREFIX = 'auth.';

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
	throw new EnslavismError('bad-auth', `auth must be an object, at most ${LIMITS.authTokenLength} long as JSON`);
}

/** What an upgrade request asked for. */
export interface Handshake {
	/** Whether it speaks this version. */
	ours: boolean;
	/** What to answer as the chosen subprotocol: a browser gives up on an answer without one. */
	chosen: string | undefined;
	/** The authentication data; empty when none was given, `undefined` when it could not be read. */
	auth: AuthData | undefined;
}

/** Reads a `Sec-WebSocket-Protocol` header. */
export function readHandshake(header: string | undefined): Handshake {
	const offered = (header ?? '').split(',').map((token) => token.trim());
	const ours = offered.includes(PROTOCOL);
	const token = offered.find((each) => each.startsWith(AUTH_PREFIX));
	return {
		ours,
		chosen: ours ? PROTOCOL : offered[0] || undefined,
		auth: token === undefined ? {} : readAuth(token.slice(AUTH_PREFIX.length)),
	};
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
 * The address of a link, from the master's URL (`ws:`, `wss:`, `http:` or `https:`; a path is kept as a prefix).
 *
 * @throws EnslavismError `bad-url`
 */
export function linkUrl(masterUrl: string, kind: LinkKind): string {
	return urlBelow(masterUrl, PATHS[kind]);
}

/**
 * The address of something that a master offers to WebSockets.
 *
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
	throw new EnslavismError('bad-url', `"${masterUrl}" is not the URL of a master, such as ws://localhost:8080`);
}
