import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { StateReplica } from '../../src/signal/state-replica.js';
import { type Digest, readLine } from '../../src/wire/index.js';
import { Network } from '../support/state-network.js';

const DAY = 86_400_000;

function digest(fields: Partial<Digest> = {}): Digest {
	return { t: 'digest', id: 'master', clock: {}, ...fields };
}

/** The keys, times and so on of the writes in some frames. */
function updatesIn(frames: string[]) {
	const lines = frames.join('').trim().split('\n');
	return lines.flatMap((line) => {
		const read = readLine(line);
		return read.ok && read.message.t === 'update' ? [read.message.update] : [];
	});
}

describe('a copy of a shared state', () => {
	test('has at once what is written to it, and tells what has changed', () => {
		const replica = new StateReplica();
		const { change } = replica.write('k', { a: 1 }, undefined, 1000);
		assert.deepEqual(change, { key: 'k', value: { a: 1 }, source: replica.id });
		assert.deepEqual(replica.get('k', 1000), { a: 1 });
		assert.equal(replica.write('k', { a: 1 }, undefined, 1001).change, undefined, 'the same value again');
		assert.deepEqual(replica.write('k', undefined, undefined, 1002).change?.value, undefined);
		assert.equal(replica.get('k', 1002), undefined);
		assert.deepEqual([...replica.entries(1002)], []);
	});

	test('does not share values with its writer', () => {
		const replica = new StateReplica();
		const value = { a: 1 };
		replica.write('k', value, undefined, 1000);
		value.a = 2;
		assert.deepEqual(replica.get('k', 1000), { a: 1 });
	});

	test('dates every write later than the one before, even if the clock is set back', () => {
		const replica = new StateReplica();
		replica.meet(digest({ now: 5000 }), 5000);
		const lines = [5000, 5000, 4000].map((now) => replica.write('k', now, undefined, now).line);
		const times = updatesIn(lines).map(({ at }) => at);
		assert.ok(
			times.every((at, index) => index === 0 || at > (times[index - 1] ?? 0)),
			String(times),
		);
		assert.equal(replica.get('k', 5000), 4000);
	});

	test('dates by the clock of the master, also what was written before it was met', () => {
		const replica = new StateReplica();
		replica.write('early', 1, undefined, 1000);
		const [early] = updatesIn(replica.meet(digest({ now: 9_001_000 }), 2000));
		assert.equal(early?.at, 9_000_000);
		const [late] = updatesIn([replica.write('late', 2, undefined, 3000).line]);
		assert.equal(late?.at, 9_002_000);
		assert.equal(replica.get('early', 3000), 1);
	});

	test('writes over what it has seen, also with a clock that is behind', () => {
		const replica = new StateReplica();
		// The digest was half a second on its way.
		replica.meet(digest({ now: 1000 }), 1500);
		replica.take({ key: 'k', value: 'theirs', at: 1550, source: 'zzz', expiry: undefined }, 1600);
		const [update] = updatesIn([replica.write('k', 'ours', undefined, 1600).line]);
		assert.equal(replica.get('k', 1600), 'ours');
		assert.ok(update !== undefined && update.at > 1550 && update.at < 1551);
	});

	test('brings the master what it lacks, and nothing else', () => {
		const replica = new StateReplica();
		replica.meet(digest({ now: 1000 }), 1000);
		replica.write('known', 1, undefined, 1000);
		replica.write('new', 2, undefined, 1005);
		replica.take({ key: 'other', value: 3, at: 1002, source: 'other', expiry: undefined }, 1005);
		const lacking = updatesIn(replica.meet(digest({ now: 1010, clock: { [replica.id]: 1001, other: 1002 } }), 1010));
		assert.deepEqual(
			lacking.map(({ key }) => key),
			['new'],
		);
	});

	test('lets keys expire when the master does', () => {
		const replica = new StateReplica();
		replica.write('k', 1, undefined, 1000);
		assert.equal(replica.nextSweep(1000), DAY);
		replica.meet(digest({ now: 1000, expiry: 100 }), 1000);
		replica.write('short', 2, 10, 1001);
		assert.equal(replica.nextSweep(1001), 10);
		assert.deepEqual(replica.sweep(1011), [{ key: 'short', value: undefined, source: replica.id }]);
		assert.equal(replica.get('k', 1099), 1);
		assert.equal(replica.get('k', 1100), undefined);
		replica.sweep(1100);
		assert.equal(replica.nextSweep(1100), undefined);
	});

	test('takes values of JSON only, and keys that the package scuttlebutt can have', () => {
		const replica = new StateReplica();
		const cycle: unknown[] = [];
		cycle.push(cycle);
		for (const value of [cycle, 1n, () => 1, Symbol('no'), 'x'.repeat(65 * 1024)]) {
			assert.throws(() => replica.write('k', value, undefined, 1000), { code: 'bad-option' });
		}
		for (const key of ['__proto__', 'k'.repeat(257), 5 as unknown as string]) {
			assert.throws(() => replica.write(key, 1, undefined, 1000), { code: 'bad-option' });
		}
		for (const expiry of [0, -1, Number.NaN, 1e300, '5' as unknown as number]) {
			assert.throws(() => replica.write('k', 1, expiry, 1000), { code: 'bad-option' });
		}
		assert.deepEqual([...replica.entries(1000)], []);
	});
});

const replica = fc.nat(2);
const action = fc.oneof(
	{
		weight: 25,
		arbitrary: fc.record({
			do: fc.constant('write' as const),
			replica,
			key: fc.constantFrom('x', 'y', 'z'),
			value: fc.option(fc.nat(99)),
		}),
	},
	{
		weight: 40,
		arbitrary: fc.record({ do: fc.constant('deliver' as const), replica, up: fc.boolean(), twice: fc.boolean() }),
	},
	{ weight: 10, arbitrary: fc.record({ do: fc.constant('connect' as const), replica }) },
	{ weight: 5, arbitrary: fc.record({ do: fc.constant('cut' as const), replica }) },
	{ weight: 10, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 500 }) }) },
	{ weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
);

test('three copies and the master come to the same, whatever is delayed, doubled, cut or restarted, with any clocks', () => {
	const skews = fc.tuple(fc.integer({ min: -DAY, max: DAY }), fc.constant(0), fc.integer({ min: -DAY, max: DAY }));
	fc.assert(
		fc.property(skews, fc.array(action, { maxLength: 120 }), (skew, actions) => {
			const network = new Network(skew);
			for (const each of actions) {
				if (each.do === 'write') network.write(each.replica, each.key, each.value);
				else if (each.do === 'deliver') network.deliver(each.replica, each.up, each.twice);
				else if (each.do === 'connect') network.connect(each.replica);
				else if (each.do === 'cut') network.cut(each.replica);
				else if (each.do === 'wait') network.now += each.ms;
				else network.restart();
			}
			network.settle();
			const [first, ...others] = network.states();
			for (const other of others) assert.deepEqual(other, first);
			for (const key of network.lastWritten) assert.ok(first !== undefined && key in first, `${key} was lost`);
		}),
		{ numRuns: 1000, interruptAfterTimeLimit: 20_000 },
	);
});
