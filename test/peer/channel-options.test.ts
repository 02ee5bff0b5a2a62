import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { packProtocol, reliabilityOf, unpackProtocol } from '../../src/peer/channel-options.js';
import { checkChannel } from '../../src/peer/node/check-channel.js';
import type { DataChannelOptions } from '../../src/peer/rtc.js';
import * as LIMITS from '../../src/wire/limits.js';

const uint16 = fc.integer({ min: 0, max: 65_535 });

const options: fc.Arbitrary<DataChannelOptions> = fc
	.tuple(
		fc.record({ ordered: fc.boolean(), protocol: fc.string() }, { requiredKeys: [] }),
		fc.oneof(fc.constant({}), fc.record({ maxRetransmits: uint16 }), fc.record({ maxPacketLifeTime: uint16 })),
	)
	.map(([one, other]) => ({ ...one, ...other }));

describe('the options of a channel, as they travel', () => {
	it('arrive as they were', () => {
		fc.assert(
			fc.property(options, (each) => {
				const { protocol, reliability } = unpackProtocol(packProtocol(each));
				assert.equal(protocol, each.protocol ?? '');
				assert.deepEqual(reliability, reliabilityOf(each));
			}),
			{ numRuns: 1000 },
		);
	});

	it('are nothing for an ordinary channel', () => {
		assert.equal(packProtocol({}), '');
		assert.equal(packProtocol({ ordered: true, protocol: '' }), '');
	});

	it('are short', () => {
		assert.equal(packProtocol({ ordered: false, maxRetransmits: 0 }), 'ur0:');
		assert.equal(packProtocol({ maxPacketLifeTime: 65_535, protocol: 'chat' }), 't65535:chat');
	});

	it('keep a protocol that looks like them', () => {
		for (const protocol of ['u:', ':', 'ur0:', 'u', 'r5:x', 'a:b']) {
			assert.equal(unpackProtocol(packProtocol({ protocol })).protocol, protocol);
		}
	});

	it('are a plain protocol when somebody else wrote them', () => {
		for (const packed of ['chat', 'ux:', 'r:x', 'r123456:x', 'u r1:x', 'v=1', 'ru1:x']) {
			assert.deepEqual(unpackProtocol(packed), { protocol: packed, reliability: reliabilityOf({}) });
		}
		fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void unpackProtocol(text)));
	});
});

describe('the check of a channel in Node', () => {
	const good: DataChannelOptions[] = [
		{},
		{ ordered: false },
		{ maxRetransmits: 0 },
		{ maxRetransmits: 65_535, protocol: 'x'.repeat(LIMITS.channelProtocolBytes) },
		{ maxPacketLifeTime: 0, ordered: false },
		{ negotiated: true, id: 0 },
		{ negotiated: true, id: 1021 },
		{ negotiated: false, id: 70_000 },
	];
	for (const each of good) {
		it(`takes ${JSON.stringify(each).slice(0, 60)}`, () => checkChannel('name', each));
	}

	it('takes every name within the bound', () => {
		for (const name of ['', '__proto__', 'é'.repeat(512), '\u0000']) checkChannel(name, {});
		assert.throws(() => checkChannel('é'.repeat(513), {}), TypeError);
		assert.throws(() => checkChannel(1 as unknown as string, {}), TypeError);
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
			assert.throws(() => checkChannel('name', each as DataChannelOptions), TypeError);
		});
	}
});
