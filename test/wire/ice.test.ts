import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { iceServersFrom, MasterToClient, MasterToSlave, readMessage } from '../../src/wire/index.js';
import * as LIMITS from '../../src/wire/limits.js';
import { coded } from '../support/stage.js';

const urlOf = (length: number): string => `stun:${'a'.repeat(length - 5)}`;
const turn = (more: object): unknown[] => [{ urls: 'turn:t.test', username: 'u', credential: 'c', ...more }];

const GOOD: [string, unknown][] = [
	['none', []],
	['STUN', [{ urls: 'stun:s.test:3478' }]],
	['TURN over TLS', turn({ urls: ['turns:t.test?transport=tcp', 'turn:[::1]:3478'] })],
	['as many as may be', Array(LIMITS.iceServers).fill({ urls: 'stun:s' })],
	['as many URLs as may be, as long as may be', [{ urls: Array(LIMITS.iceUrls).fill(urlOf(LIMITS.iceUrlLength)) }]],
	['the longest credentials', turn({ username: 'u'.repeat(LIMITS.iceCredentialLength) })],
];

const BAD: [string, unknown][] = [
	['no list', { urls: 'stun:s' }],
	['too many', Array(LIMITS.iceServers + 1).fill({ urls: 'stun:s' })],
	['too many URLs', [{ urls: Array(LIMITS.iceUrls + 1).fill('stun:s') }]],
	['no URL', [{ urls: [] }]],
	['a URL that is too long', [{ urls: urlOf(LIMITS.iceUrlLength + 1) }]],
	['a URL of another kind', [{ urls: 'http://s.test' }]],
	['a URL with white space', [{ urls: 'stun:a b' }]],
	['a user name that is too long', turn({ username: 'u'.repeat(LIMITS.iceCredentialLength + 1) })],
	['a credential that is too long', turn({ credential: 'c'.repeat(LIMITS.iceCredentialLength + 1) })],
	['a user name that is no text', turn({ username: null })],
	['TURN without credentials', [{ urls: ['stun:s', 'turns:t'] }]],
	['TURN without a credential', [{ urls: 'turn:t', username: 'u' }]],
	['a hole', [null]],
];

describe('a list of ICE servers', () => {
	for (const [what, servers] of GOOD) {
		it(`is taken: ${what}`, () => {
			assert.deepEqual(iceServersFrom(servers), servers);
			for (const table of [MasterToClient, MasterToSlave]) {
				const read = readMessage(table, JSON.stringify({ t: 'ice', servers }));
				assert.deepEqual(read, { ok: true, message: { t: 'ice', servers } });
			}
		});
	}

	for (const [what, servers] of BAD) {
		it(`is refused: ${what}`, () => {
			assert.throws(() => iceServersFrom(servers), coded('bad-option'));
			for (const table of [MasterToClient, MasterToSlave]) {
				assert.equal(readMessage(table, JSON.stringify({ t: 'ice', servers })).ok, false);
			}
		});
	}

	it('loses what a browser would not know', () => {
		assert.deepEqual(iceServersFrom([{ urls: 'stun:s', credentialType: 'password' }]), [{ urls: 'stun:s' }]);
	});
});
