import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { inPlaceOfName, maxMessageSizeOf, problemOfSdp, sdpToSend } from '../../src/peer/sdp.js';

const lines = [
	'v=0',
	'o=- 1 2 IN IP4 127.0.0.1',
	's=-',
	't=0 0',
	'a=group:BUNDLE 0',
	'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
	'c=IN IP4 0.0.0.0',
	'a=mid:0',
	'a=setup:actpass',
	'a=ice-ufrag:abcd',
	'a=ice-pwd:abcdefghijklmnopqrstuv',
	'a=fingerprint:sha-256 00:11:22',
	'a=sctp-port:5000',
];

const sdp = (of: string[], end = '\r\n') => of.map((line) => line + end).join('');

/** The description with each line that begins like `replaced` replaced by `by`. */
const without = (replaced: string, ...by: string[]) =>
	sdp(lines.flatMap((line) => (line.startsWith(replaced) ? by : [line])));

describe('the largest message that a description allows', () => {
	it('is what it says, any for 0, and 64 KiB where it says nothing', () => {
		const sized = (line: string) => maxMessageSizeOf(sdp([...lines, line]));
		assert.equal(sized('a=max-message-size:1000'), 1000);
		assert.equal(sized('a=max-message-size:0'), Number.POSITIVE_INFINITY);
		for (const line of ['a=x', 'a=max-message-size:', 'a=max-message-size:-1', 'b=a=max-message-size:7']) {
			assert.equal(sized(line), 64 * 1024, line);
		}
	});
});

describe('a description from outside', () => {
	it('is good with either kind of line end', () => {
		assert.equal(problemOfSdp(sdp(lines)), undefined);
		assert.equal(problemOfSdp(sdp(lines, '\n')), undefined);
	});

	it('is good with credentials for the session or for the section, of any legal length', () => {
		const credentials = [`a=ice-ufrag:${'a+/9'.repeat(64)}`, `a=ice-pwd:${'Zz0+'.repeat(64)}`];
		assert.equal(problemOfSdp(sdp([...lines.slice(0, 5), ...credentials, ...lines.slice(5)])), undefined);
	});

	const bad: [name: string, sdp: string][] = [
		['nothing', ''],
		['garbage', 'garbage'],
		['not from the beginning', `\n${sdp(lines)}`],
		['no section', without('m=')],
		['two sections', without('m=', 'm=application 9 X', 'm=application 9 X')],
		['a section of audio', without('m=', 'm=audio 9 UDP/TLS/RTP/SAVPF 111')],
		['no ufrag', without('a=ice-ufrag')],
		['an empty ufrag', without('a=ice-ufrag', 'a=ice-ufrag:')],
		['a short ufrag', without('a=ice-ufrag', 'a=ice-ufrag:abc')],
		['a long ufrag', without('a=ice-ufrag', `a=ice-ufrag:${'a'.repeat(257)}`)],
		['a ufrag with a space', without('a=ice-ufrag', 'a=ice-ufrag:ab cd')],
		['a ufrag with a colon', without('a=ice-ufrag', 'a=ice-ufrag:ab:cd')],
		['a ufrag with a NUL', without('a=ice-ufrag', 'a=ice-ufrag:abc\u0000d')],
		['a ufrag of other letters', without('a=ice-ufrag', 'a=ice-ufrag:äöüß')],
		['a bad ufrag behind a good one', without('a=ice-ufrag', 'a=ice-ufrag:abcd', 'a=ice-ufrag:%%%%')],
		['no password', without('a=ice-pwd')],
		['a short password', without('a=ice-pwd', `a=ice-pwd:${'a'.repeat(21)}`)],
		['a long password', without('a=ice-pwd', `a=ice-pwd:${'a'.repeat(257)}`)],
		['a password with a dash', without('a=ice-pwd', 'a=ice-pwd:abcdefghijklmnopqrst-v')],
		['no fingerprint', without('a=fingerprint')],
	];
	for (const [name, text] of bad) {
		it(`is refused: ${name}`, () => assert.equal(typeof problemOfSdp(text), 'string'));
	}

	it('is never answered with an exception', () => {
		const line = fc.oneof(fc.constantFrom(...lines), fc.string({ unit: 'binary' }));
		fc.assert(fc.property(fc.array(line), (some) => void problemOfSdp(sdp(['v=0', ...some]))));
	});
});

describe('a description to send', () => {
	it('is active in an offer and unchanged otherwise', () => {
		assert.equal(sdpToSend('offer', sdp(lines)), without('a=setup', 'a=setup:active'));
		assert.equal(sdpToSend('answer', sdp(lines)), sdp(lines));
	});
});

describe('a candidate with a name', () => {
	it('is one with the address in its place', () => {
		assert.equal(
			inPlaceOfName('candidate:1 1 udp 2113937151 a-b.local 41546 typ host', '192.0.2.1'),
			'candidate:1 1 udp 2113937151 192.0.2.1 41546 typ host',
		);
	});
});
