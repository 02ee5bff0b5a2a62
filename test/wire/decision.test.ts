import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Bound, decide, type Reject, reasonOf } from '../../src/wire/index.js';
import * as LIMITS from '../../src/wire/limits.js';

/** A bound that the test lets run out itself. */
function handBound() {
	const state = { expire: () => {}, running: false };
	const bound: Bound = (expire) => {
		state.running = true;
		state.expire = expire;
		return () => {
			state.running = false;
		};
	};
	return { bound, state };
}

const unexpected = (thrown: unknown) => assert.fail(`reported: ${thrown}`);

const decideNow = (...calls: ((reject: Reject) => unknown)[]) => decide(calls, handBound().bound, unexpected);

/** What is decided, and what is reported of what listeners throw. */
async function decideAndReport(...calls: ((reject: Reject) => unknown)[]) {
	const reported: unknown[] = [];
	const decision = await decide(calls, handBound().bound, (thrown) => reported.push(thrown));
	return { decision, reported };
}

const gate = () => {
	let open = () => {};
	const opened = new Promise<void>((resolve) => {
		open = resolve;
	});
	return { open, opened };
};

describe('a decision', () => {
	it('is to accept when nobody listens', async () => {
		const { bound, state } = handBound();
		assert.deepEqual(await decide([], bound, unexpected), {});
		assert.equal(state.running, false);
	});

	it('is to accept when nobody rejects, whatever listeners return', async () => {
		assert.deepEqual(await decideNow(() => {}), {});
		for (const value of [false, null, 0, 'no', Symbol('x')]) assert.deepEqual(await decideNow(() => value), {});
		assert.deepEqual(await decideNow(async () => {}), {});
	});

	it('is to refuse with the reason that a listener gives at once', async () => {
		assert.deepEqual(await decideNow((reject) => reject('full')), { refusal: 'full' });
		assert.deepEqual(await decideNow((reject) => reject()), { refusal: 'refused' });
		assert.deepEqual(await decideNow((reject) => reject('')), { refusal: 'refused' });
	});

	it('is to refuse with the reason that a listener gives before its promise settles', async () => {
		const { open, opened } = gate();
		const decision = decideNow(async (reject) => {
			await opened;
			reject('banned');
		});
		open();
		assert.deepEqual(await decision, { refusal: 'banned' });
	});

	it('waits for every listener, and one that rejects is enough', async () => {
		const { open, opened } = gate();
		let decided = false;
		const decision = decideNow(
			() => ({ user: 'bob' }),
			() => opened,
			async (reject) => {
				await opened;
				await null;
				reject('late, but in time');
			},
		);
		void decision.then(() => {
			decided = true;
		});
		await new Promise(setImmediate);
		assert.equal(decided, false);
		open();
		assert.deepEqual(await decision, { refusal: 'late, but in time' });
	});

	it('knows only the first reason', async () => {
		const decision = await decideNow((reject) => {
			reject('first');
			reject('second');
		});
		assert.deepEqual(decision, { refusal: 'first' });
	});

	it('does not change when a listener rejects after it was made', async () => {
		let late: Reject = () => {};
		const decision = await decideNow((reject) => {
			late = reject;
		});
		late('too late');
		assert.deepEqual(decision, {});
	});

	it('has the objects that listeners returned, as one', async () => {
		const decision = await decideNow(
			() => ({ user: 'bob', team: 1 }),
			() => 'ignored',
			async () => ({ team: 2 }),
		);
		assert.deepEqual(decision, { identity: { user: 'bob', team: 2 } });
	});

	it('has a key called __proto__ as a key, to be refused as one', async () => {
		const { identity } = await decideNow(() => JSON.parse('{"__proto__": {"admin": true}, "user": "eve"}'));
		assert.deepEqual(Object.keys(identity ?? {}), ['__proto__', 'user']);
		assert.equal(Object.getPrototypeOf(identity), Object.prototype);
	});

	for (const [how, fail] of [
		[
			'throws',
			(thrown: unknown) => {
				throw thrown;
			},
		],
		['rejects its promise', (thrown: unknown) => Promise.reject(thrown)],
	] as const) {
		it(`is to refuse when a listener ${how}, and what it threw is reported`, async () => {
			const error = new Error('no database');
			assert.deepEqual(await decideAndReport(() => fail(error)), {
				decision: { refusal: 'the decision failed' },
				reported: [error],
			});
			assert.deepEqual((await decideAndReport(() => fail(undefined))).reported, [undefined]);
		});

		it(`is to refuse with the reason when a listener rejects and then ${how}, which is reported, too`, async () => {
			const error = new Error('afterwards');
			const { decision, reported } = await decideAndReport((reject) => {
				reject('full');
				return fail(error);
			});
			assert.deepEqual([decision, reported], [{ refusal: 'full' }, [error]]);
		});
	}

	it('reports what every listener throws, also after it was made', async () => {
		const { open, opened } = gate();
		const [first, second, third] = [new Error('1'), new Error('2'), new Error('3')];
		const { reported } = await decideAndReport(
			() => {
				throw first;
			},
			() => Promise.reject(second),
			async () => {
				await opened;
				throw third;
			},
		);
		open();
		await new Promise(setImmediate);
		assert.deepEqual(reported, [first, second, third]);
	});

	it('is to refuse when its bound runs out', async () => {
		const { bound, state } = handBound();
		const decision = decide([() => new Promise(() => {})], bound, unexpected);
		await new Promise(setImmediate);
		assert.equal(state.running, true);
		state.expire();
		assert.deepEqual(await decision, { refusal: 'the decision took too long' });
	});

	it('calls its bound off', async () => {
		const { bound, state } = handBound();
		await decide([() => {}], bound, unexpected);
		assert.equal(state.running, false);
	});
});

describe('a reason', () => {
	it('is made a string within the bound, whatever a listener passes', () => {
		assert.equal(reasonOf('x'.repeat(LIMITS.reasonLength + 1)).length, LIMITS.reasonLength);
		assert.deepEqual([undefined, '', null, 0, 7, { a: 1 }].map(reasonOf), [
			'refused',
			'refused',
			'null',
			'0',
			'7',
			'[object Object]',
		]);
		assert.equal(reasonOf(new Error('full')), 'Error: full');
	});

	it('is a reason even if it cannot be made a string', async () => {
		const { decision, reported } = await decideAndReport((reject) =>
			(reject as (reason: unknown) => void)(Object.create(null)),
		);
		assert.equal(typeof decision.refusal, 'string');
		assert.ok(reported[0] instanceof TypeError);
	});
});
