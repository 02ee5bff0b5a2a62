import type { IncomingMessage } from 'node:http';
import { isLoopback } from './addresses.js';

/**
 * Which pages may open links and sockets of services: `'*'` for all, a list of origins such as `https://game.example`,
 * or a function.
 */
export type Origins = '*' | readonly string[] | ((origin: string, request: IncomingMessage) => boolean);

/** What a refused page is told; it names nothing that came with the request. */
export const WRONG_ORIGIN = 'pages of this origin may not connect; the master has an option "origins" for others';

/**
 * Whether an upgrade request may go on. One without an `Origin` header does not come from a page. By default a page must
 * be of the master's own origin, as far as the master can know it: the same host and port, all loopback names being one.
 *
 * @param host the host that the page asked for, as it stands in the request or as a trusted proxy says
 */
export function isAllowed(origins: Origins | undefined, request: IncomingMessage, host: string): boolean {
	const { origin } = request.headers;
	if (origin === undefined || origins === '*') return true;
	if (typeof origins === 'function') return origins(origin, request);
	if (origins !== undefined) return origins.includes(origin);
	const page = authority(origin);
	return page !== undefined && page === authority(`${schemeOf(origin)}//${host}`);
}

function schemeOf(origin: string): string {
	return origin.slice(0, origin.indexOf(':') + 1);
}

/** Host and port of a URL of the web, with one name for this machine. */
function authority(text: string): string | undefined {
	let url: URL;
	try {
		url = new URL(text);
	} catch {
		return undefined;
	}
	if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
	const port = url.port || (url.protocol === 'https:' ? '443' : '80');
	const name = url.hostname.replace(/^\[|\]$/g, '');
	return `${name === 'localhost' || isLoopback(name) ? 'localhost' : name}:${port}`;
}
