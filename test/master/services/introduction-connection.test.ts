import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type WebSocket from 'ws';
import * as WAITS from '../../../src/wire/waits.js';
import { CuttingProxy } from '../../support/cutting-proxy.js';
import { openIntroduction, openPipe } from '../../support/introduction.js';
import { RawSocket } from '../../support/raw-socket.js';
import { within } from '../../support/wait.js';

const BOUND = { timeout: 20_000 };

describe('a connection', BOUND, () => {
	it('carries text as text and bytes as bytes, in order, both ways', async (t) => {
		const { alice, bob } = await openPipe(t);
		const said = ['a', Buffer.of(0, 1, 255), '', Buffer.of(), 'ü\u0000🐟', Buffer.alloc(100_000, 7)];
		for (const each of said) alice.send(each);
		for (const each of said) bob.send(each);
		assert.deepEqual(await bob.heard.count(said.length), said);
		assert.deepEqual(await alice.heard.count(said.length), said);
	});

	it('keeps what was said before the partner came, in order and unaltered', async (t) => {
		const { end } = await openIntroduction(t);
		const alice = await end('alice', 'bob');
		const said = ['first', Buffer.of(1, 2), '', Buffer.of(), 'x'.repeat(70_000), 'last'];
		for (const each of said) alice.send(each);
		await alice.settle();
		const bob = await end('bob', 'alice');
		alice.send('after');
		assert.deepEqual(await bob.heard.count(said.length + 1), [...said, 'after']);
	});

	it('closes with 4429 when too much is said before the partner comes', async (t) => {
		const { end } = await openIntroduction(t, { earlyBytes: 10_000 });
		const alice = await end('alice', 'bob');
		alice.send('x'.repeat(9_000));
		await alice.settle();
		alice.send('x'.repeat(1_000));
		assert.equal((await alice.closed).code, 4429);
		const many = await end('alice', 'bob');
		for (let n = 0; n < 200; n++) many.send('');
		assert.equal((await many.closed).code, 4429, 'empty messages count too');
	});

	it('closes with 4429 when all who wait have said too much together', async (t) => {
		const { end } = await openIntroduction(t, { earlyBytesOfAll: 10_000 });
		const [one, two] = [await end('one', 'x'), await end('two', 'x')];
		one.send('x'.repeat(6_000));
		await one.settle();
		two.send('x'.repeat(6_000));
		assert.equal((await two.closed).code, 4429);
		one.socket.close();
		await one.closed;
		const three = await end('three', 'x');
		three.send('x'.repeat(6_000));
		await three.settle();
	});

	it('closes with 4408 when the partner does not come in time', async (t) => {
		const { end } = await openIntroduction(t, { partnerWait: 50 });
		const alice = await end('alice', 'bob');
		alice.send('anybody there?');
		const { code, reason } = await alice.closed;
		assert.equal(code, 4408);
		assert.match(reason, /partner/);
		const [again, bob] = [await end('alice', 'bob'), await end('bob', 'alice')];
		again.send('now');
		assert.deepEqual(await bob.heard.count(1), ['now'], 'nothing of before');
	});

	it('passes on how one side closes', async (t) => {
		for (const [code, reason] of [
			[1000, ''],
			[4321, 'that is enough'],
			[undefined, ''],
		] as const) {
			const { alice, bob } = await openPipe(t);
			alice.send('last words');
			alice.socket.close(code, reason);
			assert.deepEqual(await bob.closed, { code: code ?? 1005, reason });
			assert.deepEqual(bob.heard.items, ['last words']);
		}
	});

	it('closes with 1001 when the partner is gone without a word', async (t) => {
		const { alice, bob } = await openPipe(t);
		alice.socket.terminate();
		assert.equal((await bob.closed).code, 1001);
	});

	for (const messageBytes of [1_000, 2_000_000]) {
		it(`closes both sides at a message of more than ${messageBytes} bytes, if that is the limit`, async (t) => {
			const { alice, bob } = await openPipe(t, { messageBytes });
			alice.send(Buffer.alloc(messageBytes));
			alice.send(Buffer.alloc(messageBytes + 1));
			assert.equal((await alice.closed).code, 1009);
			assert.equal((await bob.closed).code, 1001);
			assert.equal(bob.heard.items.length, 1);
		});
	}

	it('pairs nobody but the two whose ids and key are mirrored', async (t) => {
		const { end } = await openIntroduction(t);
		const wanted = await end('a', 'b:c', 'd');
		const strangers = await Promise.all([
			end('b', 'a', 'c:d'),
			end('b:c', 'a', 'D'),
			end('b:c', 'a/', 'd'),
			end('a', 'b', 'c:d'),
			end('b%3Ac', 'a', 'd'),
			end('__proto__', 'a', 'd'),
			end('a', '__proto__', 'd'),
		]);
		const right = await end('b:c', 'a', 'd');
		wanted.send('for you');
		assert.deepEqual(await right.heard.count(1), ['for you']);
		for (const stranger of strangers) await stranger.settle();
		// The last two are each other's.
		assert.deepEqual(
			strangers.flatMap(({ heard }) => heard.items),
			[],
		);
		strangers[5]?.send('hello');
		assert.deepEqual(await strangers[6]?.heard.count(1), ['hello']);
	});

	it('takes "__proto__" for an id and a key like any other', async (t) => {
		const { end } = await openIntroduction(t);
		const [one, other] = [
			await end('__proto__', 'constructor', '__proto__'),
			await end('constructor', '__proto__', '__proto__'),
		];
		one.send('x');
		assert.deepEqual(await other.heard.count(1), ['x']);
	});

	it('gives the place of a socket that waits to a newer one, which survives its close', async (t) => {
		const { end } = await openIntroduction(t);
		const old = await end('alice', 'bob');
		old.send('lost with the old socket');
		await old.settle();
		const young = await end('alice', 'bob');
		assert.equal((await old.closed).code, 4409);
		young.send('kept');
		const bob = await end('bob', 'alice');
		assert.deepEqual(await bob.heard.count(1), ['kept']);
	});

	it('gives the place of a dead socket to a newer one, and sends for the partner again', async (t) => {
		const { end, guest, port } = await openIntroduction(t);
		const proxy = await CuttingProxy.open(t, port);
		const [alice, bob] = [await guest('alice'), await guest('bob')];
		for (const each of [alice, bob]) each.say({ type: 'Join', join: ['k'] });
		await Promise.all([alice.hear(1), bob.hear(1)]);
		const dead = await RawSocket.open(t, `${proxy.url}/connection/alice/bob/k`);
		const partner = await end('bob', 'alice');
		dead.send('hello');
		await partner.heard.count(1);
		proxy.freeze();
		const young = await end('alice', 'bob');
		young.send('I am back');
		assert.equal((await partner.closed).code, 1001);
		assert.deepEqual((await bob.hear(2))[1], { type: 'Introduction', id: 'alice', keys: ['k'] });
		const back = await end('bob', 'alice');
		await back.heard.count(1);
		proxy.cut();
		young.send('and stay');
		assert.deepEqual(await back.heard.count(2), ['I am back', 'and stay']);
	});

	it('notices a socket that is dead', { timeout: 30_000 }, async (t) => {
		const { end, guest, port } = await openIntroduction(t, { silence: 200 });
		const proxy = await CuttingProxy.open(t, port);
		const [dead, carol] = [await RawSocket.open(t, `${proxy.url}/introduction/dead`), await guest('carol')];
		dead.say({ type: 'Join', join: ['k'] });
		await dead.settle();
		const [one, bob] = [await RawSocket.open(t, `${proxy.url}/connection/alice/bob/k`), await end('bob', 'alice')];
		one.send('hello');
		await bob.heard.count(1);
		const quiet = [await end('quiet', 'still'), await end('still', 'quiet')] as const;
		proxy.freeze();
		assert.equal((await bob.closed).code, 1001);
		quiet[0].send('we are only quiet');
		await quiet[1].heard.count(1);
		// Until the dead one is not introduced any more.
		for (let told = -1; told !== carol.heard.items.length; ) {
			told = carol.heard.items.length;
			carol.say({ type: 'Join', join: ['k'] });
			await carol.settle();
		}
	});

	it('holds a fast writer back for a slow reader, and loses nothing', async (t) => {
		const { alice, bob } = await openPipe(t, { pipeBytes: 64 * 1024 });
		bob.socket.pause();
		const frame = Buffer.alloc(256 * 1024);
		for (let n = 0; n < 256; n++) {
			frame.writeUInt32BE(n);
			alice.send(Buffer.from(frame));
		}
		await still(alice.socket);
		assert.ok(alice.socket.bufferedAmount > 1024 * 1024, 'most of it has not left the writer');
		bob.socket.resume();
		const heard = (await bob.heard.count(256)) as Buffer[];
		for (const [n, each] of heard.entries()) assert.equal(each.readUInt32BE(), n);
	});

	it('hands over everything that was said before a close, to a slow reader too', async (t) => {
		const { alice, bob } = await openPipe(t, { pipeBytes: 64 * 1024 * 1024 });
		bob.socket.pause();
		for (let n = 0; n < 128; n++) alice.send(Buffer.alloc(128 * 1024, n));
		alice.socket.close(4000, 'done');
		// Longer than a closing handshake may take.
		await new Promise((resolve) => setTimeout(resolve, WAITS.socketClose + 500));
		bob.socket.resume();
		assert.deepEqual(await bob.closed, { code: 4000, reason: 'done' });
		assert.equal(bob.heard.items.length, 128);
	});

	it('ends with its master', async (t) => {
		const { alice, bob, end, guest, master } = await openPipe(t);
		const [waiting, listed] = [await end('x', 'y'), await guest('z')];
		await within(master.close(), 'the master to close');
		for (const each of [alice, bob, waiting, listed]) assert.equal((await each.closed).code, 1001);
	});
});

/** Resolves when what waits in a socket has not changed for a while, or nothing waits. */
async function still(socket: WebSocket): Promise<void> {
	let last = -1;
	for (let same = 0; same < 10 && socket.bufferedAmount > 0; ) {
		same = socket.bufferedAmount === last ? same + 1 : 0;
		last = socket.bufferedAmount;
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}
