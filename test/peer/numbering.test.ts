import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { Arrived, Kept, type Message, sizeOf } from '../../src/peer/numbering.js';
import * as LIMITS from '../../src/wire/limits.js';

/** What is kept, as a list. */
function listed(kept: Kept): [number, Message][] {
	const list: [number, Message][] = [];
	kept.each((number, message) => list.push([number, message]));
	return list;
}

describe('what was sent', () => {
	it('is numbered from 0 and kept until it is acknowledged', () => {
		const kept = new Kept();
		assert.deepEqual(
			['a', new Uint8Array(3), ''].map((each) => kept.keep(each)),
			[0, 1, 2],
		);
		assert.deepEqual([kept.next, kept.bytes, kept.count], [3, 4, 3]);
		kept.acknowledge(2);
		assert.deepEqual([kept.next, kept.bytes, kept.count, listed(kept)], [3, 0, 1, [[2, '']]]);
		kept.acknowledge(3);
		assert.equal(kept.keep('later'), 3);
		assert.deepEqual(listed(kept), [[3, 'later']]);
	});

	it('is copied: neither its sender nor what is copied later changes it', () => {
		const kept = new Kept();
		const sizes = [0, 1, 64, 1000, 4096, 4097, 20_000, ...Array.from({ length: 300 }, (_, count) => count)];
		for (const [index, size] of sizes.entries()) {
			const message = new Uint8Array(size).fill(index);
			kept.keep(message);
			kept.keep(message.slice(), true);
			message.fill(255);
		}
		for (const [index, message] of listed(kept)) {
			const of = index >> 1;
			assert.deepEqual(message, new Uint8Array(sizes[of] ?? 0).fill(of), `message ${index}`);
		}
	});

	it('is not let go of for an acknowledgement of what was never sent, or sent long ago', () => {
		const kept = new Kept();
		for (let count = 0; count < 5; count++) kept.keep('x');
		kept.acknowledge(3);
		for (const number of [6, 2 ** 48 - 1, Number.POSITIVE_INFINITY, Number.NaN, 0, 1, 3, -1]) kept.acknowledge(number);
		assert.deepEqual(
			listed(kept).map(([number]) => number),
			[3, 4],
		);
		assert.equal(kept.bytes, 2);
	});

	it('is what a list would have, in any order of sending and acknowledging', () => {
		const step = fc.oneof(
			fc.record({ send: fc.oneof(fc.string(), fc.uint8Array({ maxLength: 20 })) }),
			fc.record({ acknowledge: fc.integer({ min: -2, max: 3000 }) }),
			fc.record({ store: fc.array(fc.integer({ min: 0, max: 400_000 }), { maxLength: 4 }) }),
			fc.record({ many: fc.integer({ min: 1, max: 1500 }) }),
		);
		fc.assert(
			fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
				const kept = new Kept();
				let model: [number, Message][] = [];
				let next = 0;
				const send = (message: Message) => {
					model.push([next++, message]);
					assert.equal(kept.keep(message), next - 1);
				};
				for (const each of steps) {
					if ('send' in each) send(each.send);
					else if ('store' in each) {
						for (const size of each.store) {
							const message = new Uint8Array(size).fill(next);
							model.push([next++, message]);
							assert.equal(kept.keep(message), next - 1);
						}
					} else if ('many' in each) for (let count = 0; count < each.many; count++) send(`${count}`);
					else {
						kept.acknowledge(each.acknowledge);
						if (each.acknowledge <= next) model = model.filter(([number]) => number >= each.acknowledge);
					}
					assert.equal(kept.count, model.length);
					assert.equal(
						kept.bytes,
						model.reduce((sum, [, message]) => sum + sizeOf(message), 0),
					);
				}
				assert.deepEqual(listed(kept), model);
			}),
			{ numRuns: 200 },
		);
	});

	it('leaves little behind, however large its largest message was', () => {
		setFlagsFromString('--expose-gc');
		const collect = runInNewContext('gc') as () => void;
		const memory = (): number => {
			for (let count = 0; count < 2; count++) collect();
			return process.memoryUsage().arrayBuffers;
		};
		const [large, small] = [new Uint8Array(LIMITS.messageBytes), new Uint8Array(50)];
		const before = memory();
		const all = Array.from({ length: 50 }, () => {
			const kept = new Kept();
			for (let count = 0; count < 3; count++) kept.keep(large);
			for (let count = 0; count < 20; count++) kept.keep(small);
			kept.acknowledge(kept.next);
			return kept;
		});
		const each = (memory() - before) / all.length;
		assert.ok(each < 80 * 1024, `${each} bytes`);
	});

	it('lies in memory that grows and shrinks with it', () => {
		setFlagsFromString('--expose-gc');
		const collect = runInNewContext('gc') as () => void;
		const memory = (): number => {
			// What is found by one is free after the next.
			for (let count = 0; count < 2; count++) collect();
			return process.memoryUsage().arrayBuffers;
		};
		for (const size of [100, 20_000, 64 * 1024, LIMITS.messageBytes]) {
			const [kept, message, before] = [new Kept(), new Uint8Array(size), memory()];
			const [messages, slack] = [Math.ceil(8_000_000 / size), 200 * 1024];
			for (let number = 0; number < messages; number++) kept.keep(message);
			assert.ok(memory() - before < 1.4 * kept.bytes + slack, `${memory() - before} bytes for ${kept.bytes}`);
			for (const left of [0.75, 0.5, 0.25, 0]) {
				kept.acknowledge(Math.floor(messages * (1 - left)));
				// As many blocks are there to be used again, at most, and two of the largest in the end.
				const most = 2.8 * kept.bytes + Math.max(slack, 2.5 * size);
				assert.ok(memory() - before < most, `${memory() - before} bytes for ${kept.bytes} of ${size} each`);
			}
			assert.equal(kept.count, 0);
		}
	});

	it('lies in the same memory again and again', () => {
		const kept = new Kept();
		const message = new Uint8Array(16 * 1024);
		let number = 0;
		const run = (count: number): void => {
			for (let sent = 0; sent < count; sent++) number = kept.keep(message);
			for (let sent = 0; sent < count; sent += 8) kept.acknowledge(number - count + sent + 8);
		};
		for (let round = 0; round < 100; round++) run(8);
		const before = process.memoryUsage().arrayBuffers;
		for (let round = 0; round < 100; round++) run(8);
		assert.ok(process.memoryUsage().arrayBuffers - before < 64 * 1024);
	});

	it('costs no time that grows with what was acknowledged long ago', () => {
		const kept = new Kept();
		for (let count = 0; count < 300_000; count++) {
			kept.keep('x');
			kept.acknowledge(count - 100);
		}
		assert.deepEqual([kept.count, kept.bytes, listed(kept).length], [101, 101, 101]);
	});
});

