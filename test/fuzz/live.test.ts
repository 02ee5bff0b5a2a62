import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fuzzLive } from './live.js';

it('a master and a slave outlast strangers who say anything, and serve others meanwhile', {
	timeout: 240_000,
}, async (t) => {
	const seed = Math.floor(Math.random() * 2 ** 31);
	const result = await fuzzLive({ seed, sockets: 50, frames: 20_000 });
	t.diagnostic(`seed ${seed}: ${JSON.stringify(result)}`);
	assert.deepEqual(result.errors, [], `seed ${seed}`);
	assert.ok(result.frames >= 20_000 && result.upgrades > 10 && result.links > 100);
	assert.ok(result.asked > 20, 'a client was served all along');
	// A machine that does other things at the same time makes everybody wait; `npm run fuzz` has the strict bound.
	assert.ok(result.p50 < 100, `${result.p50} ms`);
});
