import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Emitter } from '../../src/wire/index.js';

type Events = { said: [word: string, loud: boolean]; __proto__: [word: string]; constructor: [word: string] };

class Speaker extends Emitter<Events> {
	heard: string[] = [];
	say(word: string): boolean {
		return this.emit('said', word, false);
	}
	name(event: '__proto__' | 'constructor'): boolean {
		return this.emit(event, 'x');
	}
	takeSaid() {
		return this.take('said');
	}
	protected override listened(event: string): void {
		this.heard?.push(event);
	}
}

/** Catches what would reach the host as uncaught, in order. */
function catchUncaught(t: TestContext): unknown[] {
	const thrown: unknown[] = [];
	const { queueMicrotask } = globalThis;
	t.mock.method(globalThis, 'queueMicrotask', (callback: () => void) =>
		queueMicrotask(() => {
			try {
				callback();
			} catch (error) {
				thrown.push(error);
			}
		}),
	);
	return thrown;
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('an emitter', () => {
	it('calls listeners in order with all arguments, and tells whether there was one', () => {
		const speaker = new Speaker();
		const calls: unknown[] = [];
		assert.equal(speaker.say('nobody'), false);
		speaker.on('said', (...args) => calls.push([1, ...args])).on('said', (...args) => calls.push([2, ...args]));
		assert.equal(speaker.say('hi'), true);
		assert.deepEqual(calls, [
			[1, 'hi', false],
			[2, 'hi', false],
		]);
	});

	it('calls a listener of once one time', () => {
		const speaker = new Speaker();
		const words: string[] = [];
		speaker.once('said', (word) => words.push(word));
		speaker.say('a');
		speaker.say('b');
		assert.deepEqual(words, ['a']);
	});

	it('calls a listener of once one time even if it makes the event happen again', () => {
		const speaker = new Speaker();
		const words: string[] = [];
		speaker.once('said', (word) => {
			words.push(word);
			if (words.length < 5) speaker.say('again');
		});
		speaker.say('a');
		assert.deepEqual(words, ['a']);
	});

	it('forgets listeners, those of once and those of addEventListener too', () => {
		const speaker = new Speaker();
		const listener = () => assert.fail('called');
		speaker.on('said', listener).off('said', listener);
		speaker.once('said', listener).off('said', listener);
		speaker.addEventListener('said', listener);
		speaker.off('said', listener);
		speaker.on('said', listener);
		speaker.removeEventListener('said', listener);
		speaker.off('said', listener);
		speaker.removeEventListener('said', { handleEvent: listener });
		assert.equal(speaker.say('x'), false);
		assert.equal(speaker.listenerCount('said'), 0);
	});

	it('still calls a listener that was removed while the event was happening', () => {
		const speaker = new Speaker();
		const words: string[] = [];
		const later = (word: string) => words.push(word);
		speaker.on('said', () => speaker.off('said', later)).on('said', later);
		speaker.say('a');
		speaker.say('b');
		assert.deepEqual(words, ['a']);
	});

	it('does not call a listener that was added meanwhile', () => {
		const speaker = new Speaker();
		const words: string[] = [];
		speaker.once('said', () => speaker.on('said', (word) => words.push(word)));
		speaker.say('a');
		assert.deepEqual(words, []);
		speaker.say('b');
		assert.deepEqual(words, ['b']);
	});

	it('takes objects with handleEvent, and calls it as their method', () => {
		const speaker = new Speaker();
		const listener = {
			words: [] as string[],
			handleEvent(word: string) {
				this.words.push(word);
			},
		};
		speaker.addEventListener('said', listener);
		speaker.addEventListener('said', listener);
		speaker.say('a');
		assert.deepEqual(listener.words, ['a']);
		speaker.removeEventListener('said', listener);
		assert.equal(speaker.say('b'), false);
	});

	it('adds a listener of addEventListener once, as browsers do', () => {
		const speaker = new Speaker();
		const words: string[] = [];
		const listener = (word: string) => words.push(word);
		speaker.addEventListener('said', listener);
		speaker.addEventListener('said', listener, { once: true });
		speaker.addEventListener('said', listener, true);
		speaker.say('a');
		speaker.say('b');
		assert.deepEqual(words, ['a', 'b']);
	});

	it('has the once option of addEventListener', () => {
		const speaker = new Speaker();
		const words: string[] = [];
		speaker.addEventListener('said', (word) => words.push(word), { once: true });
		speaker.addEventListener('said', (word) => words.push(word), { once: false });
		speaker.say('a');
		speaker.say('b');
		assert.deepEqual(words, ['a', 'a', 'b']);
	});

	it('gives what a listener throws to the host, and calls the later ones', async (t) => {
		const uncaught = catchUncaught(t);
		const speaker = new Speaker();
		const words: string[] = [];
		const error = new Error('listener');
		speaker.on('said', () => {
			throw error;
		});
		speaker.once('said', () => {
			throw undefined;
		});
		speaker.on('said', (word) => words.push(word));
		assert.equal(speaker.say('a'), true);
		assert.deepEqual(words, ['a']);
		assert.deepEqual(uncaught, [], 'not inside the call');
		await turn();
		assert.deepEqual(uncaught, [error, undefined]);
		assert.equal(uncaught[0], error, 'the very error, with its stack');
	});

	it('hands out listeners for one call each', () => {
		const speaker = new Speaker();
		const always = () => {};
		const once = () => {};
		speaker.on('said', always).once('said', once);
		assert.deepEqual(speaker.takeSaid(), [always, once]);
		assert.deepEqual(speaker.takeSaid(), [always]);
	});

	it('tells its owner of every listener that was added', () => {
		const speaker = new Speaker();
		const listener = () => {};
		speaker.on('said', listener);
		speaker.addEventListener('said', listener);
		speaker.once('said', () => {});
		assert.deepEqual(speaker.heard, ['said', 'said']);
	});

	it('has events with names such as __proto__', () => {
		for (const event of ['__proto__', 'constructor'] as const) {
			const speaker = new Speaker();
			assert.equal(speaker.name(event), false);
			let calls = 0;
			speaker.on(event, () => calls++);
			assert.equal(speaker.name(event), true);
			assert.equal(calls, 1);
		}
	});
});
