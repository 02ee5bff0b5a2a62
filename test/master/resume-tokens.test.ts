import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ResumeTokens } from '../../src/master/resume-tokens.js';
import { newId, PROTOCOL, readHandshake, returnProtocols } from '../../src/wire/index.js';
import * as WAITS from '../../src/wire/waits.js';

const NOW = 1.7e12;
const SECRET = 'a secret of the operator';

describe('a resume token', () => {
	const bearer = { kind: 'slave', id: newId(), identity: '[1]' } as const;
	const token = new ResumeTokens(SECRET).issue(bearer, NOW);
	const verify = (text: string, who: Partial<Parameters<ResumeTokens['verify']>[1]> = {}, now = NOW) =>
		new ResumeTokens(SECRET).verify(text, { ...bearer, ...who }, now);

	it('proves an id, also to a master that was started again with the same secret', () => {
		assert.equal(verify(token), bearer.id);
		assert.equal(readHandshake(`${PROTOCOL}, ${returnProtocols(token)[0]}`).resume, token);
	});

	it('proves nothing to a master with another secret, or with none', () => {
		assert.equal(new ResumeTokens('another secret of theirs').verify(token, bearer, NOW), undefined);
		assert.equal(new ResumeTokens(undefined).verify(token, bearer, NOW), undefined);
		const own = new ResumeTokens(undefined).issue(bearer, NOW);
		assert.equal(new ResumeTokens(undefined).verify(own, bearer, NOW), undefined);
	});

	it('is for its own kind, and for whom the auth listeners knew then', () => {
		assert.equal(verify(token, { kind: 'client' }), undefined);
		for (const identity of [undefined, '', '[2]', '[1] ']) assert.equal(verify(token, { identity }), undefined);
	});

	it('expires', () => {
		assert.equal(verify(token, {}, NOW + WAITS.resumeToken - 1), bearer.id);
		assert.equal(verify(token, {}, NOW + WAITS.resumeToken), undefined);
	});

	it('cannot be altered in any place', () => {
		const letters = 'ABab019-_.';
		for (let at = 0; at < token.length; at++) {
			for (const letter of letters) {
				const altered = token.slice(0, at) + letter + token.slice(at + 1);
				// The last character of 256 bits in base64url has two bits that mean nothing.
				if (altered === token || at === token.length - 1) continue;
				assert.equal(verify(altered), undefined, altered);
			}
			assert.equal(verify(token.slice(0, at)), undefined);
			assert.equal(verify(token.slice(0, at) + token.slice(at + 1)), undefined);
		}
	});

	it('is never read with an exception', () => {
		fc.assert(
			fc.property(fc.oneof(fc.string(), fc.base64String(), fc.stringMatching(/^[\w.-]{0,120}$/)), (text) => {
				assert.equal(verify(text), undefined);
			}),
		);
	});
});

describe('where the list of a client stands', () => {
	const since = (token: string) => readHandshake(`${PROTOCOL}, ${token}`).since;

	it('travels as a token', () => {
		const position = { epoch: newId(), seq: 12 };
		const [, token = ''] = returnProtocols('x', position);
		assert.deepEqual(since(token), position);
	});

	it('that cannot be read is nowhere', () => {
		for (const token of [
			'seq.',
			'seq.a',
			'seq.a.',
			'seq..1',
			'seq.a.-1',
			'seq.a.1e3',
			'seq.a.1.2',
			`seq.${'a'.repeat(300)}.1`,
		]) {
			assert.equal(since(token), undefined, token);
		}
	});
});
