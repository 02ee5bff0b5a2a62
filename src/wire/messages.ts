/**
 * Everything said on a link, named by direction. PROTOCOL.md has one line a message.
 *
 * A message is a JSON object in a text frame; `t` names it, and each direction has a table of the names it knows.
 * Unknown keys are dropped, so that a later minor version may add one; anything else that does not parse closes
 * the link.
 */
import * as v from 'valibot';
import { iceServers } from './ice.js';
import * as LIMITS from './limits.js';
import * as WAITS from './waits.js';

const id = v.pipe(v.string(), v.maxLength(LIMITS.idLength));
const sdp = v.pipe(v.string(), v.maxLength(LIMITS.sdpLength));
const reason = v.pipe(v.string(), v.maxLength(LIMITS.reasonLength));
const data = v.pipe(v.string(), v.maxLength(LIMITS.userDataLength));
const auth = v.optional(v.pipe(v.string(), v.maxLength(LIMITS.identityLength)));

/** A number that can be counted on. */
const seq = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** Which attempt of a session to connect over WebRTC, from 0. */
const attempt = v.optional(seq, 0);

/** RFC 8839 section 5.4; the native library ends the process on some that are none. */
const ice = v.pipe(v.string(), v.minLength(4), v.maxLength(LIMITS.iceLength), v.regex(/^[A-Za-z0-9+/]*$/));

/** The ICE credentials that the client has chosen for the slave's answer, where it wrote the answer itself. */
const credentials = v.optional(v.object({ ufrag: ice, pwd: v.pipe(ice, v.minLength(22)) }));

/** Where a slave can be reached without asking it first: its certificate's fingerprint, and its ICE candidates. */
const direct = v.optional(
	v.object({
		fingerprint: v.pipe(v.string(), v.regex(/^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/)),
		candidates: v.pipe(
			v.array(v.pipe(v.string(), v.regex(/^[\x20-\x7e]*$/), v.maxLength(LIMITS.candidateLength))),
			v.maxLength(LIMITS.directCandidates),
		),
	}),
);

/** Whether a session may run over the links. */
const relay = v.optional(v.boolean(), true);

/** Whether a session may run over WebRTC. */
const rtc = v.optional(v.boolean(), true);

/** Whether the slave has accepted the session, as far as the client knows: a slave that has no such session has ended it. */
const known = v.optional(v.boolean());

/** One ICE candidate of a session; an empty one says that no more will come. */
const candidate = v.object({
	session: id,
	attempt,
	candidate: v.pipe(v.string(), v.maxLength(LIMITS.candidateLength)),
	mid: v.pipe(v.string(), v.maxLength(LIMITS.midLength)),
});

/** The end of a session, from either side or from the master. */
const close = v.object({ session: id, reason });

/** The other end's link is gone: perhaps it is, too. `final`: it has said goodbye, or was away for too long. */
const gone = v.object({ session: id, final: v.optional(v.boolean()) });

/** The STUN and TURN servers of the next sessions, in place of those told before. */
const iceMessage = v.object({ servers: iceServers });

/** The slave has accepted; with its description, unless the client wrote that itself or makes no WebRTC connection. */
const answer = v.object({ session: id, attempt, sdp: v.optional(sdp), relay, rtc });

const resume = v.pipe(v.string(), v.maxLength(LIMITS.resumeTokenLength));

/** A sign of life, asked for; the resume token may be renewed with it. */
const beat = v.object({ resume: v.optional(resume) });

/** A sign of life, given. */
const beating = v.object({});

/** How often the master gives a sign of life, in milliseconds. */
const heartbeat = v.pipe(v.number(), v.minValue(1), v.maxValue(WAITS.heartbeatMost));

/** Who runs through the numbers of a directory: another run of the master counts anew. */
const epoch = v.pipe(v.string(), v.maxLength(LIMITS.idLength));

/** What a peer that has come back takes for its sessions, each with the id of its other end; in parts. */
const sessions = v.object({
	list: v.pipe(v.array(v.object({ session: id, peer: id })), v.maxLength(LIMITS.sessionsPerMessage)),
	/** Whether another part follows. */
	more: v.optional(v.boolean()),
});

/** Why a slave that is in the directory takes no offers. */
const state = v.optional(v.picklist(['unreachable', 'draining']));

/** Slaves in the directory, of each its id, its user data as it encoded it, its identity as the master encoded it. */
const entry = v.object({ id, data, auth, state, direct });
const entries = v.pipe(v.array(entry), v.maxLength(LIMITS.directoryEntries));

const serverPrefix = v.pipe(v.string(), v.maxLength(LIMITS.serverPrefixLength));
const serverName = v.pipe(v.string(), v.minLength(1), v.maxLength(LIMITS.serverNameLength));

/** A stream server: the prefix of the service that knows it, and its name there. */
const server = v.object({ prefix: serverPrefix, name: serverName });

/** How long to wait for a name to appear, in milliseconds. */
const wait = v.pipe(v.number(), v.minValue(0), v.maxValue(WAITS.findServerMost));

