import type { WebSocket } from 'ws';
import * as CLOSE from '../../wire/close-codes.js';
import * as LIMITS from '../../wire/limits.js';
import type { ServicePeer, ServiceRoute } from '../service.js';

/**
 * The route to a namespace, for a path that is `prefix` and one more part.
 *
 * A part that is no name leads to a closed socket and not to a 404, because a browser cannot see why an upgrade failed.
 */
export function routeToNamespace(
	prefix: readonly string[],
	path: string,
	serve: (namespace: string, socket: WebSocket, peer: ServicePeer) => void,
): ServiceRoute | undefined {
	const start = `/${prefix.join('/')}/`;
	if (!path.startsWith(start) || path.includes('/', start.length)) return undefined;
	const namespace = decoded(path.slice(start.length));
	if (namespace === undefined) return (socket) => socket.close(CLOSE.badMessage, 'the namespace cannot be read');
	if (namespace === '' || namespace.length > LIMITS.namespaceLength) {
		const reason = `a namespace has 1 to ${LIMITS.namespaceLength} characters`;
		return (socket) => socket.close(CLOSE.badMessage, reason);
	}
	return (socket, peer) => serve(namespace, socket, peer);
}

function decoded(part: string): string | undefined {
	try {
		return decodeURIComponent(part);
	} catch {
		return undefined;
	}
}
