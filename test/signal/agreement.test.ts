import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readAgreement } from '../../src/signal/agreement.js';

describe('a message of two peers that agree on a connection', () => {
	test('is read as it was written', () => {
		for (const message of [
			{ t: 'offer', n: 1, sdp: 'v=0' },
			{ t: 'answer', n: 2, sdp: 'v=0' },
			{ t: 'candidate', n: 3, candidate: '', mid: '0' },
			{ t: 'failed', n: 4 },
			{ t: 'rtc', n: 5 },
			{ t: 'relay', n: 6 },
		]) {
			assert.deepEqual(readAgreement(JSON.stringify(message)), message);
		}
	});

	test('is none when it has another form', () => {
		const long = 'x'.repeat(16 * 1024 + 1);
		for (const text of [
			'',
			'null',
			'[]',
			'5',
			'{"t":"offer","n":1}',
			'{"t":"offer","n":1.5,"sdp":""}',
			'{"t":"offer","n":"1","sdp":""}',
			'{"t":"candidate","n":1,"candidate":""}',
			'{"t":"candidate","n":1,"candidate":null,"mid":""}',
			'{"t":"toString","n":1}',
			'{"t":"__proto__","n":1}',
			'{"n":1}',
			JSON.stringify({ t: 'offer', n: 1, sdp: long }),
			JSON.stringify({ t: 'relay', n: 1, more: 'x'.repeat(100 * 1024) }),
		]) {
			assert.equal(readAgreement(text), undefined, text.slice(0, 80));
		}
		assert.equal(readAgreement(new ArrayBuffer(8)), undefined);
	});

	test('is read or not, and never throws, whatever comes', () => {
		const types = fc.constantFrom('offer', 'answer', 'candidate', 'failed', 'rtc', 'relay', 'valueOf');
		const nearly = fc.record({ t: types, n: fc.anything(), sdp: fc.anything(), mid: fc.anything() }).map((each) => {
			try {
				return JSON.stringify(each);
			} catch {
				return '';
			}
		});
		fc.assert(
			fc.property(fc.oneof(fc.string(), fc.json(), nearly), (text) => {
				const read = readAgreement(text);
				assert.ok(read === undefined || Number.isInteger(read.n));
			}),
		);
	});
});
