import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import { type RelayLimits, relay } from '../../../src/index.js';
import { RelayPairs } from '../../../src/master/services/relay-pairs.js';
import { CuttingProxy } from '../../support/cutting-proxy.js';
import { FakeSocket } from '../../support/fake-socket.js';
import { openMaster, RawSocket } from '../../support/raw-socket.js';
import { within } from '../../support/wait.js';

const PATH = '/enslavism/relay';
const OPEN = '{"open":true}';

async function roomFor(t: TestContext, limits: Partial<RelayLimits> = {}): Promise<string> {
	const { url } = await openMaster(t, [relay({ limits })]);
	return `${url}${PATH}/room`;
}

/** A socket that has said its tokens. */
async function endFor(t: TestContext, url: string, local: unknown, remote: unknown): Promise<RawSocket> {
	const end = await RawSocket.open(t, url);
	end.say({ local, remote });
	return end;
}

async function pairFor(t: TestContext, url: string, a = 'a', b = 'b'): Promise<[RawSocket, RawSocket]> {
	const one = await endFor(t, url, a, b);
	const other = await endFor(t, url, b, a);
	for (const each of [one, other]) assert.deepEqual(await each.heard.count(1), [OPEN]);
	return [one, other];
}

describe('the relay service', () => {
	test('opens when two with mirrored tokens have come, and each hears the other', async (t) => {
		const url = await roomFor(t);
		const [one, other] = await pairFor(t, url);
		const bytes = Buffer.from([0, 255]);
		for (const each of ['text', bytes, '', OPEN, 'ü€😀']) one.send(each);
		other.send('back');
		assert.deepEqual(await other.heard.count(6), [OPEN, 'text', bytes, '', OPEN, 'ü€😀']);
		assert.deepEqual(await one.heard.count(2), [OPEN, 'back']);
	});

	test('lets nobody else hear a pair, or say something to it', async (t) => {
		const url = await roomFor(t);
		const [one, other] = await pairFor(t, url);
		const others = [
			await endFor(t, url, 'a', 'b'),
			await endFor(t, url, 'a', 'c'),
			await endFor(t, url.replace('room', 'hall'), 'b', 'a'),
		];
		for (const each of others) {
			each.send('let me in');
			await each.settle();
		}
		one.send('for the other');
		assert.deepEqual(await other.heard.count(2), [OPEN, 'for the other']);
		other.send('for the one');
		assert.deepEqual(await one.heard.count(2), [OPEN, 'for the one']);
		for (const each of others) assert.deepEqual(each.heard.items, []);
	});

	test('pairs those who wait with the same tokens with new partners', async (t) => {
		const url = await roomFor(t);
		const [one, other] = await pairFor(t, url);
		const third = await endFor(t, url, 'a', 'b');
		await third.settle();
		const fourth = await endFor(t, url, 'b', 'a');
		for (const each of [third, fourth]) assert.deepEqual(await each.heard.count(1), [OPEN]);
		third.send('3');
		one.send('1');
		assert.deepEqual(await fourth.heard.count(2), [OPEN, '3']);
		assert.deepEqual(await other.heard.count(2), [OPEN, '1']);
	});

	test('pairs two with one token for both', async (t) => {
		await pairFor(t, await roomFor(t), 'same', 'same');
	});

	test('keeps what came early, in order', async (t) => {
		const url = await roomFor(t);
		const one = await endFor(t, url, 'a', 'b');
		const bytes = Buffer.from('bytes');
		for (const each of ['1', bytes, '2']) one.send(each);
		await one.settle();
		const other = await endFor(t, url, 'b', 'a');
		await one.heard.count(1);
		one.send('3');
		assert.deepEqual(await other.heard.count(5), [OPEN, '1', bytes, '2', '3']);
	});

	test('closes one that says too much before the other has come', async (t) => {
		const url = await roomFor(t, { earlyBytes: 1000 });
		const one = await endFor(t, url, 'a', 'b');
		for (let n = 0; n < 20; n++) one.send('x'.repeat(100));
		assert.deepEqual(await one.closed, { code: 4429, reason: 'too much was sent before the other side came' });
		const other = await endFor(t, url, 'b', 'a');
		await other.settle();
		assert.deepEqual(other.heard.items, [], 'nobody is there');
	});

	test('keeps no more early messages of all than it may, and as many again when they are gone', () => {
		const service = relay({ limits: { earlyBytesOfAll: 1000 } });
		const all: FakeSocket[] = [];
		const wait = (n: number): FakeSocket => {
			const socket = FakeSocket.at(service, `${PATH}/${n}`);
			all.push(socket);
			socket.say({ local: 'a', remote: 'b' });
			socket.say('x'.repeat(200));
			return socket;
		};
		const fit = [1, 2, 3].map(wait);
		assert.ok(fit.every(({ closedWith }) => closedWith === undefined));
		assert.equal(wait(4).closedWith, 4429);
		fit[0]?.leave();
		const partner = FakeSocket.at(service, `${PATH}/2`);
		partner.say({ local: 'b', remote: 'a' });
		for (const n of [5, 6]) assert.equal(wait(n).closedWith, undefined);
		assert.equal(wait(7).closedWith, 4429);
		for (const socket of [...all, partner]) socket.leave();
		service.close();
	});

	test('ends one with the other', async (t) => {
		const [one, other] = await pairFor(t, await roomFor(t));
		one.send('last words');
		one.socket.close(1000, 'enough');
		assert.deepEqual(await other.closed, { code: 1000, reason: 'enough' });
		assert.deepEqual(other.heard.items, [OPEN, 'last words']);
	});

	test('ends one when the line of the other is cut', async (t) => {
		const { url, port } = await openMaster(t, [relay()]);
		const proxy = await CuttingProxy.open(t, port);
		const one = await endFor(t, `${proxy.url}${PATH}/room`, 'a', 'b');
		await one.settle();
		const other = await endFor(t, `${url}${PATH}/room`, 'b', 'a');
		await other.heard.count(1);
		proxy.cut();
		assert.deepEqual(await other.closed, { code: 1000, reason: 'the other side has left' });
	});

	test('ends one when the other is gone without a word', async (t) => {
		const { url, port } = await openMaster(t, [relay({ limits: { silence: 160 } })]);
		const proxy = await CuttingProxy.open(t, port);
		const one = await endFor(t, `${proxy.url}${PATH}/room`, 'a', 'b');
		await one.settle();
		const other = await endFor(t, `${url}${PATH}/room`, 'b', 'a');
		await other.heard.count(1);
		proxy.freeze();
		assert.deepEqual(await other.closed, { code: 1000, reason: 'the other side has left' });
	});

	test('does not pair one that has left', async (t) => {
		const url = await roomFor(t);
		const gone = await endFor(t, url, 'a', 'b');
		await gone.settle();
		gone.socket.close();
		const other = await endFor(t, url, 'b', 'a');
		await gone.closed;
		await other.settle();
		assert.deepEqual(other.heard.items, []);
		const back = await endFor(t, url, 'a', 'b');
		for (const each of [back, other]) assert.deepEqual(await each.heard.count(1), [OPEN]);
	});

	test('pairs the newest of those that wait with the same tokens, and refuses too many', async (t) => {
		const url = await roomFor(t, { waitersPerTokens: 2 });
		const [old, young] = [await endFor(t, url, 'a', 'b'), await endFor(t, url, 'a', 'b')];
		await Promise.all([old.settle(), young.settle()]);
		const refused = await endFor(t, url, 'a', 'b');
		assert.deepEqual(await refused.closed, { code: 4429, reason: 'too many wait with these tokens' });
		const other = await endFor(t, url, 'b', 'a');
		for (const each of [young, other]) assert.deepEqual(await each.heard.count(1), [OPEN]);
		assert.deepEqual(old.heard.items, []);
	});

	test('does not wait for ever, for tokens or for the other side', async (t) => {
		const url = await roomFor(t, { headerWait: 50, partnerWait: 100 });
		const silent = await RawSocket.open(t, url);
		assert.deepEqual(await silent.closed, { code: 4408, reason: 'the tokens did not come in time' });
		const lonely = await endFor(t, url, 'a', 'b');
		assert.deepEqual(await lonely.closed, { code: 4408, reason: 'the other side did not come in time' });
		const [one, other] = await pairFor(t, url);
		const later = await endFor(t, url, 'a', 'b');
		await later.closed;
		one.send('a pair has no such bound');
		await other.heard.count(2);
	});

	test('holds a writer back while more waits for the other side than may', () => {
		const service = relay({ limits: { pipeBytes: 1000 } });
		const [writer, reader] = [FakeSocket.at(service, `${PATH}/room`), FakeSocket.at(service, `${PATH}/room`)];
		writer.say({ local: 'a', remote: 'b' });
		reader.say({ local: 'b', remote: 'a' });
		reader.bufferedAmount = 1000;
		writer.say('fits');
		assert.equal(writer.isPaused, false);
		reader.bufferedAmount = 1001;
		writer.say('too much');
		assert.equal(writer.isPaused, true);
		reader.bufferedAmount = 501;
		for (const left of reader.left) left();
		assert.equal(writer.isPaused, true, 'until half of it has left');
		reader.bufferedAmount = 500;
		for (const left of reader.left) left();
		assert.equal(writer.isPaused, false);
		writer.leave();
		assert.equal(reader.closedWith, 1000);
		service.close();
	});

	test('loses nothing when one side reads late', async (t) => {
		const [one, other] = await pairFor(t, await roomFor(t, { pipeBytes: 64 * 1024 }));
		other.socket.pause();
		// More than the system holds for two lines.
		const message = Buffer.alloc(64 * 1024, 'x');
		for (let n = 0; n < 400; n++) one.send(message);
		one.send('end');
		other.socket.resume();
		assert.equal((await other.heard.count(402)).at(-1), 'end');
	});

	test('ends a pair of which one never reads', async () => {
		const service = relay({ limits: { pipeBytes: 1000, stall: 20 } });
		const [writer, reader] = [FakeSocket.at(service, `${PATH}/room`), FakeSocket.at(service, `${PATH}/room`)];
		writer.say({ local: 'a', remote: 'b' });
		reader.say({ local: 'b', remote: 'a' });
		reader.bufferedAmount = 1001;
		const closed = once(writer, 'close');
		writer.say('too much');
		await within(closed, 'the end of the writer');
		assert.deepEqual([reader.closedWith, writer.closedWith], [4413, 1000]);
		assert.equal(writer.isPaused, false, 'so that it sees the closing handshake');
		service.close();
	});

	for (const [what, frame] of Object.entries({
		'no JSON': 'hello',
		null: 'null',
		'a list': '["a","b"]',
		'one token': '{"local":"a"}',
		'an empty token': '{"local":"a","remote":""}',
		'tokens that are numbers': '{"local":1,"remote":2}',
		'tokens that are lists': '{"local":["a"],"remote":["b"]}',
		'a token that is too long': JSON.stringify({ local: 'a', remote: 'b'.repeat(257) }),
		'deep lists': '['.repeat(100_000),
		bytes: Buffer.from('{"local":"a","remote":"b"}'),
	})) {
		test(`closes a socket whose first message is ${what}`, async (t) => {
			const bad = await RawSocket.open(t, await roomFor(t));
			bad.send(frame);
			assert.equal((await bad.closed).code, 4400);
		});
	}

	test('closes a socket after a message that is too long, and the other one with it', async (t) => {
		const [one, other] = await pairFor(t, await roomFor(t));
		one.send(Buffer.alloc(1024 * 1024 + 1));
		assert.equal((await one.closed).code, 1009);
		assert.equal((await other.closed).code, 1000);
	});
});

