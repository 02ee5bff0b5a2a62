import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DEFAULT_STATE_LIMITS, type StateLimits } from '../../../src/master/services/limits.js';
import { StateSpace } from '../../../src/master/services/state-space.js';
import { StateSpaces } from '../../../src/master/services/state-spaces.js';
import { readLine, type Update } from '../../../src/wire/index.js';

const NOW = 1.7e12;
const DAY = 86_400_000;

function write(key: string, at: number, source = 'a', value: unknown = at): Update<unknown> {
	return { key, value, at, source, expiry: undefined };
}

function spaceOf(limits: Partial<StateLimits> = {}): StateSpace {
	return new StateSpace('master', DAY, { ...DEFAULT_STATE_LIMITS, ...limits });
}

/** Takes a write that is good; gives what everybody is told of it. */
function take(space: StateSpace, update: Update<unknown>, now = NOW): Update<unknown>[] {
	const taken = space.take(update, now);
	assert.ok(taken.ok);
	return taken.message.map(updateIn);
}

function updateIn(line: string): Update<unknown> {
	const read = readLine(line);
	assert.ok(read.ok && read.message.t === 'update', line);
	return read.message.update;
}

function contents(space: StateSpace, now = NOW): Update<unknown>[] {
	const frames = [...space.lackedBy({}, () => now)];
	return frames.flatMap((frame) => frame.trim().split('\n').map(updateIn));
}

describe('a namespace of shared state', () => {
	test('passes on what is new, and nothing else', () => {
		const space = spaceOf();
		assert.deepEqual(take(space, write('k', NOW - 5)), [write('k', NOW - 5)]);
		assert.deepEqual(take(space, write('k', NOW - 5)), [], 'the same again');
		assert.deepEqual(take(space, write('k', NOW - 9, 'b')), [], 'an older one');
		assert.deepEqual(take(space, write('k', NOW - 2 * DAY, 'c')), [], 'one that has expired');
	});

	test('settles writes of the same time with one of its own, for replicas that keep what they hear last', () => {
		for (const [first, second] of ['ab', 'ba']) {
			const space = spaceOf();
			take(space, write('k', NOW, first, `of ${first}`));
			const told = take(space, write('k', NOW, second, `of ${second}`));
			const last = told.at(-1);
			assert.equal(last?.value, 'of b');
			assert.equal(last?.source, 'master');
			assert.ok(last !== undefined && last.at > NOW && last.at < NOW + 1);
			assert.deepEqual(contents(space), [last]);
		}
	});

	test('dates its own writes in order', () => {
		const space = spaceOf();
		const times = ['x', 'y', 'z'].map((key) => {
			take(space, write(key, NOW, 'a'));
			return take(space, write(key, NOW, 'b')).at(-1)?.at ?? 0;
		});
		assert.deepEqual(times, [...new Set(times)].sort());
	});

	test('clamps times from the future, for everybody', () => {
		const space = spaceOf();
		const [told] = take(space, write('k', NOW + DAY));
		assert.equal(told?.at, NOW + DEFAULT_STATE_LIMITS.futureMs);
		assert.deepEqual(contents(space), [told]);
	});

	test('does not take a value that is too long', () => {
		const taken = spaceOf().take(write('k', NOW, 'a', 'x'.repeat(65 * 1024)), NOW);
		assert.deepEqual(taken, { ok: false, problem: 'a value is too long' });
	});

	test('sends a long history in pieces, and what is written in the meantime after it', () => {
		const space = spaceOf();
		for (let n = 0; n < 3000; n++) take(space, write(`k${n}`, NOW - 5000 + n, 'a', 'x'.repeat(50)));
		const frames = space.lackedBy({}, () => NOW);
		const first = frames.next().value ?? '';
		assert.ok(first.length < 70_000);
		take(space, write('k0', NOW, 'b', 'new'));
		take(space, write('late', NOW + 1, 'b', 'late'));
		const rest = [...frames].join('').trim().split('\n').map(updateIn);
		assert.equal(first.trim().split('\n').length + rest.length, 3002);
		assert.deepEqual(
			rest.slice(-2).map(({ value }) => value),
			['new', 'late'],
		);
	});

	test('expires by the time it is given', () => {
		const space = spaceOf();
		take(space, write('k', NOW));
		assert.equal(contents(space, NOW + DAY - 1).length, 1);
		assert.equal(contents(space, NOW + DAY).length, 0);
		space.sweep(NOW + DAY);
		assert.equal(space.size, 0);
		assert.equal(space.bytes, 0);
	});

	test('writes no longer digest than others read', () => {
		const space = spaceOf({ keys: 20_000, bytes: 1e9 });
		for (let n = 0; n < 20_000; n++) take(space, write(`k${n}`, NOW - n, `${n} ${'s'.repeat(100)}`));
		assert.ok(readLine(space.digest(NOW)).ok);
		assert.ok(space.digest(NOW).length < 1024 * 1024);
	});
});

