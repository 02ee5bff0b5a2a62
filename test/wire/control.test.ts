import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Control, readControl } from '../../src/wire/index.js';
import * as LIMITS from '../../src/wire/limits.js';

describe('a message of the control channel', () => {
	it('is a ping, a pong, a ready or a close', () => {
		const messages: Control[] = [
			{ t: 'ping', n: 1 },
			{ t: 'pong', n: 2 },
			{ t: 'ready', n: 3 },
			{ t: 'close', sent: {} },
			{ t: 'close', sent: { 0: 7, 1021: 0 }, reason: 'enough' },
		];
		for (const message of messages) assert.deepEqual(readControl(JSON.stringify(message)), message);
	});

	const none = [
		...['', 'null', '1', '[]', '{}', '"ping"', '{', '{"t":"ping"}', '{"t":"ping","n":"1"}', '{"t":"pong","n":null}'],
		...['{"t":"close"}', '{"t":"close","sent":1}', '{"t":"close","sent":null}', '{"t":"close","sent":{},"reason":1}'],
		...['{"t":"ready"}', '{"t":"ready","n":"1"}', '{"t":"hello","n":1}', '{"n":1}'],
		...['{"t":"__proto__","n":1,"sent":{}}', '{"t":["ping"],"n":1}'],
	];
	for (const text of none) it(`is not ${text || 'nothing'}`, () => assert.equal(readControl(text), undefined));

	it('is not longer than its bound', () => {
		const text = JSON.stringify({ t: 'ping', n: 1 });
		assert.ok(readControl(text.padEnd(LIMITS.controlLength)));
		assert.equal(readControl(text.padEnd(LIMITS.controlLength + 1)), undefined);
	});

	it('is never answered with an exception', () => {
		fc.assert(fc.property(fc.oneof(fc.json(), fc.string()), (text) => void readControl(text)));
	});
});
