import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
	type Introduction,
	KEY_COST,
	Matching,
	type MatchingLimits,
	type Meeting,
} from '../../../src/master/services/introduction/matching.js';

const LIMITS: MatchingLimits = { keyRoomPerPeer: 100_000, keyRoom: 1_000_000, socketsPerId: 3 };

function drain(meeting: Meeting<string> | undefined): Introduction<string>[] {
	assert.ok(meeting, 'there is room');
	const made: Introduction<string>[] = [];
	for (let step = meeting.next(); !step.done; step = meeting.next()) made.push(...(step.value ?? []));
	return made;
}

function engine(limits: Partial<MatchingLimits> = {}) {
	const matching = new Matching<string>({ ...LIMITS, ...limits });
	const enter = (id: string, handle = id) => matching.enter(id, handle).party;
	return { matching, enter };
}

describe('the matching engine', () => {
	it('introduces two that join the same key, the joiner first', () => {
		const { matching, enter } = engine();
		const [alice, bob] = [enter('alice'), enter('bob')];
		assert.deepEqual(drain(matching.join(alice, ['k'])), []);
		assert.deepEqual(drain(matching.join(bob, ['k'])), [
			{ to: 'bob', about: 'alice', keys: ['k'] },
			{ to: 'alice', about: 'bob', keys: ['k'] },
		]);
	});

	it('names all common keys, whichever of them was joined last', () => {
		const { matching, enter } = engine();
		const [alice, bob] = [enter('alice'), enter('bob')];
		drain(matching.join(alice, ['a', 'b', 'c']));
		drain(matching.join(bob, ['b', 'x']));
		const made = drain(matching.join(bob, ['c', 'y']));
		assert.equal(made.length, 2);
		for (const { keys } of made) assert.deepEqual([...keys].sort(), ['b', 'c']);
	});

	it('introduces a pair once for a join of many common keys', () => {
		const { matching, enter } = engine();
		const [alice, bob] = [enter('alice'), enter('bob')];
		drain(matching.join(alice, ['a', 'b', 'c']));
		assert.equal(drain(matching.join(bob, ['a', 'b', 'c', 'a'])).length, 2);
	});

	it('introduces again who joins a key again', () => {
		const { matching, enter } = engine();
		const [alice, bob] = [enter('alice'), enter('bob')];
		drain(matching.join(alice, ['k']));
		drain(matching.join(bob, ['k']));
		assert.equal(drain(matching.join(bob, ['k'])).length, 2);
		assert.deepEqual(drain(matching.join(bob, [])), []);
	});

	it('does not introduce who has left the key or is gone', () => {
		const { matching, enter } = engine();
		const [alice, bob, carol] = [enter('alice'), enter('bob'), enter('carol')];
		drain(matching.join(alice, ['k', 'l']));
		drain(matching.join(bob, ['k']));
		matching.leave(alice, ['k', 'never joined']);
		matching.exit(bob);
		assert.deepEqual(drain(matching.join(carol, ['k'])), []);
		assert.equal(drain(matching.join(carol, ['l'])).length, 2);
	});

	it('keeps nothing of those who are gone', () => {
		const { matching, enter } = engine();
		const parties = ['a', 'b', 'a', '__proto__'].map((id, n) => enter(id, `${n}`));
		for (const party of parties) drain(matching.join(party, ['k', '__proto__', 'constructor']));
		for (const party of parties) matching.exit(party);
		assert.deepEqual(matching.counts, { ids: 0, keys: 0 });
		const { party } = matching.enter('z', 'z');
		assert.ok(matching.join(party, Array(90).fill(0).map(String)), 'all room was given back');
	});

	it('takes "__proto__" and "constructor" for ids and keys like any other', () => {
		const { matching, enter } = engine();
		const [one, other] = [enter('__proto__'), enter('constructor')];
		drain(matching.join(one, ['__proto__', 'toString']));
		assert.deepEqual(
			drain(matching.join(other, ['toString', '__proto__'])).map(({ about }) => about),
			['__proto__', 'constructor'],
		);
	});

	it('has the newest of those with the same id stand for it, and never introduces them to each other', () => {
		const { matching, enter } = engine();
		const [old, bob] = [enter('alice', 'old'), enter('bob')];
		drain(matching.join(old, ['k']));
		assert.deepEqual(drain(matching.join(enter('alice', 'young'), ['k'])), []);
		assert.deepEqual(
			drain(matching.join(bob, ['k'])).map(({ to }) => to),
			['bob', 'young'],
		);
		assert.deepEqual(drain(matching.join(old, ['k'])), [], 'the old one is not heard while the new one stands');
	});

	it('lets an old socket go without a trace in its replacement', () => {
		const { matching, enter } = engine();
		const old = enter('alice', 'old');
		drain(matching.join(old, ['k']));
		const young = enter('alice', 'young');
		drain(matching.join(young, ['k']));
		assert.equal(matching.exit(old), undefined);
		assert.deepEqual(
			drain(matching.join(enter('bob'), ['k'])).map(({ to }) => to),
			['bob', 'young'],
		);
	});

	it('introduces the one before when the newest with an id goes', () => {
		const { matching, enter } = engine();
		const old = enter('alice', 'old');
		drain(matching.join(old, ['k']));
		const young = enter('alice', 'young');
		drain(matching.join(enter('bob'), ['k']));
		assert.deepEqual(drain(matching.exit(young)), [
			{ to: 'old', about: 'bob', keys: ['k'] },
			{ to: 'bob', about: 'alice', keys: ['k'] },
		]);
	});

	it('tells which socket is one too many with an id', () => {
		const { matching } = engine();
		const tooMany = ['1', '2', '3', '4'].map((handle) => matching.enter('alice', handle).tooMany);
		assert.deepEqual(tooMany, [undefined, undefined, undefined, '1']);
	});

	it('refuses keys for which one party has no room', () => {
		const { matching, enter } = engine({ keyRoomPerPeer: 2 * (KEY_COST + 1) });
		const alice = enter('alice');
		assert.ok(matching.join(alice, ['a', 'b', 'a']));
		assert.equal(matching.join(alice, ['c']), undefined);
		matching.leave(alice, ['a']);
		assert.ok(matching.join(alice, ['c']), 'leaving makes room');
	});

	it('refuses keys for which there is no room at all', () => {
		const { matching, enter } = engine({ keyRoom: 3 * (KEY_COST + 1) });
		const [alice, bob] = [enter('alice'), enter('bob')];
		assert.ok(matching.join(alice, ['a', 'b']));
		assert.equal(matching.join(bob, ['a', 'b']), undefined);
		matching.exit(alice);
		assert.ok(matching.join(bob, ['a', 'b']));
	});

	it('introduces a pair once when both join while the meetings of others are being made', () => {
		const { matching, enter } = engine();
		const parties = ['a', 'b', 'c', 'd'].map((id) => enter(id));
		const meetings = parties.map((party) => matching.join(party, ['k', 'l']));
		const made = meetings.flatMap((meeting) => drain(meeting).map(({ to, about }) => `${to} ${about}`));
		assert.equal(made.length, 12);
		assert.equal(new Set(made).size, 12);
	});

	it('introduces nobody who goes between two steps', () => {
		const { matching, enter } = engine();
		const others = ['a', 'b', 'c'].map((id) => enter(id));
		for (const other of others) drain(matching.join(other, ['k']));
		const late = enter('late');
		const meeting = matching.join(late, ['k']);
		assert.equal(meeting?.next().value?.[0]?.about, 'a');
		const [, b] = others;
		if (b !== undefined) matching.exit(b);
		assert.deepEqual(
			drain(meeting).map(({ about }) => about),
			['c', 'late'],
		);
		const gone = enter('gone');
		const none = matching.join(gone, ['k']);
		matching.exit(gone);
		assert.deepEqual(drain(none), []);
	});

	it('introduces once more on request, and only those who share the key', () => {
		const { matching, enter } = engine();
		const [alice, bob] = [enter('alice'), enter('bob')];
		drain(matching.join(alice, ['k']));
		drain(matching.join(bob, ['k', 'l']));
		assert.deepEqual(matching.again('bob', 'alice', 'k'), { to: 'bob', about: 'alice', keys: ['k'] });
		assert.equal(matching.again('bob', 'alice', 'l'), undefined);
		assert.equal(matching.again('nobody', 'alice', 'k'), undefined);
	});

	it('introduces every pair that shares a key, in both directions, in any order of joins and leaves', () => {
		const name = fc.integer({ min: 0, max: 4 }).map(String);
		const step = fc.record({
			who: name,
			keys: fc.array(name, { maxLength: 4 }),
			type: fc.constantFrom('join', 'leave'),
		});
		fc.assert(
			fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
				const { matching, enter } = engine();
				const parties = new Map(['0', '1', '2', '3', '4'].map((id) => [id, enter(id)]));
				const model = new Map([...parties.keys()].map((id) => [id, new Set<string>()]));
				for (const { who, keys, type } of steps) {
					const [party, own] = [parties.get(who), model.get(who)];
					assert.ok(party && own);
					if (type === 'leave') {
						matching.leave(party, keys);
						for (const key of keys) own.delete(key);
						continue;
					}
					for (const key of keys) own.add(key);
					const expected = [...model]
						.filter(([id, theirs]) => id !== who && keys.some((key) => theirs.has(key)))
						.flatMap(([id, theirs]) => {
							const common = [...own].filter((key) => theirs.has(key)).sort();
							return [`${who}<${id}:${common}`, `${id}<${who}:${common}`];
						});
					const made = drain(matching.join(party, keys)).map(
						({ to, about, keys: common }) => `${to}<${about}:${[...common].sort()}`,
					);
					assert.deepEqual(made.sort(), expected.sort());
				}
			}),
		);
	});
});
