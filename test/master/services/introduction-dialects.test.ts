import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { pack as packWithMsgpackr, unpack as unpackWithMsgpackr } from 'msgpackr';
import { readRequest } from '../../../src/master/services/introduction/dialects.js';
import { packMap, unpack } from '../../../src/master/services/introduction/msgpack.js';
import { readPath } from '../../../src/master/services/introduction/paths.js';

const text = (message: unknown) => readRequest(undefined, Buffer.from(JSON.stringify(message)), false);
const packed = (message: unknown) => readRequest(undefined, packWithMsgpackr(message), true);

function problemOf(data: Buffer | string, isBinary = false): string {
	const read = readRequest(undefined, Buffer.from(data), isBinary);
	assert.equal(read.ok, false, `${data} is refused`);
	return read.ok ? '' : read.problem;
}

describe('the dialects', () => {
	const cases = [
		{ name: 'keys', read: text({ type: 'Join', join: ['a', 'b'] }), type: 'join' },
		{ name: 'keys', read: text({ type: 'Leave', leave: ['a', 'b'] }), type: 'leave' },
		{ name: 'documents', read: text({ type: 'Join', documentIds: ['a', 'b'] }), type: 'join' },
		{ name: 'documents', read: text({ type: 'Leave', documentIds: ['a', 'b'] }), type: 'leave' },
		{ name: 'packed', read: packed({ type: 'Join', documentIds: ['a', 'b'] }), type: 'join' },
		{ name: 'packed', read: packed({ type: 'Leave', documentIds: ['a', 'b'] }), type: 'leave' },
	];
	for (const { name, read, type } of cases) {
		it(`knows a ${type} in "${name}" by its first message`, () => {
			assert.ok(read.ok);
			assert.equal(read.dialect.name, name);
			assert.deepEqual(read.request, { type, keys: ['a', 'b'] });
		});
	}

	it('reads heartbeats', () => {
		for (const read of [text({ type: 'Heartbeat' }), packed({ type: 'Heartbeat' }), packed({ type: '❤️' })]) {
			assert.ok(read.ok);
			assert.deepEqual(read.request, { type: 'heartbeat', keys: [] });
		}
	});

	it('introduces in the words of each', () => {
		const said = [
			text({ type: 'Join', join: [] }),
			text({ type: 'Join', documentIds: [] }),
			packed({ type: 'Join', documentIds: [] }),
		].map((read) => (read.ok ? read.dialect.introduction('bob', ['k', 'ü']) : assert.fail(read.problem)));
		assert.deepEqual(JSON.parse(String(said[0])), { type: 'Introduction', id: 'bob', keys: ['k', 'ü'] });
		assert.deepEqual(JSON.parse(String(said[1])), { type: 'Introduction', userName: 'bob', documentIds: ['k', 'ü'] });
		assert.deepEqual(unpackWithMsgpackr(said[2] as Buffer), {
			type: 'Introduction',
			peerId: 'bob',
			documentIds: ['k', 'ü'],
		});
	});

	it('refuses another dialect than that of the first message', () => {
		const first = { keys: { type: 'Join', join: ['a'] }, documents: { type: 'Join', documentIds: ['a'] } };
		for (const [spoken, other] of [
			[text(first.keys), text(first.documents)],
			[text(first.documents), text(first.keys)],
			[packed(first.documents), text(first.documents)],
			[text(first.documents), packed(first.documents)],
		]) {
			assert.ok(spoken?.ok && other?.ok);
			const message = other.dialect.name === 'keys' ? first.keys : first.documents;
			const isBinary = other.dialect.name === 'packed';
			const data = isBinary ? packWithMsgpackr(message) : Buffer.from(JSON.stringify(message));
			assert.equal(readRequest(spoken.dialect, data, isBinary).ok, false);
			assert.equal(readRequest(other.dialect, data, isBinary).ok, true);
		}
	});

	it('refuses what is no message', () => {
		for (const bad of ['', '{', 'null', '1', '"Join"', '[]', '{}', '{"type":"Jump"}', '{"type":1,"join":[]}']) {
			problemOf(bad);
		}
		assert.match(problemOf('{"type":"Join"}'), /documentIds/);
		assert.match(problemOf('{"type":"Leave","leave":"a"}'), /leave/);
		for (const key of [1, null, '', {}, ['a'], 'x'.repeat(1025), '\ud800']) {
			problemOf(JSON.stringify({ type: 'Join', join: ['fine', key] }));
			problemOf(packWithMsgpackr({ type: 'Join', documentIds: ['fine', key === '\ud800' ? '' : key] }), true);
		}
		problemOf('{"__proto__":{"type":"Join","join":[]}}');
		problemOf(`{"type":"Join","join":${'['.repeat(100_000)}`);
	});

	it('refuses binary messages cut at every byte, and with bytes behind them', () => {
		const whole = packWithMsgpackr({ type: 'Join', documentIds: ['one', 'two', 'x'.repeat(40), 'y'.repeat(300)] });
		for (let length = 0; length < whole.length; length++) problemOf(whole.subarray(0, length), true);
		problemOf(Buffer.concat([whole, Buffer.of(0)]), true);
	});

	it('survives any bytes as a first message', () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, isBinary) => {
				readRequest(undefined, Buffer.from(bytes), isBinary);
			}),
		);
	});
});

