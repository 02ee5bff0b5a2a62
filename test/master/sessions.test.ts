import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type SessionRoute, Sessions } from '../../src/master/sessions.js';

const route = (id: string, client = 'c1', slave = 's1'): SessionRoute => ({ id, client, slave });

function sessions(...routes: SessionRoute[]): Sessions {
	const table = new Sessions();
	for (const each of routes) assert.ok(table.add(each));
	return table;
}

describe('the table of sessions', () => {
	it('knows a session by its id, for its two ends and nobody else', () => {
		const one = route('x');
		const table = sessions(one);
		assert.equal(table.of('c1', 'x'), one);
		assert.equal(table.of('s1', 'x'), one);
		assert.equal(table.of('c2', 'x'), undefined);
		assert.equal(table.of('c1', 'y'), undefined);
	});

	it('takes an id once, whoever asks, and again when it is free', () => {
		const one = route('x');
		const table = sessions(one);
		assert.equal(table.add(route('x')), false);
		assert.equal(table.add(route('x', 'c2', 's2')), false);
		assert.equal(table.of('c2', 'x'), undefined);
		assert.deepEqual([table.size, table.count('c2'), table.count('s2')], [1, 0, 0]);
		table.delete(one);
		assert.equal(table.add(route('x', 'c2', 's2')), true);
	});

	it('counts the sessions of each end', () => {
		const last = route('z', 'c2');
		const table = sessions(route('x'), route('y'), last);
		assert.deepEqual([table.size, table.count('c1'), table.count('c2'), table.count('s1')], [3, 2, 1, 3]);
		table.delete(last);
		assert.deepEqual([table.size, table.count('c1'), table.count('c2'), table.count('s1')], [2, 2, 0, 2]);
	});

	it('drops all sessions of one end and keeps the others', () => {
		const table = sessions(route('x'), route('y', 'c1', 's2'), route('z', 'c2'));
		assert.deepEqual(
			table.drop('c1').map(({ id }) => id),
			['x', 'y'],
		);
		assert.deepEqual(table.drop('c1'), []);
		assert.deepEqual([table.size, table.count('s1'), table.count('s2')], [1, 1, 0]);
		assert.ok(table.of('c2', 'z'));
	});

	it('has ids such as __proto__', () => {
		const table = sessions(route('__proto__', 'constructor', 'toString'));
		assert.ok(table.of('constructor', '__proto__'));
		assert.equal(table.of('__proto__', 'constructor'), undefined);
		assert.equal(table.count('hasOwnProperty'), 0);
		assert.equal(table.drop('toString').length, 1);
		assert.equal(table.size, 0);
	});
});
