import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { InOrder } from '../../src/peer/in-order.js';
import * as LIMITS from '../../src/wire/limits.js';

/** One end's words, and what has passed of them. */
function stage() {
	const passed: (string | number)[] = [];
	const order = new InOrder();
	return {
		passed,
		describe: (sdp: string) => order.description(() => passed.push(sdp)),
		candidate: (n: number) => order.candidate(() => passed.push(n)),
	};
}

describe('what one end says of a connection', () => {
	it('is its description first, then the candidates that waited, then others at once', () => {
		const { passed, describe, candidate } = stage();
		candidate(1);
		candidate(2);
		assert.deepEqual(passed, []);
		describe('sdp');
		assert.deepEqual(passed, ['sdp', 1, 2]);
		candidate(3);
		assert.deepEqual(passed, ['sdp', 1, 2, 3]);
	});

	it('is one description', () => {
		const { passed, describe } = stage();
		describe('sdp');
		describe('again');
		assert.deepEqual(passed, ['sdp']);
	});

	it('is no more candidates than the bound, however they come', () => {
		for (const early of [0, 10, LIMITS.candidatesPerSession + 10]) {
			const { passed, describe, candidate } = stage();
			for (let n = 0; n < LIMITS.candidatesPerSession + 20; n++) {
				if (n === early) describe('sdp');
				candidate(n);
			}
			assert.deepEqual(passed, ['sdp', ...Array.from({ length: LIMITS.candidatesPerSession }, (_, n) => n)]);
		}
	});

	it('keeps its order in any schedule', () => {
		fc.assert(
			fc.property(fc.array(fc.boolean(), { maxLength: 40 }), (schedule) => {
				const { passed, describe, candidate } = stage();
				for (const [n, isDescription] of schedule.entries()) {
					if (isDescription) describe('sdp');
					else candidate(n);
				}
				const [first, ...candidates] = passed;
				assert.equal(first, schedule.includes(true) ? 'sdp' : undefined);
				assert.deepEqual(candidates, first === undefined ? [] : [...schedule.keys()].filter((n) => !schedule[n]));
			}),
			{ numRuns: 500 },
		);
	});
});
