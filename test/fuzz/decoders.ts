/** Everything that reads what a stranger said. Each takes bytes, and may refuse them; what it throws must be a refusal of its own. */
import { directoryCopy, type ListedEntry } from '../../src/client/directory-copy.js';
import { addressOf, hostOf } from '../../src/master/addresses.js';
import { isAllowed } from '../../src/master/origins.js';
import { ResumeTokens } from '../../src/master/resume-tokens.js';
import { readRequest } from '../../src/master/services/introduction/dialects.js';
import { unpack } from '../../src/master/services/introduction/msgpack.js';
import { readPath } from '../../src/master/services/introduction/paths.js';
import { readFrame } from '../../src/peer/frames.js';
import { problemOfSdp, splitCandidates } from '../../src/peer/sdp.js';
import {
	ClientToMaster,
	decodeUserData,
	EnslavismError,
	encodeUserData,
	MasterToClient,
	MasterToSlave,
	readControl,
	readHandshake,
	readLine,
	readMessage,
	readTrusted,
	restartDelay,
	SlaveToMaster,
	type Table,
} from '../../src/wire/index.js';
import * as WAITS from '../../src/wire/waits.js';

type Decoder = (bytes: Buffer) => void;

function holds(condition: boolean, what: string): void {
	if (!condition) throw new Error(what);
}

/** What was read once is read the same when it is written again: nothing is lost between the two. */
const messages =
	(table: Table): Decoder =>
	(bytes) => {
		const read = readMessage(table, bytes.toString());
		if (!read.ok) return holds(read.problem.length <= 120, 'the problem is short');
		const again = readMessage(table, JSON.stringify(read.message));
		holds(again.ok && JSON.stringify(again.message) === JSON.stringify(read.message), 'read twice, it is the same');
	};

/** Refuses with its own error, or gives something. */
const refusing =
	(decode: (text: string) => unknown): Decoder =>
	(bytes) => {
		try {
			decode(bytes.toString());
		} catch (error) {
			if (!(error instanceof EnslavismError)) throw error;
		}
	};

const asRequest = (text: string) =>
	({
		headers: { origin: text, host: text, 'x-forwarded-for': text, 'x-forwarded-host': text },
		socket: { remoteAddress: text },
	}) as never;

const tokens = new ResumeTokens('a secret of the fuzzer');

/** A client that is told anything by its master ends with a list, or with a refusal. */
const directory: Decoder = (bytes) => {
	const ids = new Set<string>();
	const copy = directoryCopy<{ entry: ListedEntry }>(
		(entry) => ({ entry }),
		(event, { entry: { id } }) => {
			holds(ids.has(id) === (event !== 'slaveadded'), `${event} out of turn`);
			if (event === 'slaveremoved') ids.delete(id);
			else ids.add(id);
		},
	);
	for (const line of bytes.toString().split('\n')) {
		const read = readMessage(MasterToClient, line);
		if (!read.ok) continue;
		const { message } = read;
		if (message.t === 'snapshot' || message.t === 'delta') copy.take(message);
	}
};

export const DECODERS: Record<string, Decoder> = {
	'client to master': messages(ClientToMaster),
	'slave to master': messages(SlaveToMaster),
	'master to client': messages(MasterToClient),
	'master to slave': messages(MasterToSlave),
	'trusted message': (bytes) => {
		try {
			readTrusted(bytes.toString());
		} catch (thrown) {
			holds(thrown instanceof SyntaxError, 'not JSON');
		}
	},
	'control message': (bytes) => void readControl(bytes.toString()),
	handshake: (bytes) => void readHandshake(bytes.toString('latin1')),
	'resume token': (bytes) => {
		holds(tokens.verify(bytes.toString(), { kind: 'slave', identity: undefined }, 0) === undefined, 'not ours');
	},
	'restart delay': (bytes) => {
		const delay = restartDelay(bytes.toString());
		holds(Number.isNaN(delay) || (delay >= 0 && delay <= WAITS.restart), 'within its bound');
	},
	'user data': refusing((text) => {
		const value = decodeUserData(text);
		encodeUserData(value, Number.POSITIVE_INFINITY);
	}),
	'session description': (bytes) => void [problemOfSdp(bytes.toString()), splitCandidates(bytes.toString())],
	'frame of a session': (bytes) => void readFrame(bytes),
	'line of a shared state': (bytes) => void readLine(bytes.toString()),
	'message of the introduction': (bytes) => {
		readRequest(undefined, bytes, true);
		readRequest(undefined, bytes, false);
	},
	'path of the introduction': (bytes) => void readPath(bytes.toString()),
	MessagePack: (bytes) => {
		try {
			unpack(bytes);
		} catch (error) {
			// It throws on anything else than MessagePack; whoever calls it expects that.
			if (!(error instanceof Error)) throw error;
		}
	},
	'headers of a request': (bytes) => {
		const request = asRequest(bytes.toString('latin1'));
		addressOf(request, 3);
		isAllowed(undefined, request, hostOf(request, true));
	},
	'list of slaves': directory,
};
