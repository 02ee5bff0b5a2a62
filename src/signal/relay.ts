import { type OpenSocket, openLastingSocket } from '../link/index.js';
import * as CLOSE from '../wire/close-codes.js';
import { EnslavismError, isName, SERVICE_PATHS } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import { protocolsFor, type SignalHost, type SignalOptions } from './host.js';
import { urlOfNamespace } from './namespace.js';
import { PipedSocket } from './piped-socket.js';

/** Where two meet, and how they find each other. */
export interface RelayMeeting extends SignalOptions {
	namespace: string;
	/** One's own token; the other side has it as `remote`. 1 to 256 characters. */
	local: string;
	/** The other side's token; the other side has it as `local`. 1 to 256 characters. */
	remote: string;
}

/**
 * A socket to whoever names the same two tokens the other way round. It opens when both are there. Until then it comes
 * back when its line is lost; after that its end is the end for both.
 *
 * @throws EnslavismError `bad-url`, `bad-option`, `bad-auth`
 */
export function openRelay(host: SignalHost, masterUrl: string, meeting: RelayMeeting): PipedSocket {
	const { namespace, local, remote, reconnect = true } = meeting;
	for (const token of [local, remote]) {
		if (isName(token, LIMITS.relayTokenLength)) continue;
		throw new EnslavismError('bad-option', `a token is a text of 1 to ${LIMITS.relayTokenLength} characters`);
	}
	const url = urlOfNamespace(host, masterUrl, SERVICE_PATHS.relay, namespace);
	const open = opener(host, JSON.stringify({ local, remote }), reconnect);
	return new PipedSocket(open, url, protocolsFor(meeting), Number.POSITIVE_INFINITY);
}

/** Opens sockets that are open when the other side has come, as if it had been there all the time. */
function opener({ openSocket, onWake }: SignalHost, header: string, reconnect: boolean): OpenSocket {
	return (url, protocols, handlers) => {
		let paired = false;
		const line = openLastingSocket(
			{ url, protocols, openSocket, onWake, reconnect },
			{
				opened: () => line.send(header),
				message: (data) => {
					if (paired) {
						handlers.message(data);
					} else if (isOpen(data)) {
						paired = true;
						handlers.opened();
					} else {
						line.close(CLOSE.badMessage, 'that does not open a relay');
					}
				},
				lost: (_error, _delay, _attempt, code) => {
					if (paired) line.close(code);
				},
				closed: (error, code) => handlers.closed(code, error.reason ?? ''),
			},
		);
		return line;
	};
}

function isOpen(data: string | Uint8Array): boolean {
	if (typeof data !== 'string') return false;
	try {
		return (JSON.parse(data) as { open?: unknown }).open === true;
	} catch {
		return false;
	}
}
