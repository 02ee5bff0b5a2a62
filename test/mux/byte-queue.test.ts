import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ByteQueue } from '../../src/mux/index.js';

function drain(queue: ByteQueue): Uint8Array[] {
	const pieces: Uint8Array[] = [];
	for (let piece = queue.shift(); piece !== undefined; piece = queue.shift()) pieces.push(piece);
	return pieces;
}

describe('a queue of bytes', () => {
	it('gives out what was put in, in order, whatever the sizes and the turns', () => {
		const turn = fc.record({ size: fc.oneof(fc.nat(20), fc.nat(10_000)), shifts: fc.nat(3) });
		fc.assert(
			fc.property(fc.array(turn, { maxLength: 50 }), (turns) => {
				const queue = new ByteQueue();
				const out: Uint8Array[] = [];
				let written = 0;
				for (const { size, shifts } of turns) {
					queue.push(Uint8Array.from({ length: size }, () => written++));
					for (let i = 0; i < shifts; i++) out.push(queue.shift() ?? new Uint8Array(0));
					assert.equal(queue.bytes, written - out.reduce((sum, piece) => sum + piece.length, 0));
				}
				out.push(...drain(queue));
				assert.deepEqual(Buffer.concat(out), Buffer.from(Uint8Array.from({ length: written }, (_, i) => i)));
			}),
		);
	});

	it('keeps small pieces together', () => {
		const queue = new ByteQueue();
		for (let i = 0; i < 100_000; i++) queue.push(new Uint8Array([i]));
		assert.ok(drain(queue).length < 30);
	});

	it('does not keep a large buffer alive for a part of it', () => {
		const queue = new ByteQueue();
		const large = new Uint8Array(64 * 1024);
		queue.push(large.subarray(0, 10));
		queue.push(large.subarray(0, 8000));
		assert.ok(drain(queue).every((piece) => piece.buffer !== large.buffer));
		queue.push(large);
		assert.equal(queue.shift()?.buffer, large.buffer);
	});
});
