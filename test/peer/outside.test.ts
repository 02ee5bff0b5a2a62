import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Outside } from '../../src/peer/node/outside.js';
import * as LIMITS from '../../src/wire/limits.js';

const candidate = (number: number, address = `192.0.2.${number}`) => `${number} 1 UDP ${number} ${address} 9 typ host`;

describe('what a slave publishes of the addresses that it finds', () => {
	it('has the address outside also where the machine has more of its own than there is room for', () => {
		const outside = new Outside([]);
		const inside = Array.from({ length: LIMITS.directCandidates + 1 }, (_, number) => candidate(number));
		assert.deepEqual(outside.beside(inside), inside.slice(0, LIMITS.directCandidates));
		outside.told(['the address outside']);
		assert.deepEqual(outside.beside(inside), [...inside.slice(0, LIMITS.directCandidates - 1), 'the address outside']);
	});

	it('has no address with a zone, which others cannot use', () => {
		const inside = [candidate(1, 'fe80::1%lo'), candidate(2, '2001:db8::1')];
		assert.deepEqual(new Outside([]).beside(inside), [candidate(2, '2001:db8::1')]);
	});
});
