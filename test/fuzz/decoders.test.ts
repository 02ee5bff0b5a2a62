import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fuzzDecoders } from './decoding.js';
import { record } from './recording.js';

describe('whatever a stranger says', () => {
	it('is read or refused, by every decoder', async (t) => {
		const seed = Math.floor(Math.random() * 2 ** 31);
		const { inputs, failures } = await fuzzDecoders(3, seed);
		t.diagnostic(`seed ${seed}: ${inputs} inputs`);
		assert.deepEqual(failures, [], `seed ${seed}`);
		assert.ok(inputs > 50_000);
	});

	it('was recorded in a real session, with every message in it', async () => {
		const recording = await record();
		const names = (frames: string[]) => new Set(frames.map((frame) => JSON.parse(frame).t as string));
		for (const t of ['offer', 'close', 'sessions', 'beat']) assert.ok(names(recording.client).has(t), t);
		for (const t of ['register', 'update', 'answer', 'reject', 'drain', 'sessions'])
			assert.ok(names(recording.slave).has(t), t);
		for (const t of ['welcome', 'snapshot', 'delta', 'resumed', 'rejected'])
			assert.ok(names(recording.toClient).has(t), t);
		assert.equal(recording.upgrades.length, 4);
	});
});
