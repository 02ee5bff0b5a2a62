import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parse, stringify } from '../../src/wire/devalue/index.js';

// The library as pages have it: `Buffer`, which it takes in Node, reads Base64 that no browser reads.
const { process } = globalThis;
Object.assign(globalThis, { process: undefined });
const library = await import('devalue');
Object.assign(globalThis, { process });

/** Stands for a host that has `Temporal`. */
class Instant {
	readonly #text: string;

	constructor(text: string) {
		this.#text = text;
	}

	static from(text: unknown): Instant {
		if (typeof text !== 'string') throw new RangeError('no instant');
		return new Instant(text);
	}

	get [Symbol.toStringTag](): string {
		return 'Temporal.Instant';
	}

	toString(): string {
		return this.#text;
	}
}
Object.assign(globalThis, { Temporal: { Instant, Now: {} } });

const OPTIONS = { operations: { viewInfo: library.defaultStringifyOperations.viewInfo } };

const leaf = fc.oneof(
	fc.string({ unit: 'binary' }),
	fc.constantFrom('<script>', '\u2028\u2029', '\ud800', '__proto__', '"\\'),
	fc.double(),
	fc.maxSafeInteger(),
	fc.bigInt(),
	fc.boolean(),
	fc.constantFrom(undefined, null, -0),
	fc.date({ noInvalidDate: false }),
	fc.uint8Array({ maxLength: 20 }),
	fc.float32Array({ maxLength: 5 }),
	fc.bigInt64Array({ maxLength: 3 }),
	fc.uint8Array({ minLength: 4, maxLength: 9 }).map((bytes) => bytes.subarray(1, 3)),
	fc.uint8Array({ minLength: 4, maxLength: 9 }).map(({ buffer }) => new DataView(buffer, 1, 2)),
	fc.uint8Array({ maxLength: 9 }).map(({ buffer }) => buffer),
	fc.constantFrom(/a<\/b/giu, /x/, new URL('https://example.com/a?b#c'), new URLSearchParams('a=b&c')),
	fc.constantFrom(Object(1), Object(-0), Object(Number.NaN), Object('x'), Object(true), Object(2n)),
	fc.constant(new Instant('1970-01-01T00:00:00Z')),
);

const key = fc
	.oneof(fc.string(), fc.constantFrom('0', '-1', 'constructor', 'View', '<'))
	.filter((each) => each !== '__proto__');

/** What cannot be written. */
const noData = fc.constantFrom(
	() => {},
	Symbol('x'),
	Promise.resolve(),
	new (class Player {})(),
	{ [Symbol('x')]: 1 },
	JSON.parse('{"__proto__":1}'),
	new WeakMap(),
	new Uint8Array(new SharedArrayBuffer(4)),
);

function trees(leaves: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
	return fc.letrec((tie) => ({
		tree: fc.oneof(
			{ maxDepth: 4 },
			leaves,
			fc.array(tie('tree'), { maxLength: 4 }),
			fc.sparseArray(tie('tree'), { maxLength: 30, maxNumElements: 4 }),
			fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
			fc.array(fc.tuple(tie('tree'), tie('tree')), { maxLength: 3 }).map((entries) => new Map(entries)),
			fc.array(tie('tree'), { maxLength: 3 }).map((items) => new Set(items)),
			tie('tree').map((part) => [part, part]),
			tie('tree').map((part) => {
				const circle: unknown[] = [part];
				circle.push(new Map([[circle, circle]]), new Set([circle]), { circle });
				return circle;
			}),
		),
	})).tree as fc.Arbitrary<unknown>;
}

/** What came of it: a value, or that it was refused. */
function outcome(run: () => unknown): { value: unknown } | 'refused' {
	try {
		return { value: run() };
	} catch {
		return 'refused';
	}
}

/** Written again, values show their prototypes, and what refers to what. Only data can be. */
const shown = (value: unknown): string => library.stringify(value);

function readsAlike(text: string): void {
	assert.equal(shown(parse(text)), shown(library.parse(text)), text);
}

/** What devalue reads is read alike; what it refuses is refused, or becomes data. */
function readsLikewise(text: string): void {
	const [ours, theirs] = [parse, library.parse].map((read) => outcome(() => shown(read(text))));
	if (theirs !== 'refused' && !passesOver(text)) assert.deepEqual(ours, theirs, text);
	else if (outcome(() => parse(text)) !== 'refused') assert.notEqual(ours, 'refused', text);
}

/** Whether there is something in a text that devalue reads, but never writes. */
function passesOver(text: string): boolean {
	const HOLE = -2;
	return [JSON.parse(text)].flat().some((value) => {
		if (!Array.isArray(value)) return Object.values(value ?? {}).includes(HOLE);
		const [tag, ...parts] = value;
		return ['null', -7].includes(tag) ? parts.includes(HOLE) : /^(Date|URL)/.test(tag) && parts.length !== 1;
	});
}

