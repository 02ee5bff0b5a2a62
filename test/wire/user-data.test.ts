import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as library from 'devalue';
import fc from 'fast-check';
import { decodeUserData, EnslavismError, encodeUserData } from '../../src/wire/index.js';
import * as LIMITS from '../../src/wire/limits.js';

const roundTrip = (value: unknown): unknown => decodeUserData(encodeUserData(value));

const coded = (code: string) => (thrown: unknown) => thrown instanceof EnslavismError && thrown.code === code;

describe('user data', () => {
	const values: [name: string, value: unknown][] = [
		['undefined', undefined],
		['null', null],
		['true', true],
		['zero', 0],
		['minus zero', -0],
		['NaN', Number.NaN],
		['infinity', -Infinity],
		['a number', 1.5e300],
		['a BigInt', 2n ** 70n],
		['an empty string', ''],
		['a string with a NUL and half a surrogate pair', 'a\u0000\ud800'],
		['an array with undefined in it', [1, undefined, null]],
		['a list of lists', [[], [[]]]],
		['an object', { name: 'a', nested: { players: 16 } }],
		['an object without a prototype', Object.assign(Object.create(null), { a: 1 })],
		['a Date', new Date(1234567890123)],
		['a Map with objects as keys', new Map([[{ a: 1 }, new Set([1])]])],
		['a Set', new Set(['a', undefined, 3n])],
		['a RegExp', /a\/b/giu],
		['a URL', new URL('https://example.com/a?b#c')],
		['an ArrayBuffer', new Uint8Array([1, 2, 3]).buffer],
		['a Uint8Array', new Uint8Array([1, 2, 3])],
		['a Float64Array', new Float64Array([1.5, -0, Number.NaN])],
		['a BigInt64Array', new BigInt64Array([-1n])],
		['a key called constructor', { constructor: 1, toString: 'x', hasOwnProperty: null }],
	];
	for (const [name, value] of values) {
		it(`arrives as it was: ${name}`, () => assert.deepStrictEqual(roundTrip(value), value));
	}

	it('keeps holes of an array', () => {
		// biome-ignore lint/suspicious/noSparseArray: the hole is what this is about
		const holes = [1, , 3];
		const copy = roundTrip(holes) as unknown[];
		assert.equal(copy.length, 3);
		assert.equal(1 in copy, false);
	});

	it('keeps cycles and shared references', () => {
		const shared = { x: 1 };
		const value: Record<string, unknown> = { shared, again: shared, map: new Map() };
		value.self = value;
		(value.map as Map<string, unknown>).set('up', value);
		const copy = roundTrip(value) as typeof value;
		assert.equal(copy.self, copy);
		assert.equal(copy.again, copy.shared);
		assert.equal((copy.map as Map<string, unknown>).get('up'), copy);
	});

	it('is any mixture of these', () => {
		const leaf = fc.oneof(
			fc.string({ unit: 'binary' }),
			fc.double(),
			fc.bigInt(),
			fc.boolean(),
			fc.constantFrom(undefined, null),
			fc.date({ noInvalidDate: true }),
			fc.uint8Array({ maxLength: 20 }),
			fc.float32Array({ maxLength: 5 }),
		);
		const key = fc.string().filter((each) => each !== '__proto__');
		const { tree } = fc.letrec((tie) => ({
			tree: fc.oneof(
				{ maxDepth: 4 },
				leaf,
				fc.array(tie('tree'), { maxLength: 4 }),
				fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
				fc.array(fc.tuple(leaf, tie('tree')), { maxLength: 3 }).map((entries) => new Map(entries)),
				fc.array(leaf, { maxLength: 3 }).map((items) => new Set(items)),
			),
		}));
		fc.assert(
			fc.property(tree, (value) => assert.deepStrictEqual(roundTrip(value), value)),
			{ numRuns: 500 },
		);
	});
});

describe('a view of a part of a buffer', () => {
	const views = [
		new Uint8Array(new Uint8Array(64).fill(0xee).buffer, 8, 4),
		new Uint16Array(new Uint8Array(64).fill(0xee).buffer, 8, 4),
		new Float64Array(new Uint8Array(64).fill(0xee).buffer, 8, 2),
		new BigUint64Array(new Uint8Array(64).fill(0xee).buffer, 8, 2),
		new Uint8ClampedArray(new Uint8Array(64).fill(0xee).buffer, 63, 1),
		new Uint8Array(new Uint8Array(64).fill(0xee).buffer, 8, 0),
	];
	for (const view of views) {
		it(`arrives alone: ${view.constructor.name} of ${view.byteLength} bytes`, () => {
			const copy = (roundTrip({ view }) as { view: typeof view }).view;
			assert.deepStrictEqual(copy, view);
			assert.equal(copy.buffer.byteLength, view.byteLength);
		});
	}

	it('is written as devalue writes one of a buffer of its own', () => {
		for (const view of views) assert.equal(encodeUserData([view]), library.stringify([view.slice()]));
	});

	it('arrives alone: DataView', () => {
		const copy = roundTrip(new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2)) as DataView;
		assert.ok(copy instanceof DataView);
		assert.equal(copy.buffer.byteLength, 2);
		assert.equal(copy.getUint16(0), 0x0203);
	});

	it('arrives alone: a Buffer from the pool, as a Uint8Array', () => {
		const secret = 'the neighbour in the pool';
		Buffer.from(secret);
		const buffer = Buffer.from('mine');
		assert.ok(buffer.buffer.byteLength > buffer.byteLength, 'the buffer is of the pool');
		assert.deepStrictEqual(roundTrip(buffer), new Uint8Array(Buffer.from('mine')));
		assert.ok(encodeUserData(buffer).length < 100);
	});

	it('shares nothing with another view of the same buffer after it arrived', () => {
		const buffer = new ArrayBuffer(16);
		const [one, other] = roundTrip([new Uint8Array(buffer, 0, 4), new Uint8Array(buffer, 2, 4)]) as Uint8Array[];
		one?.fill(9);
		assert.deepStrictEqual(other, new Uint8Array(4));
	});
});

