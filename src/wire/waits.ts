/** Every wait, in milliseconds, with its reason. */

/** From opening a link until the master has admitted it. */
export const linkOpen = 15_000;
/** From the upgrade request until the auth listeners have decided. */
export const auth = 10_000;
/** From an admitted slave link until the slave has registered. */
export const register = 10_000;
/** From an offer until the slave's `offer` listeners have decided. */
export const offer = 10_000;
/** From `connect()` until the session is open, at the client. Firefox alone may spend 5 s on a lost first check. */
export const connect = 20_000;
/** From an accepted offer until the session is open, at the slave: the client's bound and a round trip. */
export const accept = 25_000;
/** How long a WebRTC connection may be `disconnected` before it counts as lost. */
export const disconnected = 15_000;
/** The same where the session could go on through the master: on a poor line a doubt passes in a second or two. */
export const weak = 2_500;
/** From asking a peer whether it is still there until it counts as gone. */
export const probe = 5_000;
/** How long closing a channel or session waits for a sign that what was sent still arrives. */
export const flush = 2_000;
/** The other end closes an unreliable channel, until messages of it that have not come count as lost. */
export const lastWords = 250;
/** How long a socket may take to finish its closing handshake before it is cut. */
export const socketClose = 2_000;
/** A session that fails this soon has not failed for want of a path, and is begun anew. */
export const retry = 3_000;
/** Bound of the first wait before a lost connection is tried again; it doubles with every attempt. */
export const backoffBase = 500;
/** Largest bound of a wait before a lost connection is tried again. */
export const backoffCap = 15_000;
/** How long a connection must have lasted before the next loss begins with short waits again. */
export const backoffReset = 5_000;
/** How long a name may take to appear at which somebody wants a stream server, unless he says otherwise. */
export const findServer = 2_000;
/** The longest that anybody may wait for that. */
export const findServerMost = 60_000;
/** From the master's wish to talk to a stream server until that has opened a socket. */
export const dial = 10_000;
/** A stream server's socket to the master on which nothing arrives for this long is asked, and after as long again lost. */
export const streamsHeartbeat = 30_000;
/** How long a connection to a stream server is kept without a stream. */
export const streamsIdle = 10_000;
/** Largest bound of a wait before a slave tries again: well below {@link grace}, so that it is back in time. */
export const slaveBackoffCap = 3_000;
/** How long a slave that has lost its master stays in the directory. */
export const grace = 10_000;
/** From one sign of life to the next on a link; two that are missed mean that the link is lost. */
export const heartbeat = 15_000;
/** The longest that may be announced; past what a timer can hold it would be none. */
export const heartbeatMost = 600_000;
/** Longest wait that a restarting master can ask for. */
export const restart = 300_000;
/** From `drain()` until it resolves though sessions are left. */
export const drain = 60_000;
/** Life of a resume token, counted from when it was sent; it is renewed at half of that while the link lives. */
export const resumeToken = 24 * 3_600_000;
/** How long a presence key of a shared state lives without a heartbeat. */
export const presenceExpiry = 60_000;
/** From one heartbeat of a presence key to the next: two may be lost. */
export const presenceBeat = 20_000;
/** From an attempt to connect over WebRTC until it is given up for the next. */
export const rtc = 10_000;
/** The same for an attempt that does not wait for the other end's answer: the next one does. */
export const direct = 4_000;
/** How often a slave looks whether its machine has other addresses. */
export const addresses = 10_000;
/** How often it asks a STUN server for its address outside, and what a name stands for. */
export const reflexive = 60_000;
/** How long a slave waits for its addresses before it registers without them. */
export const gathering = 1_000;
/** How long a UDP port that this process has just let go of may stay in use: its sessions say their last words. */
export const portFree = 5_000;
/** How long a session without any path waits for one. */
export const pathless = 30_000;
/** How long the master keeps what waits for an end of a way that is over, and reads too slowly or not at all. */
export const relayEnd = 30_000;
/** From the meeting of two peers until WebRTC is open between them; then their connection is relayed. */
export const peerDirect = 10_000;
/** From the meeting of two peers until their connection is open, whichever way it goes. */
export const peerOpen = 25_000;
/** How long a stream of a WebRTC connection in Node is not used again after this end closed it: the other end has to, as well. */
export const streamRest = 10_000;
/** How long the native library may take to close the channels of a connection that is closed. */
export const letGo = 1_000;
