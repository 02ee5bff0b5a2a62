/** The bounds of a master that its operator may change, with their reasons. LIMITS.md lists them with the protocol's. */
export const DEFAULT_LIMITS = {
	/** Links of clients. 8 to 16 KiB of memory each. */
	clients: 20_000,
	/** Links of slaves, and so the length of the directory; one that is unreachable counts until it is removed. */
	slaves: 20_000,
	/** Sockets of one address (of IPv6: of one /64), services' included. A school or a provider's gateway is one address. */
	linksPerAddress: 1_000,
	/** Encoded user data of all slaves together; every client is sent all of it, and the master keeps it as one string. */
	directoryLength: 64 * 1024 * 1024,
	/** Sessions of one client, from offer to close. A page plays on one slave and measures some. */
	sessionsPerClient: 64,
	/** Sessions of one slave, from offer to close. */
	sessionsPerSlave: 10_000,
	/** Offers of one client a second, on average. Each costs its slave a decision and a connection. */
	offersPerSecond: 10,
	/** Offers of one client at once: as many as it may have sessions, begun anew a few times. */
	offersAtOnce: 256,
	/** Offers that one slave has not decided on: a wave of joining players, within the slave's time to decide. */
	pendingOffersPerSlave: 1_000,
	/** Messages of one client a second, on average: a session takes about twenty. */
	clientMessagesPerSecond: 200,
	/** Messages of one client at once: all its sessions with all their candidates. */
	clientMessagesAtOnce: 8_192,
	/** Bytes of one client a second, on average. */
	clientBytesPerSecond: 128 * 1024,
	/** Bytes of one client at once. */
	clientBytesAtOnce: 2 * 1024 * 1024,
	/** Messages of one slave a second, on average: two hundred players that join. */
	slaveMessagesPerSecond: 5_000,
	/** Messages of one slave at once: all its sessions, after the master was away. */
	slaveMessagesAtOnce: 50_000,
	/** Bytes of one slave a second, on average. Its user data goes to every client. */
	slaveBytesPerSecond: 1024 * 1024,
	/** Bytes of one slave at once. */
	slaveBytesAtOnce: 16 * 1024 * 1024,
	/** Sockets of all services together. */
	serviceLinks: 20_000,
	/** Links whose auth listeners have not decided yet. */
	pendingAuth: 1_000,
	/** Bytes that may wait for a link that does not read; then it is cut, and may come back. */
	backlogBytes: 16 * 1024 * 1024,
	/** Changes of the directory that are kept for clients that come back; at 50 a second the last 20 seconds at least. */
	historyDeltas: 1_000,
	/** The length of all of them. */
	historyLength: 4 * 1024 * 1024,
} as const;

/** Bounds of a master, all optional. */
export type MasterLimits = { [Name in keyof typeof DEFAULT_LIMITS]: number };
