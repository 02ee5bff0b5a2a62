import * as WIRE from '../../wire/limits.js';

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

// Echo

export const DEFAULT_ECHO_LIMITS = {
	/** Namespaces that somebody is in. */
	namespaces: 10_000,
	/** A message, in bytes. */
	messageBytes: WIRE.serviceMessageBytes,
	/** Bytes that may wait for one that reads slower than the namespace writes; then it is dropped. */
	backlogBytes: 8 * 1024 * 1024,
	/** What is kept of a namespace for those who come later, in bytes, if anything is kept at all. */
	historyBytes: 1024 * 1024,
	/** How long a socket may be silent when it is asked for a sign of life, in milliseconds; then it is cut. */
	silence: 30_000,
} as const;

/** Bounds of the echo service, all optional. */
export type EchoLimits = { [Name in keyof typeof DEFAULT_ECHO_LIMITS]: number };

// Shared state

export const DEFAULT_STATE_LIMITS = {
	/** Namespaces; the one that was written to longest ago, and that nobody is in, makes room for a new one. */
	namespaces: 10_000,
	/** Keys of a namespace; the oldest goes first. */
	keys: 10_000,
	/** What the keys and values of a namespace may take, in bytes, 256 more for each; the oldest go first. */
	bytes: 16 * 1024 * 1024,
	/** What all namespaces together may take, counted the same way. Those that nobody is in go first. */
	bytesOfAll: 256 * 1024 * 1024,
	/** A frame, in bytes: the longest line with some characters that take more than one byte. */
	frameBytes: 2 * 1024 * 1024,
	/** Bytes that may wait for one that reads slower than the namespace writes; then it is dropped. */
	backlogBytes: 8 * 1024 * 1024,
	/** How far ahead of the master a time of a write may be, in milliseconds. A clock that is set by network is exacter. */
	futureMs: 2_000,
	/** How long a socket may be silent when it is asked for a sign of life, in milliseconds; then it is cut. */
	silence: 30_000,
} as const;

/** Bounds of the shared state service, all optional. */
export type StateLimits = { [Name in keyof typeof DEFAULT_STATE_LIMITS]: number };

// Relay

export const DEFAULT_RELAY_LIMITS = {
	/** A message, in bytes. */
	messageBytes: WIRE.serviceMessageBytes,
	/** How long one may take to say its tokens, in milliseconds. */
	headerWait: 10_000,
	/** How long one may wait for the other, in milliseconds. */
	partnerWait: 10 * 60_000,
	/** How many may wait with the same tokens: one that lost its line comes back before the master knows of the loss. */
	waitersPerTokens: 8,
	/** What is kept of one until the other comes, in bytes; each message counts 64 more. */
	earlyBytes: 256 * 1024,
	/** What is kept of all that wait. */
	earlyBytesOfAll: 64 * 1024 * 1024,
	/** Bytes that may wait for one that reads slower than the other writes; then the other is held back. */
	pipeBytes: 1024 * 1024,
	/** How long one may hold the other back without reading half of that, in milliseconds; then both are closed. */
	stall: 30_000,
	/** How long a socket may be silent when it is asked for a sign of life, in milliseconds; then it is cut. */
	silence: 30_000,
} as const;

/** Bounds of the relay service, all optional. */
export type RelayLimits = { [Name in keyof typeof DEFAULT_RELAY_LIMITS]: number };
