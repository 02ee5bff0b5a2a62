import { type LastingSocket, type LastingSocketHandlers, openLastingSocket } from '../link/index.js';
import type { Platform } from '../peer/index.js';
import { type AuthData, subprotocols, urlBelow } from '../wire/index.js';

/** What the clients of services need from their host. */
export type SignalHost = Platform;

/** Options that every client of a service has. */
export interface SignalOptions {
	/** Whether to come back when the socket is lost. Default `true`. */
	reconnect?: boolean;
	/** An object of JSON values for the master's `clientauth` listeners (`info.auth`), beside cookies. */
	auth?: AuthData | undefined;
}

/**
 * The subprotocols that carry the authentication data of a service's client.
 *
 * @throws EnslavismError `bad-auth`
 */
export function protocolsFor({ auth }: SignalOptions): string[] {
	return auth === undefined ? [] : subprotocols(auth);
}

/**
 * The address of a service's socket.
 *
 * @param path parts of the service's path; each is percent-encoded
 * @throws EnslavismError `bad-url`
 */
export function serviceUrl(host: SignalHost, masterUrl: string, path: string[]): string {
	return urlBelow(masterUrl || host.defaultMasterUrl(), `/${path.map(encodeURIComponent).join('/')}`);
}

/**
 * The socket of one service.
 *
 * @param path parts of the service's path; each is percent-encoded
 * @throws EnslavismError `bad-url`, `bad-auth`
 */
export function openService(
	host: SignalHost,
	masterUrl: string,
	path: string[],
	{ reconnect, auth }: SignalOptions,
	handlers: LastingSocketHandlers,
): LastingSocket {
	const url = serviceUrl(host, masterUrl, path);
	const { openSocket, onWake } = host;
	return openLastingSocket({ url, protocols: protocolsFor({ auth }), openSocket, onWake, reconnect }, handlers);
}
