import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ACK, BYTES, HEAD_BYTES, messageFrame, readFrame, SILENT, TEXT, writeFrame } from '../../src/peer/frames.js';

const channels = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const numbers = fc.integer({ min: 0, max: 2 ** 48 - 1 });
/** Text as it can be encoded: a lone surrogate cannot. */
const text = fc.string({ unit: 'binary' }).map((each) => Buffer.from(each).toString());

describe('a frame', () => {
	it('is these bytes', () => {
		const frame = writeFrame(TEXT, 0x01020304, 2 ** 48 - 1, 'ü');
		assert.deepEqual([...frame], [0, 1, 2, 3, 4, 0x42, 0xef, 255, 255, 255, 255, 255, 224, 0, 0, 0, 2, 0xc3, 0xbc]);
		assert.deepEqual([...writeFrame(ACK, 1, 2)], [2, 0, 0, 0, 1, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
	});

	it('is read as it was written', () => {
		fc.assert(
			fc.property(channels, numbers, text, fc.uint8Array(), (channel, number, words, bytes) => {
				assert.deepEqual(readFrame(messageFrame(channel, number, words)), { kind: TEXT, channel, number, data: words });
				const data = bytes.slice().buffer;
				for (const message of [bytes, bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)]) {
					const read = readFrame(messageFrame(channel, number, message as Uint8Array));
					assert.deepEqual(read, { kind: BYTES, channel, number, data });
				}
			}),
		);
	});

	it('keeps every character of a text, also a byte order mark', () => {
		for (const words of ['\uFEFFx', '\u0000', '\uFEFF', '😀']) {
			assert.equal(readFrame(messageFrame(1, 0, words))?.data, words);
		}
	});

	it('is read from the middle of a buffer, and copied out of it', () => {
		const around = Buffer.alloc(100, 0xff);
		const frame = messageFrame(1, 2, new Uint8Array([5, 6]));
		around.set(frame, 30);
		const read = readFrame(around.subarray(30, 30 + frame.length));
		around.fill(0);
		assert.deepEqual(read, { kind: BYTES, channel: 1, number: 2, data: new Uint8Array([5, 6]).buffer });
	});

	it('is none when it is too short or of no known kind', () => {
		const frame = writeFrame(TEXT, 1, 2);
		for (let length = 0; length < HEAD_BYTES; length++) assert.equal(readFrame(frame.subarray(0, length)), undefined);
		for (let kind = SILENT + 1; kind < 256; kind++) {
			frame[0] = kind;
			assert.equal(readFrame(frame), undefined);
		}
	});

	it('is never answered with an exception, also where its text is none', () => {
		fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => void readFrame(bytes)));
		const bad = writeFrame(TEXT, 1, 2, new Uint8Array([0xff, 0xfe, 0x80]));
		assert.equal(typeof readFrame(bad)?.data, 'string');
	});
});