const ids = v.pipe(v.array(id), v.maxLength(LIMITS.directoryEntries));

/** Slaves that the last snapshot did not name, and nothing did since, are gone: the master does not expect them back. */
const settled = v.optional(v.boolean());

/** What a client tells its master. */
export const ClientToMaster = {
	offer: v.object({ session: id, slave: id, attempt, sdp: v.optional(sdp), ice: credentials, known }),
	candidate,
	close,
	/** Asks for a stream server by its name. `n` is the client's number for the answer. */
	find: v.object({ n: seq, ...server.entries, wait }),
	sessions,
	beat: beating,
};

/** What a slave tells its master. */
export const SlaveToMaster = {
	/** With `server` the slave is found by that name only, and is in no list. */
	register: v.object({ data, draining: v.optional(v.boolean()), server: v.optional(server), direct }),
	update: v.object({ data }),
	/** It is reached elsewhere now. */
	moved: v.object({ direct }),
	drain: v.object({}),
	answer,
	reject: v.object({ session: id, reason }),
	candidate,
	close,
	sessions,
	beat: beating,
};

/** What the master tells a slave. */
export const MasterToSlave = {
	registered: v.object({ id, resume, heartbeat, relay }),
	ice: iceMessage,
	offer: v.object({ session: id, client: id, auth, attempt, sdp: v.optional(sdp), ice: credentials, known }),
	/** `address`: where the master sees the client, if the candidate has a name that only the client's own network knows. */
	candidate: v.object({
		...candidate.entries,
		address: v.optional(v.pipe(v.string(), v.regex(/^[0-9A-Fa-f:.]{2,45}$/))),
	}),
	close,
	gone,
	/** Asks a stream server for a socket to the master's own service, at this ticket. */
	dial: v.object({ ticket: id }),
	beat,
};

/** What the master tells a client. */
export const MasterToClient = {
	welcome: v.object({ id, resume, heartbeat, relay }),
	ice: iceMessage,
	snapshot: v.object({ epoch, seq, slaves: entries, settled }),
	/** The list of a client that has come back is the master's again. */
	resumed: v.object({ seq }),
	/** `slaves`: those that are new or different. */
	delta: v.object({ seq, slaves: v.optional(entries), removed: v.optional(ids), settled }),
	answer,
	/** `code` is an error code; the slave's own rejection has `rejected`. */
	rejected: v.object({ session: id, code: v.pipe(v.string(), v.maxLength(LIMITS.codeLength)), reason }),
	candidate,
	close,
	gone,
	found: v.object({ n: seq, slave: entry }),
	/** `code` is an error code. */
	absent: v.object({ n: seq, code: v.pipe(v.string(), v.maxLength(LIMITS.codeLength)), reason }),
	beat,
};

/** The messages of one direction, or of a session's control channel: a schema for each name. */
export type Table = Record<string, v.GenericSchema<unknown, object>>;

/** Any message of a table. */
export type MessageOf<T extends Table> = {
	[Name in keyof T & string]: { t: Name } & v.InferOutput<T[Name]>;
}[keyof T & string];

export type ClientToMaster = MessageOf<typeof ClientToMaster>;
export type SlaveToMaster = MessageOf<typeof SlaveToMaster>;
export type MasterToSlave = MessageOf<typeof MasterToSlave>;
export type MasterToClient = MessageOf<typeof MasterToClient>;

/** A candidate as it passes between the two ends of a session. */
export type Candidate = v.InferOutput<typeof candidate>;

/** A slave as the directory tells of it. */
export type DirectoryEntry = v.InferOutput<typeof entry>;

/** A stream server: the prefix of the service that knows it, and its name there. */
export type ServerName = v.InferOutput<typeof server>;

/** Whether a slave of the directory takes offers. */
export type Availability = 'ready' | NonNullable<DirectoryEntry['state']>;

/** A text frame read, or what was wrong with it, in a few words that are safe to send back. */
export type Read<Message> = { ok: true; message: Message } | { ok: false; problem: string };

/** Reads one text frame. */
export function readMessage<T extends Table>(table: T, text: string): Read<MessageOf<T>> {
	let value: { t?: unknown } | null;
	try {
		value = JSON.parse(text) as { t?: unknown } | null;
	} catch {
		return { ok: false, problem: 'not JSON' };
	}
	const t = value?.t;
	const schema = typeof t === 'string' && Object.hasOwn(table, t) ? table[t] : undefined;
	if (schema === undefined) return { ok: false, problem: 'unknown message' };
	const result = v.safeParse(schema, value, { abortEarly: true });
	if (!result.success) return { ok: false, problem: `${t}: ${problemOf(result.issues[0])}` };
	return { ok: true, message: Object.assign(result.output, { t }) as MessageOf<T> };
}

function problemOf({ path, expected }: v.BaseIssue<unknown>): string {
	const where = path?.map((item) => String(item.key)).join('.') ?? '';
	return `${where.slice(0, 40)} must be ${expected}`;
}