describe('the scripts for browsers write values', () => {
	it('as devalue does, character by character', () => {
		fc.assert(
			fc.property(trees(leaf), (value) => {
				assert.equal(stringify(value, undefined, OPTIONS), library.stringify(value));
			}),
			{ numRuns: 2000 },
		);
	});

	it('that devalue writes, and no others', () => {
		fc.assert(
			fc.property(trees(fc.oneof(leaf, noData)), (value) => {
				const [ours, theirs] = [stringify, library.stringify].map((write) =>
					outcome(() => write(value, undefined, OPTIONS)),
				);
				assert.deepStrictEqual(ours, theirs);
			}),
			{ numRuns: 1000 },
		);
	});

	it('without running through the holes of a long array', () => {
		const array: unknown[] = [];
		array[4_000_000_000] = 1;
		assert.equal(stringify(array, undefined, OPTIONS), '[[-7,4000000001,4000000000,1],1]');
	});

	it('as deep as anybody needs', () => {
		assert.equal(stringify(nested(DEEP), undefined, OPTIONS), library.stringify(nested(DEEP)));
	});
});

describe('the scripts for browsers read', () => {
	it('what devalue writes, as devalue does', () => {
		fc.assert(
			fc.property(trees(leaf), (value) => readsAlike(library.stringify(value))),
			{ numRuns: 2000 },
		);
	});

	it('anything else as devalue does, or as data: each tag with what does not belong to it', () => {
		const tag = fc.constantFrom(
			...['Map', 'Set', 'Date', 'BigInt', 'RegExp', 'Object', 'null', 'ArrayBuffer', 'URL', 'URLSearchParams'],
			...['Uint8Array', 'Float64Array', 'Float16Array', 'BigUint64Array', 'DataView', 'Uint8ClampedArray'],
			...['Temporal.Instant', 'Temporal.Now', 'Temporal.constructor', 'Temporal.', 'constructor', '__proto__', 'Array'],
		);
		const index = fc.oneof(
			{ weight: 8, arbitrary: fc.integer({ min: -8, max: 7 }) },
			fc.constantFrom(-0, 0.5, 1e9, 4294967295, 2 ** 53),
		);
		const word = fc.constantFrom('', 'g', 'AAAA', 'AAA', 'A', 'AB==', 'AB=', '*', '7', 'a=b', '__proto__', 'http://a/');
		const part = fc.oneof(
			{ weight: 5, arbitrary: index },
			word,
			fc.constantFrom(null, true),
			fc.array(index, { maxLength: 3 }),
		);
		const item = fc.oneof(
			part,
			fc.tuple(tag, fc.array(part, { maxLength: 4 })).map(([name, parts]) => [name, ...parts]),
			fc.array(index, { maxLength: 5 }),
			fc.array(part, { maxLength: 5 }),
			fc.array(part, { maxLength: 5 }).map((parts) => [-7, ...parts]),
			fc.dictionary(fc.oneof(word, tag), part, { maxKeys: 3 }),
		);
		const forged = fc.array(item, { maxLength: 8 });
		fc.assert(
			fc.property(fc.oneof({ weight: 9, arbitrary: forged }, item), (values) => readsLikewise(textOf(values))),
			{ numRuns: 20_000 },
		);
	});

	it('anything else as devalue does, or as data: one character changed, or another text', () => {
		const changed = trees(leaf).chain((value) => {
			const text = library.stringify(value);
			return fc
				.tuple(fc.nat(text.length - 1), fc.oneof(fc.string({ maxLength: 1 }), fc.constantFrom(...'-0123456789[]"{},')))
				.map(([at, character]) => text.slice(0, at) + character + text.slice(at + 1));
		});
		fc.assert(fc.property(fc.oneof({ weight: 9, arbitrary: changed }, fc.json(), fc.string()), readsLikewise), {
			numRuns: 5000,
		});
	});

	it('a long array without holes of memory for it', () => {
		const array = parse('[[-7,4000000000,3999999999,1],"x"]') as unknown[];
		assert.equal(array.length, 4_000_000_000);
		assert.deepEqual(Object.keys(array), ['3999999999']);
	});

	it('many long arrays without memory for them', () => {
		const before = process.memoryUsage().rss;
		const text = `[[${Array.from({ length: 1000 }, (_, at) => at + 1)}]${',[-7,30000000,9,-1]'.repeat(1000)}]`;
		const arrays = parse(text) as unknown[][];
		assert.ok(arrays.every((array) => array.length === 30_000_000 && 9 in array));
		assert.ok(process.memoryUsage().rss - before < 100e6, `${process.memoryUsage().rss - before} bytes`);
	});

	it('no circle of what cannot be in one', () => {
		for (const text of ['[["Object",0]]', '[["Uint8Array",0]]', '[["Object",1],["Object",0]]']) {
			assert.throws(() => parse(text), text);
		}
	});

	it('no prototypes, and no key __proto__', () => {
		for (const text of [
			'[{"__proto__":1},{"x":2},3]',
			'[["null","__proto__",1],{"x":2},3]',
			'[["Object",1],{"__proto__":1}]',
			'[[-7,3,"__proto__",{"x":1}]]',
		]) {
			assert.throws(() => parse(text), text);
		}
	});

	it('as deep as anybody needs', () => {
		const text = `[${Array.from({ length: DEEP }, (_, at) => `[${at + 1}]`).join()},0]`;
		assert.equal(shown(parse(text)), text);
	});
});

/** JSON with the number -0, which `JSON.stringify` does not write. */
function textOf(values: unknown): string {
	return JSON.stringify(values, (_, value) => (Object.is(value, -0) ? 'minus zero' : value)).replaceAll(
		'"minus zero"',
		'-0',
	);
}

/** Levels of a value that no stack is too small for, whatever the compiler makes of a function. */
const DEEP = 1000;

function nested(levels: number): unknown {
	let value: unknown = 0;
	for (let level = 0; level < levels; level++) value = [value];
	return value;
}
