/** The bounds of services that their operators may change, with their reasons. A section for each service. */

// Introduction and connection

export const DEFAULT_INTRODUCTION_LIMITS = {
	/** A message to the introduction endpoint, in bytes: some ten thousand keys. */
	introductionBytes: 1024 * 1024,
	/** What the keys that one peer has joined may cost: their characters and 256 for each. About 13 000 keys. */
	keyRoomPerPeer: 4 * 1024 * 1024,
	/** What the keys of all peers may cost. */
	keyRoom: 256 * 1024 * 1024,
	/** Introduction sockets with the same id: windows of one person, and lost ones. The oldest is closed for one more. */
	socketsPerId: 64,
	/** Bytes of introductions that may wait for a peer that does not read them; then it is cut. */
	introductionBacklogBytes: 4 * 1024 * 1024,
	/** A message on a connection, in bytes. */
	messageBytes: 16 * 1024 * 1024,
	/** What is kept of one end until its partner comes, in bytes; each message counts 64 more. */
	earlyBytes: 1024 * 1024,
	/** What is kept of all ends that wait for their partners. */
	earlyBytesOfAll: 64 * 1024 * 1024,
	/** How long one end waits for its partner, in milliseconds. An introduction reaches both at the same time. */
	partnerWait: 60_000,
	/** Bytes that may wait for an end that reads slower than its partner writes; then the partner is held back. */
	pipeBytes: 1024 * 1024,
	/** How long a socket may be silent when it is asked for a sign of life, in milliseconds; then it is cut. */
	silence: 30_000,
} as const;

/** Bounds of the introduction service, all optional. */
export type IntroductionLimits = { [Name in keyof typeof DEFAULT_INTRODUCTION_LIMITS]: number };
