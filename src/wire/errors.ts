import * as LIMITS from './limits.js';

/**
 * Everything that can go wrong for a user of Enslavism, by its stable code.
 *
 * The codes are part of the public interface: branch on `error.code`, show `error.message`.
 */
export type ErrorCode =
	/** The URL of the master is not a `ws:`, `wss:`, `http:` or `https:` URL. */
	| 'bad-url'
	/** An argument or option has the wrong type or value. */
	| 'bad-option'
	/** The master could not be reached, or did not answer in time. */
	| 'unreachable'
	/** An auth listener of the master refused this link; `reason` is what it said. */
	| 'refused'
	/** The master speaks another version of the protocol. */
	| 'wrong-version'
	/** The other end sent something that is not in the protocol. */
	| 'bad-message'
	/** A named limit of the other end was reached; LIMITS.md lists them. */
	| 'limit-reached'
	/** A newer link has taken the place of this one: it showed the same resume token. */
	| 'replaced'
	/** The link to the master is closed. */
	| 'link-closed'
	/** User data cannot be encoded: it holds a function, a symbol, a promise, a class instance or a `__proto__` key. */
	| 'bad-user-data'
	/** User data is longer than the limit once encoded. */
	| 'user-data-too-large'
	/** Authentication data cannot be encoded or is too large. */
	| 'bad-auth'
	/** The slave rejected the session; `reason` is what it said. */
	| 'rejected'
	/** The slave has left the directory, or was never in it. */
	| 'slave-gone'
	/** The slave has lost its master and may come back; until then it takes no offers. */
	| 'slave-unreachable'
	/** The slave takes no new sessions, because it is going away. */
	| 'slave-draining'
	/** The session could not be opened in time. */
	| 'connect-timeout'
	/** What one end wants to carry a session (its `paths`) the other end, or the master, does not. */
	| 'no-common-path'
	/** WebRTC failed: no path between the two ends, or a description that one of them could not use. */
	| 'rtc-failed'
	/** The session was closed, by either end. */
	| 'session-closed'
	/** A data channel was used before it was open or after it was closed. */
	| 'channel-not-open'
	/** A message is larger than the other end accepts (`channel.maxMessageSize`). */
	| 'message-too-large'
	/** More bytes are waiting in a channel than its limit allows; wait for `bufferedamountlow`. */
	| 'buffer-full'
	/** More arrived on a channel than may be kept while nobody listens for `message`. */
	| 'unread-overflow'
	/** The address to listen on cannot be used, see `cause`. */
	| 'listen-failed'
	/** The other end reset the stream, or this end did. */
	| 'stream-reset'
	/** Nobody at the other end takes streams. */
	| 'stream-refused'
	/** Something that yamux does not allow: a bad frame, or more bytes than a window holds. */
	| 'mux-protocol'
	/** The connection that carries the streams is closing or closed. */
	| 'mux-closed'
	/** The connection that carries the streams was lost, see `cause`. */
	| 'mux-lost'
	/** What a stream was opened with cannot be encoded or decoded, or is too large. */
	| 'bad-meta'
	/** Another stream server has the name. */
	| 'server-already-exists'
	/** No stream server has the name, and none appeared in time. */
	| 'server-does-not-exist';

/** Options of {@link EnslavismError}. */
export interface ErrorDetails {
	/** What the other side gave as its reason, word for word. */
	reason?: string | undefined;
	/** The error behind this one. */
	cause?: unknown;
}

/** The one error class of Enslavism: an `Error` with a stable `code` and, where the other side gave one, its `reason`. */
export class EnslavismError extends Error {
	declare readonly code: ErrorCode;
	declare readonly reason: string | undefined;

	/** @param message default: the code, as words */
	constructor(code: ErrorCode, message = '', details: ErrorDetails = {}) {
		super(message || code.replaceAll('-', ' '), details);
		this.name = 'EnslavismError';
		this.code = code;
		this.reason = details.reason;
	}
}

/** Whether something is an error of Enslavism; the class itself may be that of another script in the same page. */
export function isEnslavismError(thrown: unknown): thrown is EnslavismError {
	return thrown instanceof Error && thrown.name === 'EnslavismError' && 'code' in thrown;
}

/** A reason within the protocol's bound: a longer one would cost the link that carries it. */
export function cutReason(reason: string): string {
	return reason.slice(0, LIMITS.reasonLength);
}

/** An error whose message is what the other side gave as its reason, if it gave one. */
export function withReason(code: ErrorCode, reason = ''): EnslavismError {
	const cut = cutReason(reason);
	return new EnslavismError(code, cut, { reason: cut });
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
	return thrown instanceof Error ? thrown.message : String(thrown);
}

/**
 * Hands an exception of a user's listener to the host as an ordinary uncaught exception, from outside the
 * current call: `uncaughtException` in Node, `window.onerror` in a browser.
 */
export function rethrowLater(thrown: unknown): void {
	queueMicrotask(() => {
		throw thrown;
	});
}
