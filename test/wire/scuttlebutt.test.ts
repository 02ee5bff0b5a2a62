import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readLine, SYNC_LINE, writeDigest, writeUpdate } from '../../src/wire/index.js';

describe('a line of the shared state protocol', () => {
	test('is a digest, a write or the end of the history', () => {
		assert.deepEqual(readLine('{"id":"me","clock":{"a":1.5}}'), {
			ok: true,
			message: { t: 'digest', id: 'me', clock: { a: 1.5 } },
		});
		assert.deepEqual(readLine('{"clock":{},"meta":7,"now":5,"expiry":6}'), {
			ok: true,
			message: { t: 'digest', id: '', clock: {}, now: 5, expiry: 6 },
		});
		assert.deepEqual(readLine('[["k",{"v":1}],12.5,"me"]'), {
			ok: true,
			message: { t: 'update', update: { key: 'k', value: { v: 1 }, at: 12.5, source: 'me', expiry: undefined } },
		});
		assert.deepEqual(readLine(SYNC_LINE), { ok: true, message: { t: 'sync' } });
	});

	test('may say how long a key lives, be signed, or have a number as its key, as the package allows', () => {
		for (const [text, part] of [
			['[["k",1,60000],12,"me"]', { expiry: 60000 }],
			['[["k",1],12,"me","signature"]', { key: 'k' }],
			['[[7,1],12,"me"]', { key: '7' }],
			['[["k",null],12,"me"]', { value: null }],
		] as const) {
			const read = readLine(text);
			assert.ok(read.ok && read.message.t === 'update', text);
			assert.deepEqual({ ...read.message.update, ...part }, read.message.update);
		}
	});

	test('is read as it was written', () => {
		const name = fc.string({ maxLength: 60 }).filter((each) => each !== '__proto__');
		const time = fc.double({ min: 0, max: 2 ** 50, noNaN: true });
		const update = fc.record({
			key: name,
			value: fc.jsonValue(),
			at: time,
			source: name,
			expiry: fc.option(time, { nil: undefined }),
		});
		fc.assert(
			fc.property(update, (written) => {
				const json = JSON.stringify(written.value);
				const line = writeUpdate(written, json);
				assert.match(line, /^[^\n]*\n$/);
				const read = readLine(line);
				assert.ok(read.ok && read.message.t === 'update');
				assert.equal(JSON.stringify(read.message.update), JSON.stringify({ ...written, value: JSON.parse(json) }));
			}),
		);
		const digest = { id: 'me', clock: { a: 1, 'ü\n': 2 }, now: 3, expiry: 4 };
		assert.deepEqual(readLine(writeDigest(digest)), { ok: true, message: { t: 'digest', ...digest } });
	});

	for (const [what, text] of Object.entries({
		'no JSON': 'hello',
		'half of a line': '[["k",1],12,',
		null: 'null',
		'a number': '5',
		'another text': '"HELLO"',
		'an empty list': '[]',
		'an empty object': '{}',
		'a clock that is a list': '{"id":"a","clock":[]}',
		'a clock with texts': '{"id":"a","clock":{"b":"1"}}',
		'a clock past all time': '{"id":"a","clock":{"b":1e999}}',
		'an id that is no text': '{"id":5,"clock":{}}',
		'a write without a value': '[["k"],12,"me"]',
		'a write without a source': '[["k",1],12]',
		'a write without a time': '[["k",1],"12","me"]',
		'a write before all time': '[["k",1],-1,"me"]',
		'a write past all time': '[["k",1],1e999,"me"]',
		'a write with two signatures': '[["k",1],12,"me","a","b"]',
		'a write with more beside its value': '[["k",1,5,5],12,"me"]',
		'a life that is a text': '[["k",1,"5"],12,"me"]',
		'the key __proto__': '[["__proto__",1],12,"me"]',
		'the source __proto__': '[["k",1],12,"__proto__"]',
		'a key that is a list': '[[["k"],1],12,"me"]',
		'a key that is too long': `[["${'k'.repeat(257)}",1],12,"me"]`,
		'a source that is too long': `[["k",1],12,"${'s'.repeat(129)}"]`,
	})) {
		test(`is not ${what}`, () => assert.equal(readLine(text).ok, false));
	}

	test('is never an exception, whatever it is', () => {
		const text = fc.oneof(
			fc.string(),
			fc.json(),
			fc.array(fc.jsonValue(), { maxLength: 4 }).map((each) => JSON.stringify(each)),
		);
		fc.assert(fc.property(text, (line) => typeof readLine(line).ok === 'boolean'));
	});
});
