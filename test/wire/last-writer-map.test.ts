import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { LastWriterMap, type LastWriterMapOptions, type Update } from '../../src/wire/index.js';

const DAY = 86_400_000;

function write(key: string, at: number, source = 'a', value: unknown = at, expiry?: number): Update<unknown> {
	return { key, value, at, source, expiry };
}

function mapOf(options: Partial<LastWriterMapOptions> = {}): LastWriterMap<unknown> {
	return new LastWriterMap<unknown>({ expiry: DAY, ...options });
}

function contents(map: LastWriterMap<unknown>, now: number): Record<string, unknown> {
	return Object.fromEntries(
		[...map.updates(now)].sort((a, b) => (a.key < b.key ? -1 : 1)).map((each) => [each.key, each]),
	);
}

describe('a last-writer map', () => {
	test('is the same for all who got the same writes, in any order and however often', () => {
		const update = fc.record({
			key: fc.constantFrom('x', 'y', 'z', 'constructor'),
			value: fc.integer(),
			at: fc.integer({ min: 1, max: 12 }),
			source: fc.constantFrom('a', 'b', 'c'),
			expiry: fc.constant(undefined),
		});
		// No source dates two writes the same.
		const updates = fc.uniqueArray(update, { selector: ({ at, source }) => `${at} ${source}`, maxLength: 30 });
		const deliveries = updates.chain((all) =>
			fc.record({
				all: fc.constant(all),
				orders: fc.array(
					fc.tuple(
						fc.shuffledSubarray(all, { minLength: all.length }),
						fc.shuffledSubarray(all),
						fc.shuffledSubarray(all),
					),
					{ minLength: 4, maxLength: 4 },
				),
			}),
		);
		fc.assert(
			fc.property(deliveries, ({ all, orders }) => {
				const maps = orders.map(([early, again, late]) => {
					const map = mapOf();
					for (const each of [...again, ...early, ...late]) map.apply(each, 1, 20);
					return contents(map, 20);
				});
				for (const map of maps) assert.deepEqual(map, maps[0]);
				assert.deepEqual(Object.keys(maps[0] ?? {}), [...new Set(all.map(({ key }) => key))].sort());
			}),
			{ numRuns: 500 },
		);
	});

	test('keeps the greater source of two that wrote at the same time', () => {
		const map = mapOf();
		assert.ok(map.apply(write('k', 5, 'b'), 0, 10));
		assert.equal(map.apply(write('k', 5, 'a'), 0, 10), undefined);
		assert.ok(map.apply(write('k', 5, 'c'), 0, 10));
		assert.equal(map.get('k', 10)?.source, 'c');
	});

	test('tells who has everything up to a clock what they lack, oldest first', () => {
		const map = mapOf();
		for (const each of [write('x', 3, 'a'), write('y', 9, 'b'), write('z', 5, 'a'), write('w', 4, 'c')])
			map.apply(each, 0, 10);
		assert.deepEqual(
			map.history({ a: 3, c: 4 }, 10).map(({ key }) => key),
			['z', 'y'],
		);
		assert.deepEqual(map.clock(10), { a: 5, b: 9, c: 4 });
		assert.deepEqual(map.clock(2), { b: 9, a: 5 }, 'the newest sources');
	});

	test('tells what was written after so many writes', () => {
		const map = mapOf();
		map.apply(write('x', 3), 0, 10);
		map.apply(write('y', 4), 0, 10);
		const { writes } = map;
		map.apply(write('x', 5), 0, 10);
		assert.deepEqual(
			map.history({}, 10, writes).map(({ at }) => at),
			[5],
		);
	});
});

