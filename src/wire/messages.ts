/**
 * Everything said on a link, named by direction. PROTOCOL.md has one line a message.
 *
 * A message is a JSON object in a text frame; `t` names it. Unknown keys are ignored, so that a later minor
 * version may add one; anything else that does not parse closes the link.
 */
import * as v from 'valibot';
import { LIMITS } from './limits.js';

const id = v.pipe(v.string(), v.minLength(1), v.maxLength(LIMITS.idLength));
const sdp = v.pipe(v.string(), v.maxLength(LIMITS.sdpLength));
const reason = v.pipe(v.string(), v.maxLength(LIMITS.reasonLength));
const data = v.pipe(v.string(), v.maxLength(LIMITS.userDataLength));
const identity = v.optional(v.pipe(v.string(), v.maxLength(LIMITS.identityLength)));

/** One ICE candidate of a session; an empty one says that no more will come. */
const candidate = v.object({
	t: v.literal('candidate'),
	session: id,
	candidate: v.pipe(v.string(), v.maxLength(LIMITS.candidateLength)),
	mid: v.pipe(v.string(), v.maxLength(LIMITS.midLength)),
});

/** The end of a session, from either side or from the master. */
const close = v.object({ t: v.literal('close'), session: id, reason });

/** The other end's link is gone: perhaps it is, too. */
const gone = v.object({ t: v.literal('gone'), session: id });

/** The slave's answer: it has accepted. */
const answer = v.object({ t: v.literal('answer'), session: id, sdp });

/** What a client tells its master. */
export const ClientToMaster = v.variant('t', [
	v.object({ t: v.literal('offer'), session: id, slave: id, sdp }),
	candidate,
	close,
]);

/** What a slave tells its master. */
export const SlaveToMaster = v.variant('t', [
	v.object({ t: v.literal('register'), data }),
	v.object({ t: v.literal('update'), data }),
	answer,
	v.object({ t: v.literal('reject'), session: id, reason }),
	candidate,
	close,
]);

/** What the master tells a slave. */
export const MasterToSlave = v.variant('t', [
	v.object({ t: v.literal('registered'), id }),
	v.object({ t: v.literal('offer'), session: id, client: id, auth: identity, sdp }),
	candidate,
	close,
	gone,
]);

/** One slave in the directory: its id, its user data as encoded by the slave, its identity as encoded by the master. */
const entry = v.union([v.tuple([id, data]), v.tuple([id, data, v.string()])]);

/** What the master tells a client. */
export const MasterToClient = v.variant('t', [
	v.object({ t: v.literal('welcome'), id }),
	v.object({ t: v.literal('snapshot'), seq: v.number(), slaves: v.array(entry) }),
	v.object({
		t: v.literal('delta'),
		seq: v.number(),
		added: v.optional(v.array(entry)),
		updated: v.optional(v.array(entry)),
		removed: v.optional(v.array(id)),
	}),
	answer,
	v.object({
		t: v.literal('rejected'),
		session: id,
		code: v.picklist(['rejected', 'slave-gone', 'limit-reached']),
		reason,
	}),
	candidate,
	close,
	gone,
]);

export type ClientToMaster = v.InferOutput<typeof ClientToMaster>;
export type SlaveToMaster = v.InferOutput<typeof SlaveToMaster>;
export type MasterToSlave = v.InferOutput<typeof MasterToSlave>;
export type MasterToClient = v.InferOutput<typeof MasterToClient>;

/** The messages that pass between the two ends of a session, unchanged by the master. */
export type Candidate = v.InferOutput<typeof candidate>;

/** A slave as the directory tells of it. */
export type DirectoryEntry = v.InferOutput<typeof entry>;

type Schema = v.GenericSchema<unknown, { t: string }>;

/** A text frame read, or what was wrong with it, in a few words that are safe to send back. */
export type Read<Message> = { ok: true; message: Message } | { ok: false; problem: string };

/** Reads one text frame. */
export function readMessage<S extends Schema>(schema: S, text: string): Read<v.InferOutput<S>> {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		return { ok: false, problem: 'not JSON' };
	}
	const result = v.safeParse(schema, value, { abortEarly: true });
	if (result.success) return { ok: true, message: result.output };
	return { ok: false, problem: problemOf(result.issues[0]) };
}

function problemOf(issue: v.BaseIssue<unknown> | undefined): string {
	const where = issue?.path?.map((item) => String(item.key)).join('.') ?? '';
	return `${where === '' ? 'message' : where.slice(0, 40)}: ${issue?.expected ?? 'other'} expected`;
}