describe('what arrives', () => {
	for (const ordered of [true, false]) {
		it(`is told once${ordered ? ', in order' : ''}, whatever the order, the losses and the copies`, () => {
			const run = fc.record({
				count: fc.integer({ min: 1, max: 60 }),
				// Which messages arrive in which order on a first path, with losses and copies.
				first: fc.array(fc.nat({ max: 59 }), { maxLength: 120 }),
				seed: fc.array(fc.nat({ max: 59 }), { maxLength: 60 }),
			});
			fc.assert(
				fc.property(run, ({ count, first, seed }) => {
					const arrived = new Arrived(ordered);
					const told: (string | ArrayBuffer)[] = [];
					const take = (number: number) =>
						assert.ok(arrived.take(number, `message ${number}`, (message) => told.push(message)));
					for (const number of first) if (number < count) take(number);
					const had = new Set(first.filter((number) => number < count));
					if (!ordered) assert.equal(told.length, had.size, 'at once');
					// What was not acknowledged is sent again on another path, and some of it comes late from the first one.
					for (let number = arrived.expected; number < count; number++) {
						take(number);
						const late = seed[number];
						if (late !== undefined && late < count) take(late);
					}
					const all = Array.from({ length: count }, (_, number) => `message ${number}`);
					assert.deepEqual(ordered ? told : [...told].sort(), ordered ? all : [...all].sort());
					assert.equal(arrived.expected, count);
				}),
				{ numRuns: 500 },
			);
		});
	}

	it('may be empty, text or bytes', () => {
		const arrived = new Arrived(true);
		const told: unknown[] = [];
		const bytes = new Uint8Array([1]).buffer;
		for (const [number, message] of [
			[2, bytes],
			[1, ''],
			[0, new ArrayBuffer(0)],
		] as const) {
			assert.ok(arrived.take(number, message, (each) => told.push(each)));
		}
		assert.deepEqual(told, [new ArrayBuffer(0), '', bytes]);
	});

	it('is bounded where something is missing: in messages', () => {
		for (const ordered of [true, false]) {
			const arrived = new Arrived(ordered);
			let number = 1;
			while (arrived.take(number, '', () => {})) {
				number++;
				assert.ok(number <= LIMITS.channelKeptMessages + 2);
			}
			assert.ok(number >= LIMITS.channelKeptMessages, 'as much as the other end may have sent');
		}
	});

	it('is bounded where something is missing: in bytes', () => {
		const arrived = new Arrived(true);
		const message = 'x'.repeat(LIMITS.messageBytes);
		let number = 1;
		while (arrived.take(number, message, () => {})) number++;
		assert.equal(number, Math.floor(LIMITS.channelBufferedBytes / LIMITS.messageBytes) + 1);
	});

	it('is nothing that has another number than a whole one', () => {
		const arrived = new Arrived(true);
		const told: unknown[] = [];
		for (const number of [Number.NaN, 0.5, -0.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, 0, 1]) {
			assert.ok(arrived.take(number, String(number), (message) => told.push(message)));
		}
		assert.deepEqual([told, arrived.expected], [['0', '1'], 2]);
	});

	it('is told also when a listener makes more arrive', () => {
		const arrived = new Arrived(true);
		const told: unknown[] = [];
		const take = (number: number) =>
			arrived.take(number, String(number), (message) => {
				told.push(message);
				if (message === '0') {
					take(0);
					take(2);
					take(3);
				}
			});
		take(1);
		take(0);
		assert.deepEqual([...told].sort(), ['0', '1', '2', '3']);
	});
});
