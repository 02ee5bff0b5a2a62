import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
	ClientToMaster,
	MasterToClient,
	MasterToSlave,
	type MessageOf,
	readMessage,
	SlaveToMaster,
	type Table,
} from '../../src/wire/index.js';
import * as LIMITS from '../../src/wire/limits.js';
import * as WAITS from '../../src/wire/waits.js';

/** A good message of each name of a table, every optional key given. */
type Examples<T extends Table> = { [Name in keyof T & string]: Omit<Extract<MessageOf<T>, { t: Name }>, 't'> };

const direct = {
	fingerprint: Array(32).fill('0A').join(':'),
	candidates: ['1 1 UDP 2122317823 192.0.2.1 9 typ host', '2 1 UDP 1 2001:db8::1 9 typ host'],
};
const ice = { ufrag: 'a+/9', pwd: 'Zz0+'.repeat(6) };
const iceServers = { servers: [{ urls: 'stun:s.test' }, { urls: ['turn:t.test'], username: 'u', credential: 'c' }] };
const entry = { id: 'slave-1', data: '[1]', auth: '[2]', state: 'draining' as const, direct };
const candidate = { session: 's', attempt: 1, candidate: 'candidate:1 1 UDP 1 127.0.0.1 9 typ host', mid: '0' };

const clientToMaster: Examples<typeof ClientToMaster> = {
	offer: { session: 's', slave: 'b', attempt: 0, sdp: 'v=0', ice, known: true },
	candidate,
	close: { session: 's', reason: 'enough' },
	find: { n: 1, prefix: '/streams', name: 'a name', wait: 2000 },
	sessions: { list: [{ session: 's', peer: 'b' }], more: true },
	beat: {},
};

const slaveToMaster: Examples<typeof SlaveToMaster> = {
	register: { data: '[1]', draining: true, server: { prefix: '/streams', name: '__proto__' }, direct },
	update: { data: '[1]' },
	moved: { direct },
	drain: {},
	answer: { session: 's', attempt: 2, sdp: 'v=0', relay: false, rtc: true },
	reject: { session: 's', reason: 'full' },
	candidate,
	close: { session: 's', reason: '' },
	sessions: { list: [], more: false },
	beat: {},
};

const masterToSlave: Examples<typeof MasterToSlave> = {
	registered: { id: 'slave-1', resume: 'id.0.mac', heartbeat: 15_000, relay: true },
	ice: iceServers,
	offer: { session: 's', client: 'c', auth: '[1]', attempt: 3, sdp: 'v=0', ice, known: true },
	candidate,
	close: { session: 's', reason: 'enough' },
	gone: { session: 's', final: true },
	dial: { ticket: 't' },
	beat: { resume: 'id.0.mac' },
};

const masterToClient: Examples<typeof MasterToClient> = {
	welcome: { id: 'client-1', resume: 'id.0.mac', heartbeat: 15_000, relay: false },
	ice: iceServers,
	snapshot: { epoch: 'e', seq: 3, slaves: [entry], settled: true },
	resumed: { seq: 3 },
	delta: { seq: 4, slaves: [entry], removed: ['y'], settled: true },
	answer: { session: 's', attempt: 0, sdp: 'v=0', relay: true, rtc: false },
	rejected: { session: 's', code: 'rejected', reason: 'full' },
	candidate,
	close: { session: 's', reason: 'enough' },
	gone: { session: 's', final: true },
	found: { n: 1, slave: entry },
	absent: { n: 1, code: 'server-does-not-exist', reason: '' },
	beat: { resume: 'id.0.mac' },
};

const directions: [name: string, table: Table, examples: Record<string, object>][] = [
	['client to master', ClientToMaster, clientToMaster],
	['slave to master', SlaveToMaster, slaveToMaster],
	['master to slave', MasterToSlave, masterToSlave],
	['master to client', MasterToClient, masterToClient],
];

const OPTIONAL = new Set(
	'auth server delta.slaves removed state draining more settled sdp ice direct attempt relay rtc final known'.split(
		' ',
	),
);

const LENGTHS: Record<string, number> = {
	id: LIMITS.idLength,
	session: LIMITS.idLength,
	slave: LIMITS.idLength,
	client: LIMITS.idLength,
	sdp: LIMITS.sdpLength,
	candidate: LIMITS.candidateLength,
	mid: LIMITS.midLength,
	reason: LIMITS.reasonLength,
	data: LIMITS.userDataLength,
	auth: LIMITS.identityLength,
	code: LIMITS.codeLength,
	ticket: LIMITS.idLength,
	prefix: LIMITS.serverPrefixLength,
	name: LIMITS.serverNameLength,
	resume: LIMITS.resumeTokenLength,
	epoch: LIMITS.idLength,
};

const typeName = (value: unknown): string => (Array.isArray(value) ? 'array' : typeof value);

const WRONG: unknown[] = [null, true, 7, 'text', {}, [], ['text', 7], [null], [{}]];

