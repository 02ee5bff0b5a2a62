import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { base64url, fromBase64url } from '../../src/wire/ids.js';
import { newId } from '../../src/wire/index.js';
import * as LIMITS from '../../src/wire/limits.js';

describe('an id', () => {
	it('has 22 characters that are safe everywhere, and fits its bound', () => {
		for (let count = 0; count < 100; count++) assert.match(newId(), /^[A-Za-z0-9_-]{22}$/);
		assert.ok(newId().length <= LIMITS.idLength);
	});

	it('is not given twice', () => {
		assert.equal(new Set(Array.from({ length: 10_000 }, newId)).size, 10_000);
	});
});

describe('base64url', () => {
	it('is that of RFC 4648 section 5, without padding', () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
				assert.equal(base64url(bytes), Buffer.from(bytes).toString('base64url'));
				assert.deepEqual(fromBase64url(base64url(bytes)), bytes);
			}),
		);
	});

	it('refuses anything else', () => {
		for (const text of ['%', 'a', 'ab=c', 'é', 'a b c d e!']) assert.throws(() => fromBase64url(text), text);
	});
});
