import type { LastingSocket, LastingSocketHandlers } from '../link/index.js';
import { EnslavismError, fitsInPath, isName, type SERVICE_PATHS } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import { openService, type SignalHost, type SignalOptions, serviceUrl } from './host.js';

type ServicePath = (typeof SERVICE_PATHS)[keyof typeof SERVICE_PATHS];

/**
 * The socket to a namespace of a service.
 *
 * @throws EnslavismError `bad-url`, `bad-option`, `bad-auth`
 */
export function openNamespace(
	host: SignalHost,
	masterUrl: string,
	path: ServicePath,
	namespace: string,
	options: SignalOptions,
	handlers: LastingSocketHandlers,
): LastingSocket {
	return openService(host, masterUrl, [...path, checkNamespace(namespace)], options, handlers);
}

/** The address of a namespace. Throws what {@link openNamespace} does. */
export function urlOfNamespace(host: SignalHost, masterUrl: string, path: ServicePath, namespace: string): string {
	return serviceUrl(host, masterUrl, [...path, checkNamespace(namespace)]);
}

function checkNamespace(namespace: string): string {
	if (isName(namespace, LIMITS.namespaceLength) && fitsInPath(namespace)) return namespace;
	const length = LIMITS.namespaceLength;
	throw new EnslavismError('bad-option', `a namespace is a text of 1 to ${length} characters, and not "." or ".."`);
}