/** Values for a key that its schema must refuse. An empty list is a good list. */
function wrongFor(good: unknown): unknown[] {
	return WRONG.filter((each) => typeName(each) !== typeName(good) || (Array.isArray(each) && each.length > 0)).filter(
		(each) => !(Array.isArray(good) && Array.isArray(each) && each.every((item) => typeof item === 'string')),
	);
}

function refused(table: Table, value: unknown, why: string): void {
	const read = readMessage(table, typeof value === 'string' ? value : JSON.stringify(value));
	assert.equal(read.ok, false, why);
	assert.ok(!read.ok && read.problem.length > 0 && read.problem.length <= 120, 'the problem is short');
}

for (const [direction, table, examples] of directions) {
	describe(`messages from ${direction}`, () => {
		it('have an example each in this test', () => {
			assert.deepEqual(Object.keys(examples).sort(), Object.keys(table).sort());
		});

		for (const [t, example] of Object.entries(examples)) {
			const good = { t, ...example };
			const keys = Object.entries(example);

			it(`${t}: a good one is read as it is`, () => {
				assert.deepEqual(readMessage(table, JSON.stringify(good)), { ok: true, message: good });
			});

			it(`${t}: keys that are not known are dropped`, () => {
				const text = `${JSON.stringify(good).slice(0, -1)},"later":1,"__proto__":{"polluted":1},"constructor":2}`;
				const read = readMessage(table, text);
				assert.deepEqual(read, { ok: true, message: good });
				assert.equal(read.ok && 'polluted' in read.message, false);
				assert.equal(read.ok && Object.hasOwn(read.message, '__proto__'), false);
			});

			it(`${t}: a missing key is refused, unless it is optional`, () => {
				for (const [key] of keys) {
					const { [key]: _, ...rest } = good as Record<string, unknown>;
					const read = readMessage(table, JSON.stringify(rest));
					assert.equal(read.ok, OPTIONAL.has(key) || OPTIONAL.has(`${t}.${key}`) || t === 'beat', key);
				}
			});

			it(`${t}: a key of another type is refused`, () => {
				for (const [key, value] of keys) {
					for (const wrong of wrongFor(value)) {
						refused(table, { ...good, [key]: wrong }, `${key}: ${JSON.stringify(wrong)}`);
					}
				}
			});

			it(`${t}: a string may be as long as its bound and no longer`, () => {
				for (const [key, value] of keys) {
					if (typeof value !== 'string') continue;
					const most = LENGTHS[key] ?? 0;
					assert.equal(readMessage(table, JSON.stringify({ ...good, [key]: 'x'.repeat(most) })).ok, true, key);
					refused(table, { ...good, [key]: 'x'.repeat(most + 1) }, key);
				}
			});
		}

		it('with another name are refused', () => {
			const names = ['', 'hello', 'Offer', ' close', '__proto__', 'constructor', 'toString', 'hasOwnProperty'];
			for (const t of names) refused(table, { ...Object.assign({}, ...Object.values(examples)), t }, t);
			for (const t of [null, 1, true, [], ['close'], {}, { toString: 'close' }]) refused(table, { t }, 'not a name');
			refused(table, { session: 's', reason: '' }, 'no name');
		});

		it('that are not objects, or not JSON, are refused', () => {
			const texts = [
				'',
				' ',
				'null',
				'1',
				'"close"',
				'true',
				'[]',
				'[{"t":"close"}]',
				'{',
				'{"t":',
				'undefined',
				'\u0000',
			];
			for (const text of texts) refused(table, text, text);
		});

		it('cut at any character are refused', () => {
			for (const [t, example] of Object.entries(examples)) {
				const text = JSON.stringify({ t, ...example });
				for (let end = 0; end < text.length; end++) refused(table, text.slice(0, end), `cut after ${end}`);
			}
		});

		it('are never answered with an exception, whatever they are', () => {
			const names = fc.constantFrom(...Object.keys(table), '__proto__', 'constructor');
			const keys = [...new Set(Object.values(examples).flatMap((each) => Object.keys(each))), '__proto__'];
			const body = fc.dictionary(fc.constantFrom(...keys), fc.jsonValue({ maxDepth: 3 }));
			const named = fc.tuple(names, body).map(([t, rest]) => JSON.stringify({ ...rest, t }));
			fc.assert(
				fc.property(fc.oneof(fc.string(), fc.json(), named), (text) => {
					const read = readMessage(table, text);
					assert.equal(typeof read.ok, 'boolean');
				}),
				{ numRuns: 500 },
			);
		});
	});
}

