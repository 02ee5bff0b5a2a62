import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Control, readControl } from '../../src/wire/index.js';
import * as LIMITS from '../../src/wire/limits.js';

describe('a message of a session about itself', () => {
	it('is an open, a lane, a close or a bye', () => {
		const messages: Control[] = [
			{ t: 'open', n: 1, label: 'x' },
			{ t: 'open', n: 2, label: '', protocol: 'chat', ordered: false, maxRetransmits: 0 },
			{ t: 'open', n: 3, label: 'ü', maxPacketLifeTime: 65_535 },
			{ t: 'open', n: 2 ** 31 + 1021, label: 'both', negotiated: true },
			{ t: 'lane', n: 1, a: 0 },
			{ t: 'close', n: 1, last: 0 },
			{ t: 'close', n: 1, last: 2 ** 40 },
			{ t: 'bye', reason: 'enough' },
		];
		for (const message of messages) {
			// What is not said may be there with its default.
			const read = { ...readControl(JSON.stringify(message)) } as Record<string, unknown>;
			const picked = Object.keys(message).map((key) => [key, read[key]]);
			assert.deepEqual(Object.fromEntries(picked), message);
		}
	});

	const none = [
		...['', 'null', '{', '{"t":"lane","n":1,"a":"0"}', '{"t":"lane","n":1.5,"a":0}'],
		...['{"t":"close","n":1,"last":null}', '{"t":"close","n":1e300,"last":0}', '{"t":"open","n":"1","label":""}'],
		...['{"t":"bye","reason":1}', '{"t":"bye","reason":{}}', '{"t":"open","n":1,"label":3}'],
	];
	for (const text of none) it(`is not ${text || 'nothing'}`, () => assert.equal(readControl(text), undefined));

	it('is not longer than its bound', () => {
		const text = JSON.stringify({ t: 'bye', reason: 'x' });
		assert.ok(readControl(text.padEnd(LIMITS.controlLength)));
		assert.equal(readControl(text.padEnd(LIMITS.controlLength + 1)), undefined);
	});

	it('is never answered with an exception', () => {
		const message = fc.record({
			t: fc.constantFrom('open', 'lane', 'close', 'bye', '__proto__'),
			n: fc.jsonValue(),
			id: fc.jsonValue(),
			a: fc.jsonValue(),
			last: fc.jsonValue(),
			label: fc.jsonValue(),
			reason: fc.jsonValue(),
		});
		const texts = fc.oneof(
			fc.json(),
			fc.string(),
			message.map((each) => JSON.stringify(each)),
		);
		fc.assert(
			fc.property(texts, (text) => void readControl(text)),
			{ numRuns: 1000 },
		);
	});
});
