/** The bounds of a master that its operator may change, with their reasons. LIMITS.md lists them with the protocol's. */
export const DEFAULT_LIMITS = {
	/** Links of clients. 8 to 16 KiB of memory each. */
	clients: 20_000,
	/** Links of slaves, and so the length of the directory. */
	slaves: 20_000,
	/** Encoded user data of all slaves together; every client is sent all of it, and the master keeps it as one string. */
	directoryLength: 64 * 1024 * 1024,
	/** Sessions of one client, from offer to close. A page plays on one slave and measures some. */
	sessionsPerClient: 64,
	/** Sessions of one slave, from offer to close. */
	sessionsPerSlave: 10_000,
	/** Sockets of all services together. */
	serviceLinks: 20_000,
	/** Links whose auth listeners have not decided yet. */
	pendingAuth: 1_000,
	/** Bytes that may wait for a link that does not read; then it is cut, and may come back. */
	backlogBytes: 16 * 1024 * 1024,
} as const;

/** Bounds of a master, all optional. */
export type MasterLimits = { [Name in keyof typeof DEFAULT_LIMITS]: number };
