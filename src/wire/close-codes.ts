/** Close codes of links, from the range that RFC 6455 section 7.4.2 leaves to applications. */

/** A normal end. */
export const normal = 1000;
/** The master is going away. */
export const goingAway = 1001;
/** RFC 6455: a frame larger than the master reads. */
export const tooBig = 1009;
/** A message that is not JSON, or not one of the protocol's. */
export const badMessage = 4400;
/** An auth listener refused; the reason is the listener's. */
export const refused = 4401;
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
/** The master failed. */
export const internal = 4500;