describe('user data that cannot be encoded', () => {
	const impossible: [name: string, value: unknown][] = [
		['a function', () => {}],
		['a function inside', { deep: [{ run() {} }] }],
		['a symbol', Symbol('x')],
		['a promise', Promise.resolve()],
		['an instance of a class', new (class Player {})()],
		['an object with a symbol key', { [Symbol('x')]: 1 }],
		['a __proto__ key', JSON.parse('{"__proto__":{"x":1}}')],
		['a WeakMap', new WeakMap()],
		[
			'a getter that throws',
			{
				get x() {
					throw new Error('not now');
				},
			},
		],
		['something that never ends', nested(200_000)],
	];
	for (const [name, value] of impossible) {
		it(`is refused with bad-user-data: ${name}`, () => {
			assert.throws(() => encodeUserData(value), coded('bad-user-data'));
		});
	}
});

function nested(depth: number): unknown {
	let value: unknown = 0;
	for (let level = 0; level < depth; level++) value = [value];
	return value;
}

describe('the limit of user data', () => {
	it('is met exactly', () => {
		const frame = encodeUserData('').length;
		const most = 'x'.repeat(LIMITS.userDataLength - frame);
		assert.equal(encodeUserData(most).length, LIMITS.userDataLength);
		assert.throws(() => encodeUserData(`${most}x`), coded('user-data-too-large'));
	});

	it('may be another, with another code', () => {
		assert.equal(encodeUserData(1, 3), '[1]');
		assert.throws(() => encodeUserData(1, 2), coded('user-data-too-large'));
		assert.throws(() => encodeUserData(1, 2, 'bad-auth'), coded('bad-auth'));
	});
});

describe('decoding what somebody else wrote', () => {
	function decodesOrRefuses(text: string): void {
		try {
			decodeUserData(text);
		} catch (thrown) {
			assert.ok(coded('bad-user-data')(thrown), `${text}: ${String(thrown)}`);
		}
	}

	const garbage = [
		...[
			'',
			'null',
			'0',
			'[]',
			'{}',
			'"x"',
			'[',
			'[1',
			'[[1]]',
			'[["Nothing",1],2]',
			'[["Map",9]]',
			'[["BigInt","x"],1]',
		],
		...[
			'[{"__proto__":1},{"x":2},3]',
			'[["null","__proto__",1],2]',
			'[["View",1]]',
			'[["View",0]]',
			'[["View",1],[2,3]]',
		],
		...['[["View",1],[2,2],"Nothing"]', '[["View",1],[2,2],"toString"]', '[["Uint8Array",1],["ArrayBuffer",5]]'],
	];
	it('throws bad-user-data for what is no user data', () => {
		for (const text of garbage) assert.throws(() => decodeUserData(text), coded('bad-user-data'), text);
	});

	it('never changes the prototype of objects', () => {
		for (const text of ['[{"__proto__":1},{"polluted":2},3]', '[{"constructor":1},{"prototype":2},{"polluted":3},4]']) {
			decodesOrRefuses(text);
			assert.equal(({} as { polluted?: unknown }).polluted, undefined);
		}
	});

	it('does not allocate what a short text asks for', () => {
		for (const name of ['Uint8Array', 'Float64Array', 'DataView']) {
			const text = `[["View",1],[2,3],"${name}",{"buffer":4},100000000]`;
			assert.throws(() => decodeUserData(text), coded('bad-user-data'), name);
		}
		assert.throws(() => decodeUserData('[["View",1],[2,3],"Uint8Array",100000000]'), coded('bad-user-data'));
	});

	it('never throws anything else', () => {
		const word = fc.constantFrom('View', 'Map', 'Set', 'Date', 'BigInt', 'RegExp', 'Object', 'null', 'ArrayBuffer');
		const more = fc.constantFrom('Uint8Array', 'Float64Array', 'DataView', 'URL', '__proto__', 'Temporal.Instant');
		const node = fc.integer({ min: -8, max: 6 });
		const tagged = fc
			.tuple(fc.oneof(word, more), fc.array(fc.oneof(node, fc.string(), fc.object()), { maxLength: 4 }))
			.map(([tag, rest]) => [tag, ...rest]);
		const item = fc.oneof(node, fc.string(), tagged, fc.array(node), fc.dictionary(fc.oneof(fc.string(), more), node));
		const forged = fc.array(item, { maxLength: 7 }).map((items) => JSON.stringify(items));
		fc.assert(fc.property(fc.oneof(forged, fc.json(), fc.string()), decodesOrRefuses), { numRuns: 3000 });
	});

	it('never throws anything else for good data with one character changed', () => {
		const good = encodeUserData({
			m: new Map([[1, new Date(0)]]),
			s: new Set([2n]),
			v: new Uint8Array(8).subarray(2, 5),
		});
		fc.assert(
			fc.property(fc.nat(good.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, character) =>
				decodesOrRefuses(good.slice(0, at) + character + good.slice(at + 1)),
			),
			{ numRuns: 1000 },
		);
	});

	it('is bounded in depth', () => {
		const deep = `[${Array.from({ length: 300_000 }, (_, index) => `[${index + 1}]`).join()},0]`;
		decodesOrRefuses(deep);
	});
});