describe('the directory in messages', () => {
	const read = (message: object) => readMessage(MasterToClient, JSON.stringify(message)).ok;

	it('may be empty', () => {
		assert.ok(read({ t: 'snapshot', epoch: 'e', seq: 0, slaves: [] }));
		assert.ok(read({ t: 'delta', seq: 1 }));
	});

	it('is refused with one bad entry among good ones', () => {
		for (const bad of [
			null,
			'x',
			{},
			{ id: 'x' },
			{ id: 1, data: '' },
			{ id: 'x', data: null },
			{ ...entry, auth: 1 },
		]) {
			assert.equal(read({ t: 'snapshot', epoch: 'e', seq: 0, slaves: [entry, bad] }), false, JSON.stringify(bad));
			assert.equal(read({ t: 'delta', seq: 0, slaves: [entry, bad] }), false, JSON.stringify(bad));
		}
		assert.equal(read({ t: 'delta', seq: 0, removed: ['x', 'x'.repeat(LIMITS.idLength + 1)] }), false);
	});

	it('has ids and user data within their bounds', () => {
		const long = (length: number) => ({
			t: 'snapshot',
			epoch: 'e',
			seq: 0,
			slaves: [{ id: 'x', data: 'x'.repeat(length) }],
		});
		assert.equal(read(long(LIMITS.userDataLength)), true);
		assert.equal(read(long(LIMITS.userDataLength + 1)), false);
	});

	it('has a number that can be counted on', () => {
		for (const seq of ['-1', '1.5', '1e999', '9007199254740993']) {
			const text = `{"t":"snapshot","seq":${seq},"slaves":[]}`;
			assert.equal(readMessage(MasterToClient, text).ok, false, seq);
		}
	});
});

describe('what begins a connection over WebRTC', () => {
	const read = (table: Table, message: object) => readMessage(table, JSON.stringify(message)).ok;
	const pwd = 'x'.repeat(24);

	it('has ICE credentials as RFC 8839 has them, or none', () => {
		const offer = (ice: unknown) => read(ClientToMaster, { t: 'offer', session: 's', slave: 'b', ice });
		for (const good of [
			{ ufrag: 'abcd', pwd: 'x'.repeat(22) },
			{ ufrag: 'a+/9'.repeat(64), pwd: 'Z'.repeat(256) },
		]) {
			assert.equal(offer(good), true, JSON.stringify(good));
		}
		for (const ufrag of ['', 'abc', 'ab c', 'ab\r\n', 'äöüß', 'ab:d', 'a'.repeat(257), 5]) {
			assert.equal(offer({ ufrag, pwd }), false, JSON.stringify(ufrag));
		}
		for (const bad of ['', 'x'.repeat(21), `${pwd}\n`, `${pwd} `, `${pwd}!`, 'x'.repeat(257), null]) {
			assert.equal(offer({ ufrag: 'abcd', pwd: bad }), false, JSON.stringify(bad));
		}
		assert.equal(offer({ ufrag: 'abcd' }), false);
	});

	it('has addresses that can be put into a description, and nothing else', () => {
		const register = (changed: object) =>
			read(SlaveToMaster, { t: 'register', data: '[1]', direct: { ...direct, ...changed } });
		assert.equal(register({}), true);
		assert.equal(register({ candidates: [] }), true);
		for (const fingerprint of ['', 'AA', direct.fingerprint.toLowerCase(), `${direct.fingerprint}:00`, 'zz']) {
			assert.equal(register({ fingerprint }), false, fingerprint);
		}
		assert.equal(register({ fingerprint: `${direct.fingerprint}\r\na=x` }), false);
		for (const candidate of ['1 1 UDP\r\na=setup:passive', '\u0000', 'ü', 'x'.repeat(LIMITS.candidateLength + 1), 5]) {
			assert.equal(register({ candidates: [candidate] }), false, JSON.stringify(candidate).slice(0, 40));
		}
		assert.equal(register({ candidates: Array(LIMITS.directCandidates + 1).fill('1') }), false);
	});

	it('counts its attempts with whole numbers', () => {
		for (const attempt of [-1, 1.5, '1', 2 ** 53]) {
			assert.equal(read(ClientToMaster, { t: 'offer', session: 's', slave: 'b', attempt }), false, `${attempt}`);
		}
	});
});

describe('the heartbeat that a master announces', () => {
	it('is as long as a timer can hold', () => {
		for (const [ms, isGood] of [
			['1', true],
			[String(WAITS.heartbeatMost), true],
			['0', false],
			[String(WAITS.heartbeatMost + 1), false],
			['1e999', false],
		] as const) {
			const text = `{"t":"welcome","id":"x","resume":"y","heartbeat":${ms}}`;
			assert.equal(readMessage(MasterToClient, text).ok, isGood, ms);
		}
	});
});

describe('the name of a stream server in messages', () => {
	it('has a bound at both ends, wherever it is said', () => {
		for (const [length, isGood] of [
			[0, false],
			[1, true],
			[LIMITS.serverNameLength, true],
			[LIMITS.serverNameLength + 1, false],
		] as const) {
			const server = { prefix: '/p', name: 'x'.repeat(length) };
			const find = JSON.stringify({ t: 'find', n: 0, ...server, wait: 0 });
			assert.equal(readMessage(ClientToMaster, find).ok, isGood);
			assert.equal(readMessage(SlaveToMaster, JSON.stringify({ t: 'register', data: '', server })).ok, isGood);
		}
	});

	it('is not waited for without end', () => {
		for (const wait of ['-1', '60001', '1e999', 'null']) {
			const text = `{"t":"find","n":0,"prefix":"/p","name":"x","wait":${wait}}`;
			assert.equal(readMessage(ClientToMaster, text).ok, false, wait);
		}
	});
});
