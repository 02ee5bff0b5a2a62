import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { packed } from '../../src/mux/node/together.js';

describe('pieces packed for a socket', () => {
	it('are the same bytes in the same order, in messages of at most 16 KiB that are worth their cost', () => {
		const size = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 3000, max: 40_000 }));
		fc.assert(
			fc.property(fc.array(size, { maxLength: 40 }), (sizes) => {
				const pieces = sizes.map((length, index) => new Uint8Array(length).fill(index));
				const messages = packed(pieces);
				assert.ok(Buffer.concat(messages).equals(Buffer.concat(pieces)));
				for (const [index, { length }] of messages.entries()) {
					const next = messages[index + 1];
					assert.ok(length <= 16 * 1024 || sizes.includes(length));
					// Two small ones side by side would have been one.
					if (next !== undefined && length <= 4096 && next.length <= 4096) assert.fail('not packed');
				}
			}),
		);
	});

	it('are not copied where they are large or alone', () => {
		const [large, small] = [new Uint8Array(5000), new Uint8Array(10)];
		assert.deepEqual(
			packed([large, small, large]).map((each) => each === large || each === small),
			[true, true, true],
		);
	});
});
