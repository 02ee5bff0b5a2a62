import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Returning } from '../../src/master/returning.js';
import { type SessionRoute, Sessions } from '../../src/master/sessions.js';

const route = (id: string, client = 'c', slave = 's'): SessionRoute => ({ id, client, slave });

/** A peer that comes back, and what is said because of what it says. */
function returning(sessions: Sessions, peer: string, most = 10) {
	const said: string[] = [];
	const it = new Returning(peer, sessions, most, {
		unknown: (session) => said.push(`unknown ${session}`),
		ended: ({ id }) => said.push(`ended ${id}`),
	});
	return { it, said };
}

describe('a peer that comes back', () => {
	it('keeps the sessions that it names, and ends those that it does not', () => {
		const sessions = new Sessions();
		for (const id of ['a', 'b', 'c']) sessions.add(route(id));
		const { it, said } = returning(sessions, 'c');
		// One that was opened since is none of those.
		sessions.add(route('new'));
		assert.equal(it.take([route('a')], true), true);
		assert.equal(it.take([route('c')], false), true);
		assert.deepEqual(said, ['ended b']);
		assert.deepEqual(
			['a', 'b', 'c', 'new'].map((id) => sessions.of('c', id) !== undefined),
			[true, false, true, true],
		);
		assert.equal(it.take([], false), false, 'it says so once');
	});

	it('makes a session known together with its other end, in either order', () => {
		for (const [first, second] of [
			['c', 's'],
			['s', 'c'],
		] as const) {
			const sessions = new Sessions();
			const [one, other] = [returning(sessions, first), returning(sessions, second)];
			one.it.take([route('a')], false);
			assert.equal(sessions.size, 0);
			other.it.take([route('a')], false);
			assert.equal(sessions.size, 1);
			one.it.doubt();
			other.it.doubt();
			assert.deepEqual([one.said, other.said], [[], []]);
		}
	});

	it('is told of sessions that nobody else knows when time is up', () => {
		const sessions = new Sessions();
		const { it, said } = returning(sessions, 'c');
		it.take([route('a'), route('b')], false);
		assert.deepEqual(said, []);
		it.doubt();
		assert.deepEqual(said, ['unknown a', 'unknown b']);
		returning(sessions, 's').it.take([route('a')], false);
		assert.ok(sessions.of('c', 'a'), 'late, but while it is waited for');
		it.abandon();
		returning(sessions, 's').it.take([route('a'), route('b')], false);
		assert.equal(sessions.of('c', 'b'), undefined, 'too late');
	});

	it('cannot make up a session with somebody who names another one', () => {
		const sessions = new Sessions();
		returning(sessions, 'thief').it.take([route('a', 'thief', 's')], false);
		returning(sessions, 's').it.take([route('a', 'c', 's')], false);
		assert.equal(sessions.size, 0);
		returning(sessions, 'c').it.take([route('a', 'c', 's')], false);
		assert.equal(sessions.of('thief', 'a'), undefined);
		assert.ok(sessions.of('c', 'a'));
		const late = returning(sessions, 'thief');
		late.it.take([route('a', 'thief', 's')], false);
		assert.deepEqual(late.said, ['unknown a']);
	});

	it('names no more sessions than it may have', () => {
		const { it, said } = returning(new Sessions(), 'c', 2);
		it.take(
			['a', 'b', 'd', 'e'].map((id) => route(id)),
			false,
		);
		assert.deepEqual(said, ['unknown d', 'unknown e']);
	});

	it('leaves nothing behind when its link is lost before it has named all', () => {
		const sessions = new Sessions();
		const { it, said } = returning(sessions, 'c');
		it.take([route('a')], true);
		it.abandon();
		returning(sessions, 's').it.take([route('a')], false);
		assert.equal(sessions.size, 0);
		it.doubt();
		assert.deepEqual(said, []);
	});
});