describe('pairs of tokens', () => {
	test('are not mistaken for others, whatever characters they have', () => {
		const pairs = new RelayPairs<object>(8);
		for (const [namespace, local, remote] of [
			['n', 'a:b', 'c'],
			['n', 'a', 'b:c'],
			['n', 'a","b', 'c'],
			['n:a', 'b', 'c'],
			['n', '__proto__', 'constructor'],
		] as const) {
			assert.equal(pairs.arrive(namespace, { local, remote }, {}).became, 'waiting');
		}
		assert.equal(pairs.size, 5);
		assert.equal(pairs.arrive('n', { local: 'b:c', remote: 'a:b' }, {}).became, 'waiting');
		assert.equal(pairs.arrive('n', { local: 'b:c', remote: 'a' }, {}).became, 'paired');
	});

	test('are forgotten when nobody waits', () => {
		const pairs = new RelayPairs<object>(8);
		const ends = Array.from({ length: 10_000 }, () => ({}));
		for (const [n, end] of ends.entries()) pairs.arrive(`room ${n}`, { local: 'a', remote: 'b' }, end);
		assert.equal(pairs.size, 10_000);
		for (const [n, end] of ends.entries()) pairs.leave(`room ${n}`, { local: 'a', remote: 'b' }, end);
		assert.equal(pairs.size, 0);
	});

	test('never pair one that has left, or one twice', () => {
		const pairs = new RelayPairs<{ name: string }>(8);
		const [a, b, c] = ['a', 'b', 'c'].map((name) => ({ name }));
		assert.ok(a && b && c);
		const [forth, back] = [
			{ local: 'x', remote: 'y' },
			{ local: 'y', remote: 'x' },
		];
		pairs.arrive('n', forth, a);
		pairs.leave('n', forth, a);
		assert.deepEqual(pairs.arrive('n', back, b), { became: 'waiting' });
		assert.deepEqual(pairs.arrive('n', forth, c), { became: 'paired', partner: b });
		assert.deepEqual(pairs.arrive('n', forth, a), { became: 'waiting' });
	});
});
