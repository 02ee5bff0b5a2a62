/**
 * Every bound of the protocol, with its reason. LIMITS.md is the same table for readers.
 *
 * Sizes of text are counted in UTF-16 code units, as `string.length` counts them, unless a name says bytes.
 */

/** User data, encoded. Every client holds the user data of every slave. */
export const userDataLength = 64 * 1024;
/** Authentication data as a subprotocol token; Node accepts 16 KiB of request headers in all. */
export const authTokenLength = 8 * 1024;
/** What an auth listener returned, encoded; it travels with every offer or directory entry. */
export const identityLength = 4 * 1024;
/** Session description. A data-channel-only description is 500 to 1500 characters in every browser. */
export const sdpLength = 16 * 1024;
/** One ICE candidate line; real ones stay below 300. */
export const candidateLength = 1024;
/** Media id of a candidate. */
export const midLength = 64;
/** Window of a new stream, in bytes; yamux's specification fixes it, both ends assume it. */
export const muxWindowBytes = 256 * 1024;
/** Largest window that a stream of its own grows to, in bytes: 40 MB/s at a round trip of 100 ms. */
export const muxMaxWindowBytes = 4 * 1024 * 1024;
/** The same of a session's stream through the master, which holds as much for an end that reads slowly. */
export const relayWindowBytes = 512 * 1024;
/** Bytes by which all windows of one connection together may have grown. */
export const muxGrowthBytes = 64 * 1024 * 1024;
/** Streams that each end of a connection may have open at the same time. */
export const muxStreams = 10_000;
/** Frames without data that wait to be sent; more are the work of an end that asks and does not listen. */
export const muxControlFrames = 65_536;
/** What a stream is opened with, encoded, in bytes of UTF-8. */
export const muxMetaBytes = 16 * 1024;
/** Largest frame on a byte stream, in bytes of data; how long one stream may keep the others waiting. */
export const muxFrameBytes = 64 * 1024;
/** Largest message on a carrier of messages, in bytes: a header, and as much data as a writer likely has at a time. */
export const muxMessageBytes = 12 + 16 * 1024;
/** Ids of clients, slaves and sessions. Ours are 22 characters. */
export const idLength = 64;
/** A resume token, or where a client's list stands, as a subprotocol token. Ours have about 90 characters. */
export const resumeTokenLength = 256;
/** Sessions in one message that lists them: 20 KiB of ids, well within a client's frame. */
export const sessionsPerMessage = 256;
/** An error code in a message. */
export const codeLength = 32;
/** The reason of a refusal, rejection or close. A WebSocket close frame holds 123 bytes of it. */
export const reasonLength = 1024;
/** ICE candidates that one end may send for one session. */
export const candidatesPerSession = 64;
/** A frame from a client to its master, in bytes: one description and its envelope, escaped. */
export const clientFrameBytes = 64 * 1024;
/** A frame from a slave to its master, in bytes: user data escaped as a JSON string, at worst six bytes a character. */
export const slaveFrameBytes = 6 * 64 * 1024 + 4096;
/** A frame from the master, in bytes: a snapshot of the largest directory an operator may allow. */
export const masterFrameBytes = 256 * 1024 * 1024;
/** Name of a data channel, in bytes of UTF-8. */
export const channelNameBytes = 1024;
/** Subprotocol name of a data channel, in bytes of UTF-8. */
export const channelProtocolBytes = 1024;
/** Bytes that may wait in one data channel before `send` refuses; Chromium's own bound is the same. */
export const channelBufferedBytes = 16 * 1024 * 1024;
/** Bytes kept for a data channel until somebody listens for `message`, counting {@link channelUnreadOverhead} for each message. */
export const channelUnreadBytes = 1024 * 1024;
/** What an unread message costs beside its content, in bytes. */
export const channelUnreadOverhead = 64;
/** Data channels of one session, open or opening at the same time. Each end numbers its own with half of libdatachannel's 1024 streams. */
export const channelsPerSession = 500;
/** Messages that a reliable channel keeps until they are acknowledged, however small they are. */
export const channelKeptMessages = 256 * 1024;
/** What eager channels may send before the other end has accepted, and what the master passes on until then, in bytes. */
export const earlyBytes = 64 * 1024;
/** Largest message of a channel, in bytes: what every implementation takes, less the head of a frame. */
export const messageBytes = 256 * 1024 - 64;
/** A message of a session about itself, in UTF-16 code units: a name, a subprotocol and a reason. */
export const controlLength = 16 * 1024;
/** What a session may have said about itself that the other end has not acknowledged: the names of all its channels. */
export const controlBufferedBytes = 2 * 1024 * 1024;
/** ICE user fragment or password (RFC 8839 section 5.4). */
export const iceLength = 256;
/** Candidates that a slave publishes: its addresses. */
export const directCandidates = 16;
/** Slaves in a snapshot or delta: five times the default of a master. */
export const directoryEntries = 100_000;
/** STUN and TURN servers of one link; a browser that asks more than a few is slow to connect. */
export const iceServers = 16;
/** URLs of one STUN or TURN server. */
export const iceUrls = 8;
/** A URL of a STUN or TURN server. */
export const iceUrlLength = 512;
/** User name and credential of a TURN server; RFC 8489 section 14.3 allows a name of 508 bytes. */
export const iceCredentialLength = 508;
/** Longest life of TURN credentials that a master makes, in seconds: 30 days, of which half fits into a timer. */
export const turnTtl = 2_592_000;
/** How often a session that failed at once is begun anew before the user hears of it. */
export const retries = 6;
/** Name of a namespace of a service. A document's id or a URL stays below. */
export const namespaceLength = 256;
/** Key of a shared state. */
export const stateKeyLength = 256;
/** Name of a source of a shared state: that of a replica. Those of the package `scuttlebutt` have up to 42 characters. */
export const stateSourceLength = 128;
/** A value of a shared state, as JSON. Every replica holds every value. */
export const stateValueLength = 64 * 1024;
/** Sources in a digest of a shared state that we write; the other side sends what it need not for any that is missing. */
export const stateClockSources = 4_000;
/** A line of a shared state's protocol: a digest of so many sources, or of 15 000 with names of 42 characters. */
export const stateLineLength = 1024 * 1024;
/** One side's token at the relay service. */
export const relayTokenLength = 256;
/** Name of a stream server. */
export const serverNameLength = 256;
/** Prefix of a service of stream servers: a part of a path. */
export const serverPrefixLength = 128;
/** Names that one client may wait for at the same time. */
export const findsPerClient = 64;
/** Streams that one client may have open at a stream server, unless it says otherwise: 64 MiB of windows. */
export const serverStreams = 256;
/** Bytes that a client of a service keeps while its socket is not open. */
export const outboxBytes = 1024 * 1024;
/** Messages that a client of a service keeps while its socket is not open, or until they are iterated over. */
export const outboxMessages = 4096;
/** A message that echo and relay pass on, in bytes: four times what goes over a data channel. */
export const serviceMessageBytes = 1024 * 1024;
/** Id of a peer at the introduction service. User names and public keys stay below 100 characters. */
export const introductionIdLength = 256;
/** Key at the introduction service. It must fit into the path of a connection. */
export const introductionKeyLength = 1024;
/** Connections to introduced peers that one `Introducer` has at a time; later introductions are passed over. */
export const introducedSockets = 1000;
/** A message of a channel that is relayed over a socket, in bytes; as much as Node takes over WebRTC. */
export const relayedMessageBytes = 256 * 1024;
/** Largest id of a channel that one end opens by itself; the numbers above are the session's. */
export const channelIdMost = 1020;
/** Connections of one `Peers`, open or opening; with more peers in the namespace the rest is present only. */
export const peerConnections = 128;
/** A message of two peers that agree on a connection, in UTF-16 code units: a description and what is around it, escaped. */
export const agreementLength = 6 * sdpLength;
