/**
 * The three dialects of the introduction endpoint. A peer speaks one of them, and its first message says which:
 *
 *                  frames    list of keys     name of the other peer
 *     keys         text      join, leave      id                      cevitxe-signal-client 0.4
 *     documents    text      documentIds      userName                @localfirst/relay-client 3
 *     packed       binary    documentIds      peerId                  @localfirst/relay 4
 */
import { isName } from '../../../wire/index.js';
import { introductionKeyLength } from '../../../wire/limits.js';
import { packMap, unpack } from './msgpack.js';

/** What a peer asks for. */
export interface Request {
	type: 'join' | 'leave' | 'heartbeat';
	keys: string[];
}

/** How a peer is spoken to. */
export interface Dialect {
	readonly name: 'keys' | 'documents' | 'packed';
	/** Names of the lists of keys in a join and in a leave. */
	readonly joinField: string;
	readonly leaveField: string;
	/** The message that introduces a peer. */
	introduction(id: string, keys: string[]): string | Buffer;
}

const KEYS: Dialect = {
	name: 'keys',
	joinField: 'join',
	leaveField: 'leave',
	introduction: (id, keys) => JSON.stringify({ type: 'Introduction', id, keys }),
};

const DOCUMENTS: Dialect = {
	name: 'documents',
	joinField: 'documentIds',
	leaveField: 'documentIds',
	introduction: (id, keys) => JSON.stringify({ type: 'Introduction', userName: id, documentIds: keys }),
};

const PACKED: Dialect = {
	name: 'packed',
	joinField: 'documentIds',
	leaveField: 'documentIds',
	introduction: (id, keys) => packMap({ type: 'Introduction', peerId: id, documentIds: keys }),
};

/** What was read, or what is wrong with it. */
export type ReadRequest = { ok: true; dialect: Dialect; request: Request } | { ok: false; problem: string };

/**
 * Reads a message.
 *
 * @param spoken the dialect of the peer's first message, `undefined` when this is it
 */
export function readRequest(spoken: Dialect | undefined, data: Buffer, isBinary: boolean): ReadRequest {
	if (spoken !== undefined && isBinary !== (spoken === PACKED)) return bad('another dialect than the first message');
	let message: unknown;
	try {
		message = isBinary ? unpack(data) : JSON.parse(data.toString());
	} catch {
		return bad(`a message is not ${isBinary ? 'MessagePack' : 'JSON'}`);
	}
	if (typeof message !== 'object' || message === null || Array.isArray(message)) return bad('a message is no object');
	const fields = message as Record<string, unknown>;
	const type = TYPES.get(fields.type);
	if (type === undefined) return bad('a message of unknown type');
	const dialect = spoken ?? dialectOf(fields, isBinary);
	if (type === 'heartbeat') return { ok: true, dialect, request: { type, keys: [] } };
	const name = type === 'join' ? dialect.joinField : dialect.leaveField;
	const keys = fields[name];
	const isKey = (key: unknown): boolean => isName(key, introductionKeyLength);
	if (!Array.isArray(keys) || !keys.every(isKey)) {
		return bad(`"${name}" must be a list of texts of 1 to ${introductionKeyLength} characters`);
	}
	return { ok: true, dialect, request: { type, keys } };
}

/** What clients write; `@localfirst/relay` 4 names its heartbeat differently in its client and in its server. */
const TYPES = new Map<unknown, Request['type']>([
	['Join', 'join'],
	['Leave', 'leave'],
	['Heartbeat', 'heartbeat'],
	['❤️', 'heartbeat'],
]);

function dialectOf(fields: Record<string, unknown>, isBinary: boolean): Dialect {
	if (isBinary) return PACKED;
	return 'join' in fields || 'leave' in fields ? KEYS : DOCUMENTS;
}

function bad(problem: string): ReadRequest {
	return { ok: false, problem };
}
