import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Heap, type HeapItem } from '../../src/wire/heap.js';

interface Item extends HeapItem {
	rank: number;
}

function drain(heap: Heap<Item>): number[] {
	const ranks: number[] = [];
	for (let top = heap.top(); top !== undefined; top = heap.top()) {
		ranks.push(top.rank);
		top.gone = true;
	}
	return ranks;
}

test('a heap gives its items in order, without those that were taken out', () => {
	fc.assert(
		fc.property(fc.array(fc.record({ rank: fc.integer(), gone: fc.boolean() })), (items) => {
			const heap = new Heap<Item>((a, b) => a.rank < b.rank);
			const kept = items.filter(({ gone }) => !gone).map(({ rank }) => rank);
			const pushed = items.map(({ rank }) => ({ rank, gone: false }));
			for (const [index, item] of pushed.entries()) heap.push(item, index + 1);
			for (const [index, item] of pushed.entries()) item.gone = items[index]?.gone ?? false;
			assert.deepEqual(
				drain(heap),
				kept.sort((a, b) => a - b),
			);
		}),
	);
});

test('a heap does not keep what was taken out', () => {
	const heap = new Heap<Item>((a, b) => a.rank < b.rank);
	// A key that is written again and again: each write takes the one before it out.
	let last: Item = { rank: 0, gone: false };
	for (let rank = 10_000; rank > 0; rank--) {
		last.gone = true;
		last = { rank, gone: false };
		heap.push(last, 1);
		heap.push({ rank: -rank, gone: true }, 1);
	}
	assert.ok(heap.held <= 128, `${heap.held} items`);
	assert.deepEqual(drain(heap), [1]);
});