describe('MessagePack', () => {
	it('reads what msgpackr writes', () => {
		const value = fc.jsonValue({ maxDepth: 3 }).filter((each) => !JSON.stringify(each).includes('__proto__'));
		fc.assert(
			fc.property(value, (each) => {
				assert.deepEqual(JSON.stringify(unpack(packWithMsgpackr(each))), JSON.stringify(each));
			}),
		);
		for (const each of [2 ** 31, -(2 ** 31), 2 ** 40, -1, -33, 200, 70_000, -200, -40_000, 1.5]) {
			assert.equal(unpack(packWithMsgpackr(each)), each);
		}
	});

	it('writes what msgpackr reads', () => {
		const texts = fc.string({ unit: 'binary', maxLength: 80 }).filter((each) => !/\p{Surrogate}/u.test(each));
		fc.assert(
			fc.property(texts, fc.array(texts), (id, keys) => {
				assert.deepEqual(unpackWithMsgpackr(packMap({ id, keys })), { id, keys });
			}),
		);
		for (const size of [15, 16, 70_000]) {
			const map = { id: 'x'.repeat(size), keys: Array<string>(size).fill('k') };
			assert.deepEqual(unpackWithMsgpackr(packMap(map)), map);
		}
	});

	it('skips bytes and extensions', () => {
		assert.deepEqual(unpack(Buffer.of(0x93, 0xc4, 1, 9, 0xd4, 1, 9, 0xc7, 2, 1, 9, 9)), [
			undefined,
			undefined,
			undefined,
		]);
	});

	it('spends nothing on a list that is only announced', () => {
		const before = process.memoryUsage().rss;
		for (let n = 0; n < 200; n++) assert.throws(() => unpack(Buffer.of(0xdd, 0x7f, 0xff, 0xff, 0xff)));
		const nested = Buffer.alloc(5 * 10_000, Buffer.of(0xdd, 1, 0xff, 0xff, 0xff));
		assert.throws(() => unpack(nested), RangeError);
		assert.ok(process.memoryUsage().rss - before < 100 * 1024 * 1024);
	});

	it('refuses broken text, keys that are no text, unknown types and deep nesting', () => {
		for (const bytes of [[0xa1, 0xff], [0x81, 1, 1], [0xc1], Array(100).fill(0x91), []]) {
			assert.throws(() => unpack(Uint8Array.from(bytes as number[])));
		}
	});

	it('makes "__proto__" a key like any other', () => {
		const value = unpack(packMap({ ['__proto__']: 'x' })) as object;
		assert.equal(Object.getPrototypeOf(value), Object.prototype);
		assert.ok(Object.hasOwn(value, '__proto__'));
	});
});

describe('the paths', () => {
	it('are percent-decoded', () => {
		assert.deepEqual(readPath('/introduction/a%2Fb%3Ac'), { at: 'introduction', id: 'a/b:c' });
		assert.deepEqual(readPath('/connection/a:b/%C3%BC/k%20k'), {
			at: 'connection',
			id: 'a:b',
			remoteId: 'ü',
			key: 'k k',
		});
	});

	it('are exactly these', () => {
		for (const path of [
			'/',
			'/introduction',
			'/introduction/',
			'/introduction/a/b',
			'/connection/a/b',
			'/x/introduction/a',
		]) {
			assert.equal(readPath(path), undefined, path);
		}
	});

	it('say what is wrong with an id or a key', () => {
		const long = 'x'.repeat(10 * 1024);
		for (const path of [
			'/introduction/%E0%A4%A',
			'/introduction/%ff',
			`/introduction/${long}`,
			`/connection/a/b/${long}`,
			`/connection/a/${long}/k`,
			'/connection/a/a/k',
			'/connection/%61/a/k',
		]) {
			assert.equal(readPath(path)?.at, 'nowhere', path);
		}
	});
});
