import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkChannel } from '../../src/peer/check-channel.js';
import type { DataChannelOptions } from '../../src/peer/rtc.js';
import * as LIMITS from '../../src/wire/limits.js';
import { coded } from '../support/stage.js';

describe('the check of a channel', () => {
	const good: DataChannelOptions[] = [
		{},
		{ ordered: false },
		{ maxRetransmits: 0 },
		{ maxRetransmits: 65_535, protocol: 'x'.repeat(LIMITS.channelProtocolBytes) },
		{ maxPacketLifeTime: 0, ordered: false },
		{ negotiated: true, id: 0 },
		{ negotiated: true, id: 1021 },
		{ negotiated: false, id: 70_000 },
		{ early: false },
		{ eager: true, ordered: false },
	];
	for (const each of good) {
		it(`takes ${JSON.stringify(each).slice(0, 60)}`, () => checkChannel('name', each));
	}

	it('takes every name within the bound', () => {
		for (const name of ['', '__proto__', 'é'.repeat(512), '\u0000']) checkChannel(name, {});
		assert.throws(() => checkChannel('é'.repeat(513), {}), coded('bad-option'));
		assert.throws(() => checkChannel(1 as unknown as string, {}), coded('bad-option'));
	});

	const bad: unknown[] = [
		null,
		'ordered',
		{ maxRetransmits: -1 },
		{ maxRetransmits: 1.5 },
		{ maxRetransmits: 65_536 },
		{ maxRetransmits: '1' },
		{ maxRetransmits: Number.NaN },
		{ maxPacketLifeTime: 65_536 },
		{ maxRetransmits: 1, maxPacketLifeTime: 1 },
		{ protocol: 'x'.repeat(LIMITS.channelProtocolBytes + 1) },
		{ protocol: 5 },
		{ negotiated: true },
		{ negotiated: true, id: -1 },
		{ negotiated: true, id: 1022 },
		{ negotiated: true, id: 65_535 },
	];
	for (const each of bad) {
		it(`refuses ${JSON.stringify(each)?.slice(0, 60)}`, () => {
			assert.throws(() => checkChannel('name', each as DataChannelOptions), coded('bad-option'));
		});
	}

	it('says what is wrong, and what would be right', () => {
		const told: [DataChannelOptions, RegExp][] = [
			[{ maxRetransmits: -1 }, /maxRetransmits must be 0 to 65535/],
			[{ negotiated: true, id: 1022 }, /id must be 0 to 1021/],
			[{ maxRetransmits: 1, maxPacketLifeTime: 1 }, /only one of/],
		];
		for (const [options, message] of told) assert.throws(() => checkChannel('x', options), { message });
	});
});
