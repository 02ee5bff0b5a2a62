import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LineReader } from '../../src/wire/index.js';

function read(reader: LineReader, ...pieces: string[]): string[] {
	const lines: string[] = [];
	for (const piece of pieces) reader.read(piece, (line) => lines.push(line) > 0);
	return lines;
}

test('lines are the same wherever the text is cut', () => {
	fc.assert(
		fc.property(
			fc.array(fc.string({ minLength: 1 }).filter((line) => /^\S[^\n]*$/.test(line))),
			fc.array(fc.nat(50)),
			(lines, cuts) => {
				const text = lines.map((line) => `${line}\n`).join('');
				const pieces: string[] = [];
				let from = 0;
				for (const cut of cuts) {
					pieces.push(text.slice(from, from + cut));
					from += cut;
				}
				assert.deepEqual(read(new LineReader(1000), ...pieces, text.slice(from)), lines);
			},
		),
	);
});

test('empty lines are left out, and what is not ended is kept back', () => {
	assert.deepEqual(read(new LineReader(10), '\n \na\n\nb', 'c'), ['a']);
});

test('a line that is too long is not held', () => {
	const reader = new LineReader(10);
	assert.equal(
		reader.read('123456789', () => true),
		true,
	);
	assert.equal(
		reader.read('01', () => true),
		false,
	);
	assert.equal(
		new LineReader(3).read('1234\n', () => assert.fail('it is too long to be read')),
		false,
	);
});

test('reading stops when it is told to', () => {
	const lines: string[] = [];
	new LineReader(10).read('a\nb\nc\n', (line) => lines.push(line) < 2);
	assert.deepEqual(lines, ['a', 'b']);
});
