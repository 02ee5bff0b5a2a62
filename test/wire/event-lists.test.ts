import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EventEmitter as Library } from 'eventemitter3';
import fc from 'fast-check';
import { EventEmitter } from '../../src/wire/event-lists.js';

const NAMES = ['a', 'b', '__proto__'];
const LISTENERS = [() => {}, () => {}, () => {}];
const CONTEXTS = [new Set(), new Set()];

const step = fc.record({
	method: fc.constantFrom('on', 'off'),
	context: fc.constantFrom(undefined, ...CONTEXTS),
	event: fc.constantFrom(...NAMES),
	listener: fc.constantFrom(...LISTENERS),
});

describe('the lists of listeners in the scripts for browsers', () => {
	it('are those of eventemitter3, whatever is done', () => {
		fc.assert(
			fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
				const ours = new EventEmitter();
				const library = new Library();
				for (const { method, event, listener, context } of steps) {
					ours[method](event, listener, context);
					library[method](event, listener, context);
					for (const name of NAMES) {
						assert.deepEqual(ours.listeners(name), library.listeners(name));
						assert.equal(ours.listenerCount(name), library.listenerCount(name));
					}
				}
			}),
			{ numRuns: 2000 },
		);
	});
});
