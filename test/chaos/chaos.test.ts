import assert from 'node:assert/strict';
import { it } from 'node:test';
import { chaos } from './chaos.js';

it('a short chaos leaves nothing wrong behind', { timeout: 240_000 }, async (t) => {
	const seed = Math.floor(Math.random() * 2 ** 31);
	const result = await chaos({ seconds: 10, seed });
	t.diagnostic(`seed ${seed}: ${JSON.stringify(result)}`);
	assert.deepEqual(result.violations, [], `seed ${seed}`);
	assert.ok(result.completed > 10, 'channels were used');
	assert.ok((result.done['master killed and started again'] ?? 0) >= 1);
});