describe('the namespaces of shared state', () => {
	const spacesOf = (limits: Partial<StateLimits>) =>
		new StateSpaces('master', () => DAY, { ...DEFAULT_STATE_LIMITS, ...limits });

	/** Somebody who comes, writes and leaves. */
	function visit(spaces: StateSpaces, namespace: string, size = 1, now = NOW): void {
		const shared = spaces.enter(namespace);
		assert.ok(shared, namespace);
		spaces.take(namespace, shared, write('k', now, 'a', 'x'.repeat(size)), now);
		spaces.leave(namespace, shared);
	}

	function has(spaces: StateSpaces, namespace: string): boolean {
		const shared = spaces.enter(namespace);
		assert.ok(shared);
		const { size } = shared.space;
		spaces.leave(namespace, shared);
		return size > 0;
	}

	test('outlive their writers, until their keys have expired', () => {
		const spaces = spacesOf({});
		visit(spaces, 'room');
		assert.equal(has(spaces, 'room'), true);
		spaces.sweep(NOW + DAY - 1);
		assert.equal(spaces.size, 1);
		spaces.sweep(NOW + DAY);
		assert.equal(spaces.size, 0);
		assert.equal(spaces.bytes, 0);
	});

	test('are forgotten at once when nothing was ever written there', () => {
		const spaces = spacesOf({});
		for (let n = 0; n < 10_000; n++) {
			const shared = spaces.enter(`room ${n}`);
			assert.ok(shared);
			spaces.leave(`room ${n}`, shared);
		}
		assert.equal(spaces.size, 0);
	});

	test('make room for a new one, of those that nobody is in the one that was written to longest ago', () => {
		const spaces = spacesOf({ namespaces: 3 });
		visit(spaces, 'b');
		visit(spaces, 'a');
		visit(spaces, 'c');
		visit(spaces, 'b', 1, NOW + 1);
		const kept = spaces.enter('a');
		visit(spaces, 'd');
		assert.equal(spaces.size, 3);
		assert.equal(kept?.space.size, 1);
		assert.equal(has(spaces, 'b'), true);
	});

	test('are refused when there are too many and somebody is in each', () => {
		const spaces = spacesOf({ namespaces: 10_000 });
		for (let n = 0; n < 10_000; n++) assert.ok(spaces.enter(`room ${n}`));
		assert.equal(spaces.enter('one more'), undefined);
		assert.ok(spaces.enter('room 5'));
	});

	test('take no more than all of them may, and those that nobody is in go first', () => {
		const spaces = spacesOf({ bytesOfAll: 10_000 });
		const busy = spaces.enter('busy');
		assert.ok(busy);
		spaces.take('busy', busy, write('k', NOW, 'a', 'x'.repeat(2000)), NOW);
		for (let n = 0; n < 50; n++) {
			visit(spaces, `room ${n}`, 2000, NOW + n);
			assert.ok(spaces.bytes <= 10_000);
		}
		assert.equal(busy.space.size, 1);
		assert.ok(has(spaces, 'room 49') && !has(spaces, 'room 0'));
		for (let n = 0; n < 50; n++) {
			spaces.take('busy', busy, write(`k${n}`, NOW + n, 'a', 'x'.repeat(2000)), NOW + n);
			assert.ok(spaces.bytes <= 10_000);
		}
		assert.ok(busy.space.size >= 3 && spaces.size === 1);
	});
});
