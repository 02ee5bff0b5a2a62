import { LastingSocket } from '../link/index.js';
import type { Platform } from '../peer/index.js';
import { urlBelow } from '../wire/index.js';

/** What the clients of services need from their host. */
export type SignalHost = Platform;

/** Options that every client of a service has. */
export interface SignalOptions {
	/** Whether to come back when the socket is lost. Default `true`. */
	reconnect?: boolean;
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
 * @throws EnslavismError `bad-url`
 */
export function openService(
	host: SignalHost,
	masterUrl: string,
	path: string[],
	options: SignalOptions = {},
): LastingSocket {
	const url = serviceUrl(host, masterUrl, path);
	return new LastingSocket({
		url: () => url,
		protocols: [],
		openSocket: host.openSocket,
		onWake: host.onWake,
		reconnect: options.reconnect ?? true,
	});
}
