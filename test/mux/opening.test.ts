import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encodeMeta, MetaReader } from '../../src/mux/index.js';

const bad = { code: 'bad-meta' };

function read(...parts: Uint8Array[]): { meta: unknown; own: number | undefined } {
	const reader = new MetaReader();
	let own: number | undefined;
	for (const part of parts) own = reader.push(part);
	return { meta: reader.meta, own };
}

describe('what a stream is opened with', () => {
	it('is any value that is data', () => {
		const meta = {
			when: new Date(5),
			map: new Map([['a', 1n]]),
			set: new Set([undefined]),
			bytes: new Uint8Array([1, 2]),
		};
		assert.deepEqual(read(encodeMeta(meta)).meta, meta);
	});

	it('may be nothing, which takes two bytes', () => {
		assert.equal(encodeMeta(undefined).length, 2);
		assert.deepEqual(read(encodeMeta(undefined)), { meta: undefined, own: 2 });
	});

	it('is read however it is cut, and leaves what follows', () => {
		const bytes = Buffer.concat([encodeMeta('né'), Buffer.from('rest')]);
		const own = bytes.length - 4;
		for (let cut = 0; cut < own; cut++) {
			const reader = new MetaReader();
			assert.equal(reader.push(bytes.subarray(0, cut)), undefined);
			assert.equal(reader.push(bytes.subarray(cut)), own - cut);
			assert.equal(reader.meta, 'né');
		}
	});

	it('is refused when it cannot be encoded or is too long', () => {
		assert.throws(() => encodeMeta(() => {}), bad);
		assert.throws(() => encodeMeta('x'.repeat(16 * 1024)), bad);
		assert.throws(() => encodeMeta('é'.repeat(8 * 1024)), bad);
		assert.doesNotThrow(() => encodeMeta('x'.repeat(16_000)));
	});

	it('is refused when it cannot be decoded or says that it is too long', () => {
		const wire = (text: Uint8Array) => Buffer.concat([Buffer.from([text.length >> 8, text.length]), text]);
		assert.throws(() => read(wire(Buffer.from('not devalue'))), bad);
		assert.throws(() => read(wire(Buffer.from([0xff, 0xfe]))), bad);
		assert.throws(() => read(Buffer.from([0x40, 0x01])), bad);
	});

	it('never makes its reader throw anything else', () => {
		fc.assert(
			fc.property(fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 5 }), (parts) => {
				try {
					read(...parts);
				} catch (thrown) {
					assert.equal((thrown as { code?: string }).code, 'bad-meta');
				}
			}),
			{ numRuns: 1000 },
		);
	});
});
