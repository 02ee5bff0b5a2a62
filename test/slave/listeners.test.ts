import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { childFor } from '../support/child.js';
import { plots } from '../support/plots.js';

interface Outcome {
	where: string;
	ok: boolean;
	/** Of uncaught exceptions. */
	stacks: string[];
	/** By the master. */
	logged: string[];
}

/** What throws instead of deciding has refused, and is told to the master's `error`. */
const DECIDES = /^master (slave|client)auth/;

describe('an exception in a listener of the user', () => {
	it('is one uncaught exception, or of an auth listener one error of the master, and every other session goes on', async (t) => {
		const child = childFor(t, 'caught');
		const { code, signal, stderr } = await child.ended;
		assert.deepEqual([code, signal, stderr], [0, null, '']);
		assert.equal(child.lines.items.at(-1), 'done');
		const outcomes = child.lines.items.slice(0, -1).map((line) => JSON.parse(line) as Outcome);
		assert.deepEqual(
			outcomes.map(({ where }) => where),
			Object.keys(plots),
		);
		for (const { where, ok, stacks, logged } of outcomes) {
			assert.equal(ok, true, where);
			const [told, untold] = DECIDES.test(where) ? [logged, stacks] : [stacks, logged];
			assert.deepEqual(untold, [], where);
			assert.equal(told.length, 1, `${where}: ${told.join('\n')}`);
			assert.match(told[0] ?? '', new RegExp(`^(enslavism: )?Error: thrown by the listener of ${where}\n`));
			assert.match(told[0] ?? '', /at .*userListener/, where);
		}
	});

	/** One of each kind of road that an exception takes: a program of its own for every event would take too long. */
	const roads = [
		'slave offer, async',
		'slave connection',
		'clientCo datachannel',
		'clientCo close',
		'far open',
		'far message',
		'far message, async',
		'far close',
		'slaveCo open',
		'client slaveadded',
		'master slaveremoved',
		'master clientconnection',
	];

	it('ends the process as every uncaught exception does, when nobody handles it', { timeout: 120_000 }, async (t) => {
		const left = [...roads];
		const outcomes: Record<string, unknown> = {};
		const runAll = async () => {
			for (let where = left.pop(); where !== undefined; where = left.pop()) {
				const child = childFor(t, 'uncaught', where);
				const { code, signal, stderr } = await child.ended;
				const message =
					stderr.includes(`Error: thrown by the listener of ${where}\n`) && stderr.includes('userListener');
				outcomes[where] = { code, signal, message, printed: child.lines.items };
			}
		};
		await Promise.all([runAll(), runAll()]);
		for (const where of roads) {
			assert.deepEqual(outcomes[where], { code: 1, signal: null, message: true, printed: [] }, where);
		}
	});
});
