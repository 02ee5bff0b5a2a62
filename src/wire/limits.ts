/**
 * Every bound of the protocol, with its reason. LIMITS.md is the same table for readers.
 *
 * Sizes of text are counted in UTF-16 code units, as `string.length` counts them, unless a name says bytes.
 */
export const LIMITS = {
	/** User data, encoded. Every client holds the user data of every slave. */
	userDataLength: 64 * 1024,
	/** Authentication data as a subprotocol token; Node accepts 16 KiB of request headers in all. */
	authTokenLength: 8 * 1024,
	/** What an auth listener returned, encoded; it travels with every offer or directory entry. */
	identityLength: 4 * 1024,
	/** Session description. A data-channel-only description is 500 to 1500 characters in every browser. */
	sdpLength: 16 * 1024,
	/** One ICE candidate line; real ones stay below 300. */
	candidateLength: 1024,
	/** Media id of a candidate. */
	midLength: 64,
	/** Ids of clients, slaves and sessions. Ours are 22 characters. */
	idLength: 64,
	/** The reason of a refusal, rejection or close. A WebSocket close frame holds 123 bytes of it. */
	reasonLength: 1024,
	/** ICE candidates that one end may send for one session. */
	candidatesPerSession: 64,
	/** A frame from a client to its master, in bytes: one description and its envelope, escaped. */
	clientFrameBytes: 64 * 1024,
	/** A frame from a slave to its master, in bytes: user data escaped as a JSON string, at worst six bytes a character. */
	slaveFrameBytes: 6 * 64 * 1024 + 4096,
	/** A frame from the master, in bytes: a snapshot of the largest directory an operator may allow. */
	masterFrameBytes: 256 * 1024 * 1024,
	/** Name of a data channel, in bytes of UTF-8. */
	channelNameBytes: 1024,
	/** Subprotocol name of a data channel, in bytes of UTF-8. */
	channelProtocolBytes: 1024,
	/** Bytes that may wait in one data channel before `send` refuses; Chromium's own bound is the same. */
	channelBufferedBytes: 16 * 1024 * 1024,
	/** Bytes kept for a data channel until somebody listens for `message`. */
	channelUnreadBytes: 1024 * 1024,
	/** Messages kept for a data channel until somebody listens for `message`. */
	channelUnreadMessages: 4096,
	/** Data channels of one session, open or opening at the same time. Each end numbers its own with half of libdatachannel's 1024 streams. */
	channelsPerSession: 500,
	/** A message on a session's control channel, in UTF-16 code units. */
	controlLength: 4096,
} as const;

/** Every wait, in milliseconds, with its reason. */
export const WAITS = {
	/** From opening a link until the master has admitted it. */
	linkOpen: 15_000,
	/** From the upgrade request until the auth listeners have decided. */
	auth: 10_000,
	/** From an admitted slave link until the slave has registered. */
	register: 10_000,
	/** From an offer until the slave's `offer` listeners have decided. */
	offer: 10_000,
	/** From `connect()` until the session is open, at the client. Firefox alone may spend 5 s on a lost first check. */
	connect: 20_000,
	/** From an accepted offer until the session is open, at the slave: the client's bound and a round trip. */
	accept: 25_000,
	/** How long a WebRTC connection may be `disconnected` before it counts as lost. */
	disconnected: 15_000,
	/** From asking a peer whether it is still there until it counts as gone. */
	probe: 5_000,
	/** How long a session that was closed waits for the other end to hang up, so that the last messages arrive. */
	flush: 2_000,
	/** How long a socket may take to finish its closing handshake before it is cut. */
	socketClose: 2_000,
} as const;
