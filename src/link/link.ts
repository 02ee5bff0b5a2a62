import * as CLOSE from '../wire/close-codes.js';
import { type AuthData, type Position, type Read, returnProtocols, subprotocols } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import * as WAITS from '../wire/waits.js';
import {
	type LastingSocket,
	type LastingSocketHandlers,
	type LastingSocketOptions,
	openLastingSocket,
} from './lasting-socket.js';

/** What a link tells its owner. A link that was admitted once is `lost`, any other `closed`. */
export interface LinkHandlers<In> extends Omit<LastingSocketHandlers, 'message'> {
	/** A message arrived that is no sign of life only. */
	message(message: Exclude<In, { t: 'beat' }>): void;
	/** A binary frame arrived. */
	bytes(bytes: Uint8Array): void;
}

/** How to open a link. It comes back once it has been admitted. */
export interface LinkOptions<In> extends Omit<LastingSocketOptions, 'protocols' | 'admitted'> {
	auth?: AuthData | undefined;
	/** Where the list of a client stands that comes back. */
	since?: Position;
	read: (text: string) => Read<In>;
}

/** The WebSocket between a client or a slave and its master, from the asking side. */
export interface Link<Out> extends LastingSocket {
	/** Sends a message; tells whether the link was open. On a closed link it goes nowhere. */
	say(message: Out): boolean;
	/** Sends binary frames, one behind the other. */
	sendBytes(frames: Uint8Array[]): void;
	/** Tells the master which sessions there are: it may have missed the end of some, and know nothing of others. */
	saySessions(list: { session: string; peer: string }[]): void;
	/** Gives up a link on which something came that cannot be read. */
	broken(problem?: string): void;
}

/** What every message of a master may hold that concerns the link itself. */
interface FromMaster {
	t: string;
	resume?: string | undefined;
	heartbeat?: number;
}

/** How much of a heartbeat more than two may pass without a word. */
const SLACK = 2.5;

/**
 * Opens a link.
 *
 *     opening ──▶ admitted ──▶ lost ──▶ opening …
 *         └───────────┴─────────┴─────▶ closed
 *
 * A link is admitted by the master's greeting, which tells its heartbeat; until then a bound runs. Only one that has been admitted comes back.
 * It is lost, too, when nothing was heard for two heartbeats of the master: a line that is cut on the way tells nobody.
 *
 * @throws EnslavismError `bad-url`, `bad-auth`
 */
export function openLink<In extends { t: string }, Out>(
	options: LinkOptions<In>,
	handlers: LinkHandlers<In>,
): Link<Out> {
	const first = subprotocols(options.auth);
	/** The newest proof of who this is; empty until the link has been admitted once. */
	let resume = '';
	/** How long the master may be silent, in milliseconds; 0 until it has admitted this link. */
	let patience = 0;

	const handle = (message: In): void => {
		const { t, resume: proof = resume, heartbeat } = message as FromMaster;
		resume = proof;
		// What the other ends of its sessions say may come before the master's greeting.
		if (heartbeat !== undefined) {
			patience = SLACK * Math.min(heartbeat, WAITS.heartbeatMost);
			link.dropIn(patience);
		}
		if (t === 'beat') link.say({ t } as Out);
		else handlers.message(message as Exclude<In, { t: 'beat' }>);
	};
	const receive = (data: string | Uint8Array): void => {
		if (patience > 0) link.dropIn(patience);
		// Bytes that come before the greeting are no message either.
		if (typeof data !== 'string' && patience > 0) {
			handlers.bytes(data);
			return;
		}
		try {
			const read = options.read(String(data));
			if (read.ok) handle(read.message);
			else link.broken(read.problem);
		} catch {
			// Only what is read without its schema comes to this: listeners' exceptions never get here.
			link.broken();
		}
	};
	const socket = openLastingSocket(
		{
			...options,
			get protocols() {
				return resume === '' ? first : [...first, ...returnProtocols(resume, options.since)];
			},
			get admitted() {
				return resume !== '';
			},
		},
		{
			...handlers,
			opened: () => {
				patience = 0;
				link.dropIn(WAITS.linkOpen);
				handlers.opened?.();
			},
			message: receive,
		},
	);
	const link: Link<Out> = Object.assign(socket, {
		sendBytes: socket.send,
		say: (message: Out) => socket.send(JSON.stringify(message)),
		saySessions: (list: { session: string; peer: string }[]) => {
			do {
				const part = list.splice(0, LIMITS.sessionsPerMessage);
				link.say({ t: 'sessions', list: part, more: list.length > 0 } as Out);
			} while (list.length > 0);
		},
		broken: (problem?: string) => socket.close(CLOSE.badMessage, problem),
	});
	return link;
}