describe('expiry', () => {
	test('takes a key out when its time is over, and not before', () => {
		const map = mapOf({ expiry: 100 });
		map.apply(write('x', 1000), 7, 1000);
		assert.equal(map.nextExpiry, 1100);
		assert.ok(map.get('x', 1099));
		assert.equal(map.get('x', 1100), undefined);
		assert.deepEqual([...map.updates(1100)], []);
		assert.deepEqual(map.history({}, 1100), []);
		assert.deepEqual(map.sweep(1099), []);
		assert.deepEqual(
			map.sweep(1100).map(({ key }) => key),
			['x'],
		);
		assert.equal(map.size, 0);
		assert.equal(map.bytes, 0);
		assert.equal(map.nextExpiry, undefined);
	});

	test('comes sooner for a key whose writer says so, and never later than the map says', () => {
		const map = mapOf({ expiry: 100 });
		map.apply(write('soon', 1000, 'a', 1, 10), 0, 1000);
		map.apply(write('late', 1001, 'a', 1, 1000), 0, 1001);
		assert.deepEqual(
			map.sweep(1010).map(({ key }) => key),
			['soon'],
		);
		assert.deepEqual(
			map.sweep(1101).map(({ key }) => key),
			['late'],
		);
	});

	test('is put off by writing again', () => {
		const map = mapOf({ expiry: 100 });
		for (let now = 1000; now <= 2000; now += 50) {
			map.apply(write('beat', now), 0, now);
			assert.deepEqual(map.sweep(now), []);
		}
		assert.equal(map.nextExpiry, 2100);
	});

	test('does not let in what has expired on its way', () => {
		assert.equal(mapOf({ expiry: 100 }).apply(write('x', 1000), 0, 1100), undefined);
	});
});

describe('the caps', () => {
	test('of keys lets the oldest go first, whenever it came', () => {
		const map = mapOf({ keys: 3 });
		for (const at of [7, 3, 9, 5]) map.apply(write(`k${at}`, at), 1, 10);
		assert.deepEqual(Object.keys(contents(map, 10)), ['k5', 'k7', 'k9']);
		assert.equal(map.apply(write('k1', 1), 1, 10), undefined, 'older than all of a full map');
		assert.ok(map.apply(write('k5', 6), 1, 10), 'a key that is there takes no room');
		assert.equal(map.size, 3);
	});

	test('of bytes lets as many go as the new one needs', () => {
		const map = mapOf({ bytes: 100 });
		for (const at of [1, 2, 3]) map.apply(write(`k${at}`, at), 30, 10);
		map.apply(write('big', 4), 60, 10);
		assert.deepEqual(Object.keys(contents(map, 10)), ['big', 'k3']);
		assert.equal(map.bytes, 90);
		assert.equal(map.apply(write('huge', 5), 101, 10), undefined);
		assert.ok(map.bytes <= 100);
	});

	test('hold for any writes', () => {
		const some = fc.array(
			fc.tuple(fc.constantFrom(...'abcdefgh'), fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 40 })),
		);
		fc.assert(
			fc.property(some, (writes) => {
				const map = mapOf({ keys: 4, bytes: 100, expiry: 20 });
				for (const [key, at, size] of writes) {
					map.apply(write(key, at), size, 25);
					const held = [...map.updates(0)];
					assert.ok(held.length <= 4 && map.size === held.length);
					assert.ok(map.bytes <= 100);
				}
			}),
		);
	});
});

describe('a clock from the future', () => {
	test('is clamped, so that others can write over it soon', () => {
		const map = mapOf({ future: 2000 });
		const taken = map.apply(write('x', DAY * 1000, 'fast'), 0, 10_000);
		assert.equal(taken?.at, 12_000);
		assert.ok(map.apply(write('x', 12_001, 'right'), 0, 12_001));
		assert.equal(map.get('x', 12_001)?.source, 'right');
	});

	test('keeps the order of its own writes', () => {
		const map = mapOf({ future: 2000 });
		const first = map.apply(write('x', 1e15, 'fast', 'first'), 0, 10_000);
		const second = map.apply(write('x', 1e15 + 1, 'fast', 'second'), 0, 10_000);
		assert.ok(first && second && second.at > first.at);
		assert.equal(map.get('x', 10_000)?.value, 'second');
	});

	test('does not win again when the same write comes back', () => {
		const map = mapOf({ future: 2000 });
		const fast = write('x', 1e15, 'fast');
		map.apply(fast, 0, 10_000);
		map.apply(write('x', 13_000, 'right'), 0, 13_000);
		assert.equal(map.apply(fast, 0, 20_000), undefined);
		assert.equal(map.get('x', 20_000)?.source, 'right');
		assert.equal(map.clock(10).fast, 1e15, 'its source need not send it again');
	});

	test('is remembered of a bounded number of sources', () => {
		const map = mapOf({ future: 2000, keys: 1 });
		for (let n = 0; n < 1000; n++) map.apply(write('x', 1e15 + n, `fast ${n}`), 0, 10_000);
		assert.ok(Object.keys(map.clock(1e6)).length <= 257);
	});
});
