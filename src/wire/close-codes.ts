/** Close codes of links, from the range that RFC 6455 section 7.4.2 leaves to applications. */

/** A normal end. */
export const normal = 1000;
/** The end that sends it is going away: a page that is left. */
export const goingAway = 1001;
/** The master goes away and comes back; the reason says after how long to look for it (`restartReason`). */
export const restart = 1012;
/** RFC 6455: a frame larger than the master reads. */
export const tooBig = 1009;
/** A message that is not JSON, or not one of the protocol's. */
export const badMessage = 4400;
/** An auth listener refused; the reason is the listener's. */
export const refused = 4401;
/** Pages of this origin may not open links. */
export const wrongOrigin = 4403;
/** The other end speaks another protocol version. */
export const wrongVersion = 4406;
/** A slave did not register in time, or an auth listener did not decide in time. */
export const timeout = 4408;
/** A newer socket of the same peer has taken the place of this one. */
export const replaced = 4409;
/** The name of a stream server is another's. */
export const nameTaken = 4410;
/** The other end does not read fast enough; what waited for it was dropped with the link. */
export const slowReader = 4413;
/** A limit of the master was reached. */
export const limit = 4429;
/** The other end failed. */
export const internal = 4500;

/** Codes after which coming back would only be refused again: whoever hears one of them stays away. */
export const FINAL: readonly number[] = [normal, badMessage, refused, wrongOrigin, wrongVersion, replaced, nameTaken];
