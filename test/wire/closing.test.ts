import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import * as CLOSE from '../../src/wire/close-codes.js';
import { closeReason, EnslavismError, errorOfClose, messageOf, withReason } from '../../src/wire/index.js';

const bytes = (text: string) => Buffer.byteLength(text);

describe('the reason of a close frame', () => {
	it('stays as it is up to 123 bytes', () => {
		for (const reason of ['', 'full', 'x'.repeat(123), `${'é'.repeat(61)}x`]) assert.equal(closeReason(reason), reason);
	});

	it('is cut at the edge of a character', () => {
		assert.equal(closeReason('x'.repeat(124)), 'x'.repeat(123));
		assert.equal(closeReason('é'.repeat(62)), 'é'.repeat(61));
		assert.equal(closeReason(`${'x'.repeat(122)}é`), 'x'.repeat(122));
		assert.equal(closeReason(`${'x'.repeat(121)}€`), 'x'.repeat(121));
		assert.equal(closeReason(`${'x'.repeat(120)}€!`), `${'x'.repeat(120)}€`);
		for (let before = 118; before <= 123; before++) {
			assert.equal(closeReason(`${'x'.repeat(before)}😀😀`), 'x'.repeat(before) + (before <= 119 ? '😀' : ''));
		}
	});

	it('always fits, and always is the beginning of the whole', () => {
		fc.assert(
			fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (reason) => {
				const cut = closeReason(reason);
				assert.ok(bytes(cut) <= 123);
				assert.ok(reason.startsWith(cut));
				assert.ok(cut === reason || bytes(cut) > 119);
			}),
		);
	});
});

describe('the error of a closed link', () => {
	const cases: [code: number, opened: boolean, error: string][] = [
		[CLOSE.normal, true, 'link-closed'],
		[CLOSE.goingAway, true, 'link-closed'],
		[1006, true, 'link-closed'],
		[1006, false, 'unreachable'],
		[CLOSE.timeout, false, 'unreachable'],
		[CLOSE.refused, false, 'refused'],
		[CLOSE.refused, true, 'refused'],
		[CLOSE.wrongVersion, false, 'wrong-version'],
		[CLOSE.badMessage, true, 'bad-message'],
		[CLOSE.tooBig, true, 'limit-reached'],
		[CLOSE.limit, false, 'limit-reached'],
		[CLOSE.slowReader, true, 'limit-reached'],
	];
	for (const [code, opened, error] of cases) {
		it(`is ${error} for ${code} ${opened ? 'after' : 'before'} it was admitted`, () => {
			const made = errorOfClose(code, 'because', opened);
			assert.deepEqual([made.code, made.reason, made.message], [error, 'because', 'because']);
		});
	}
});

describe('an error', () => {
	it('is an Error with a code, a name, a message, a reason and a cause', () => {
		const cause = new Error('below');
		const error = new EnslavismError('rejected', 'no room', { reason: 'full', cause });
		assert.ok(error instanceof Error);
		assert.deepEqual(
			[error.name, error.code, error.message, error.reason, error.cause],
			['EnslavismError', 'rejected', 'no room', 'full', cause],
		);
	});

	it('says its code in words when nothing else is known', () => {
		assert.equal(new EnslavismError('slave-gone').message, 'slave gone');
		assert.equal(withReason('session-closed', '').message, 'session closed');
		assert.equal('cause' in new EnslavismError('slave-gone'), false);
	});

	it('has the text of whatever was thrown', () => {
		assert.deepEqual([new TypeError('x'), 'x', undefined, null, 1].map(messageOf), [
			'x',
			'x',
			'undefined',
			'null',
			'1',
		]);
	});
});
