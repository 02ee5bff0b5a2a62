import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { frameOf, Gather } from '../../../src/master/services/gather.js';

describe('a frame of a server', () => {
	test('has the header that RFC 6455 wants for its length', () => {
		for (const [length, header] of [
			[0, '8100'],
			[125, '817d'],
			[126, '817e007e'],
			[65_535, '817effff'],
			[65_536, '817f0000000000010000'],
		] as const) {
			const frame = frameOf(Buffer.alloc(length, 'x'), false);
			assert.equal(frame.subarray(0, header.length / 2).toString('hex'), header);
			assert.equal(frame.subarray(header.length / 2).toString(), 'x'.repeat(length));
		}
	});

	test('says whether it is text or binary', () => {
		assert.equal(frameOf(Buffer.from('a'), true).toString('hex'), '820161');
		assert.equal(frameOf(Buffer.from('a'), false).toString('hex'), '810161');
	});
});

describe('gathering', () => {
	test('sends what comes alone at once', () => {
		const gather = new Gather();
		gather.add(Buffer.from('a'));
		assert.equal(gather.due(1000), 0);
	});

	test('rests four times as long as sending took, so that no more than a fifth of the time goes into it', () => {
		const gather = new Gather();
		gather.sent(1000, 1002);
		assert.equal(gather.due(1002), 8);
		assert.equal(gather.due(1007), 3);
		assert.equal(gather.due(1020), 0);
	});

	test('rests no longer than it is hardly noticed, while that leaves half of the time', () => {
		const gather = new Gather();
		gather.sent(1000, 1015);
		assert.equal(gather.due(1015), 20);
		gather.sent(2000, 2070);
		assert.equal(gather.due(2070), 70);
	});

	test('never rests for long', () => {
		const gather = new Gather();
		gather.sent(1000, 9000);
		assert.equal(gather.due(9000), 1000);
	});

	test('gives everything in order as one piece, once', () => {
		const gather = new Gather();
		for (const each of ['a', 'b', 'c']) gather.add(Buffer.from(each));
		assert.equal(Buffer.from(gather.take()).toString(), 'abc');
		assert.ok(gather.empty);
		gather.add(Buffer.from('d'));
		assert.equal(Buffer.from(gather.take()).toString(), 'd');
	});

	test('says when it has gathered enough', () => {
		const gather = new Gather();
		gather.add(Buffer.alloc(60_000));
		assert.equal(gather.full, false);
		gather.add(Buffer.alloc(10_000));
		assert.equal(gather.full, true);
		gather.take();
		assert.equal(gather.full, false);
	});
});
