import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { describe, it } from 'node:test';
import { AddressCount, addressBehind, addressOf, isLoopback } from '../../src/master/addresses.js';
import { TokenBucket } from '../../src/master/token-bucket.js';

const request = (remoteAddress: string, forwarded?: string) =>
	({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } }) as unknown as IncomingMessage;

describe('the address of a request', () => {
	it('is that of its socket, whatever its headers say', () => {
		assert.equal(addressOf(request('192.0.2.1', '198.51.100.7')), '192.0.2.1');
		assert.equal(addressOf(request('192.0.2.1', '198.51.100.7'), 0), '192.0.2.1');
	});

	it('is what the trusted proxies have seen, and no more', () => {
		const seen = request('10.0.0.1', '203.0.113.66, 198.51.100.7, 10.0.0.2');
		assert.equal(addressOf(seen, true), '10.0.0.2');
		assert.equal(addressOf(seen, 2), '198.51.100.7');
		assert.equal(
			addressOf(seen, (address) => address.startsWith('10.')),
			'198.51.100.7',
		);
		assert.equal(addressOf(seen, 100), '203.0.113.66');
	});

	it('is that of the proxy when it says nothing that is an address', () => {
		for (const text of [undefined, '', ',', 'unknown', 'evil', '1.2.3', '198.51.100.7:1234']) {
			assert.equal(addressOf(request('10.0.0.1', text), true), '10.0.0.1', text);
		}
	});
});

describe('the address behind a candidate', () => {
	const hidden = 'candidate:1252824430 1 udp 2113937151 beaaa9e9-d851.local 41546 typ host generation 0';

	it('is told where the browser hides it', () => {
		assert.equal(addressBehind(hidden, '198.51.100.7'), '198.51.100.7');
		assert.equal(addressBehind(hidden, '::ffff:198.51.100.7'), '198.51.100.7');
		assert.equal(addressBehind(hidden.replace('udp', 'UDP'), '2001:db8::1'), '2001:db8::1');
	});

	it('is told of no other candidate, and of nobody on this machine', () => {
		for (const address of ['127.0.0.1', '::1', '', 'evil', 'fe80::1%eth0']) {
			assert.equal(addressBehind(hidden, address), undefined, address);
		}
		for (const other of [
			'',
			'evil.local',
			hidden.replace('beaaa9e9-d851.local', '192.0.2.1'),
			hidden.replace('beaaa9e9-d851.local', 'a.local.example.org'),
			hidden.replace('typ host', 'typ relay'),
			hidden.replace('udp', 'tcp'),
		]) {
			assert.equal(addressBehind(other, '198.51.100.7'), undefined, other);
		}
	});
});

describe('sockets of an address', () => {
	const count = (...addresses: string[]) => {
		const made = new AddressCount();
		for (const each of addresses) made.add(each);
		return made;
	};

	it('are counted, and forgotten', () => {
		const counts = count('192.0.2.1', '192.0.2.1', '192.0.2.2');
		assert.deepEqual([counts.of('192.0.2.1'), counts.of('192.0.2.2'), counts.of('192.0.2.3')], [2, 1, 0]);
		counts.remove('192.0.2.1');
		counts.remove('192.0.2.1');
		assert.equal(counts.of('192.0.2.1'), 0);
	});

	it('are one for an address of IPv4 however it is written, and for a /64 of IPv6', () => {
		assert.equal(count('::ffff:192.0.2.1').of('192.0.2.1'), 1);
		const counts = count('2001:db8:1:2:3:4:5:6', '2001:db8:1:2::1', '2001:0db8:0001:0002::');
		assert.equal(counts.of('2001:db8:1:2::99'), 3);
		assert.equal(counts.of('2001:db8:1:3::99'), 0);
		assert.equal(count('::5').of('::1:2'), 1);
		assert.equal(count('fe80::1%eth0').of('fe80::2'), 1);
	});

	it('are not counted for this machine itself', () => {
		for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.5']) {
			assert.ok(isLoopback(address));
			assert.equal(count(address).of(address), 0);
		}
		assert.equal(isLoopback('128.0.0.1'), false);
	});
});

describe('a token bucket', () => {
	it('gives its burst at once, and then so much a second', () => {
		const bucket = new TokenBucket({ perSecond: 10, burst: 3 }, 0);
		assert.deepEqual(
			[1, 2, 3, 4].map(() => bucket.take(1, 0)),
			[true, true, true, false],
		);
		assert.equal(bucket.take(1, 99), false);
		assert.equal(bucket.take(1, 100), true);
		assert.equal(bucket.take(1, 100), false);
	});

	it('never holds more than its burst, nor gives more than it holds', () => {
		const bucket = new TokenBucket({ perSecond: 10, burst: 3 }, 0);
		assert.equal(bucket.take(4, 1e9), false);
		assert.equal(bucket.take(3, 1e9), true);
		assert.equal(bucket.take(0.1, 1e9), false);
	});
});
