/**
 * Everything that can go wrong for a user of Enslavism, by its stable code.
 *
 * The codes are part of the public interface: branch on `error.code`, show `error.message`.
 */
export const ERROR_CODES = {
	/** The URL of the master is not a `ws:`, `wss:`, `http:` or `https:` URL. */
	'bad-url': 'the URL of the master cannot be used',
	/** An argument or option has the wrong type or value. */
	'bad-option': 'an option cannot be used',
	/** The master could not be reached, or did not answer in time. */
	unreachable: 'the master cannot be reached',
	/** An auth listener of the master refused this link; `reason` is what it said. */
	refused: 'the master refused the link',
	/** The master speaks another version of the protocol. */
	'wrong-version': 'the two ends speak different versions of the protocol',
	/** The other end sent something that is not in the protocol. */
	'bad-message': 'a message is not part of the protocol',
	/** A named limit of the other end was reached; LIMITS.md lists them. */
	'limit-reached': 'a limit was reached',
	/** The link to the master is closed. */
	'link-closed': 'the link to the master is closed',
	/** User data cannot be encoded: it holds a function, a symbol, a promise, a class instance or a `__proto__` key. */
	'bad-user-data': 'the user data cannot be encoded or decoded',
	/** User data is longer than the limit once encoded. */
	'user-data-too-large': 'the user data is too large',
	/** Authentication data cannot be encoded or is too large. */
	'bad-auth': 'the authentication data cannot be used',
	/** The slave rejected the session; `reason` is what it said. */
	rejected: 'the slave rejected the session',
	/** The slave has left the directory, or was never in it. */
	'slave-gone': 'the slave is not in the directory any more',
	/** The session could not be opened in time. */
	'connect-timeout': 'the session could not be opened in time',
	/** WebRTC failed: no path between the two ends, or a description that one of them could not use. */
	'rtc-failed': 'the WebRTC connection failed',
	/** The session was closed, by either end. */
	'session-closed': 'the session is closed',
	/** A data channel was used before it was open or after it was closed. */
	'channel-not-open': 'the data channel is not open',
	/** A message is larger than the other end accepts (`channel.maxMessageSize`). */
	'message-too-large': 'the message is too large for the other end',
	/** More bytes are waiting in a channel than its limit allows; wait for `bufferedamountlow`. */
	'buffer-full': 'too much is waiting to be sent',
	/** More arrived on a channel than may be kept while nobody listens for `message`. */
	'unread-overflow': 'messages were dropped because nobody listened for them',
	/** The address to listen on cannot be used, see `cause`. */
	'listen-failed': 'the master cannot listen',
} as const;

/** One of the stable codes of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Options of {@link EnslavismError}. */
export interface ErrorDetails {
	/** What the other side gave as its reason, word for word. */
	reason?: string | undefined;
	/** The error behind this one. */
	cause?: unknown;
}

/** The one error class of Enslavism: an `Error` with a stable `code` and, where the other side gave one, its `reason`. */
export class EnslavismError extends Error {
	readonly code: ErrorCode;
	readonly reason: string | undefined;

	constructor(code: ErrorCode, message: string = ERROR_CODES[code], details: ErrorDetails = {}) {
		super(message, details.cause === undefined ? undefined : { cause: details.cause });
		this.name = 'EnslavismError';
		this.code = code;
		this.reason = details.reason;
	}
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
