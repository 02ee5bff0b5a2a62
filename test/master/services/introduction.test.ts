import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { pack } from 'msgpackr';
import type WebSocket from 'ws';
import { EnslavismError, type IntroductionLimits, introduction } from '../../../src/index.js';
import * as WAITS from '../../../src/wire/waits.js';
import { CuttingProxy } from '../../support/cutting-proxy.js';
import { openMaster, RawSocket } from '../../support/raw-socket.js';
import { within } from '../../support/wait.js';

const BOUND = { timeout: 20_000 };

async function open(t: TestContext, limits: Partial<IntroductionLimits> = {}) {
	const { url, master, port } = await openMaster(t, [introduction({ limits })]);
	const part = encodeURIComponent;
	return {
		url,
		master,
		port,
		/** A socket at the introduction endpoint. */
		guest: (id: string) => RawSocket.open(t, `${url}/introduction/${part(id)}`),
		/** A socket at the connection endpoint. */
		end: (id: string, remoteId: string, key = 'k') =>
			RawSocket.open(t, `${url}/connection/${part(id)}/${part(remoteId)}/${part(key)}`),
		at: (path: string) => new RawSocket(t, url + path),
	};
}

/** Two sockets that are joined. */
async function pipe(t: TestContext, limits: Partial<IntroductionLimits> = {}) {
	const service = await open(t, limits);
	const [alice, bob] = [await service.end('alice', 'bob'), await service.end('bob', 'alice')];
	await bob.settle();
	return { ...service, alice, bob };
}

describe('the introduction endpoint', BOUND, () => {
	it('introduces two that join the same key', async (t) => {
		const { guest } = await open(t);
		const [alice, bob] = [await guest('alice'), await guest('bob')];
		alice.say({ type: 'Join', join: ['k', 'only alice'] });
		await alice.settle();
		bob.say({ type: 'Join', join: ['k', 'only bob'] });
		assert.deepEqual(await alice.hear(1), [{ type: 'Introduction', id: 'bob', keys: ['k'] }]);
		assert.deepEqual(await bob.hear(1), [{ type: 'Introduction', id: 'alice', keys: ['k'] }]);
	});

	it('says nothing to who has left the key, and nothing of who is gone', async (t) => {
		const { guest } = await open(t);
		const [alice, bob, carol] = [await guest('alice'), await guest('bob'), await guest('carol')];
		for (const each of [alice, bob]) each.say({ type: 'Join', join: ['k'] });
		await Promise.all([alice.hear(1), bob.hear(1)]);
		alice.say({ type: 'Leave', leave: ['k'] });
		bob.socket.close();
		await Promise.all([alice.settle(), bob.closed]);
		carol.say({ type: 'Join', join: ['k'] });
		await carol.settle();
		assert.equal(carol.heard.items.length, 0);
		assert.equal(alice.heard.items.length, 1);
	});

	it('keeps a replacement when the old socket of the same id closes, and brings the old one back when it goes', async (t) => {
		const { guest } = await open(t);
		const [old, bob] = [await guest('alice'), await guest('bob')];
		old.say({ type: 'Join', join: ['k'] });
		await old.settle();
		const young = await guest('alice');
		young.say({ type: 'Join', join: ['k'] });
		await young.settle();
		bob.say({ type: 'Join', join: ['k'] });
		await young.hear(1);
		assert.equal(old.heard.items.length, 0, 'the old one is not spoken to');
		young.socket.close();
		assert.deepEqual(await old.hear(1), [{ type: 'Introduction', id: 'bob', keys: ['k'] }]);
		const third = await guest('alice');
		third.say({ type: 'Join', join: ['k'] });
		await third.hear(1);
		old.socket.terminate();
		await old.closed;
		await guest('wakes the master');
		bob.say({ type: 'Join', join: ['k'] });
		await third.hear(2);
	});

	it('closes the oldest socket of an id that has too many', async (t) => {
		const { guest } = await open(t, { socketsPerId: 2 });
		const [first, second] = [await guest('alice'), await guest('alice')];
		await guest('alice');
		assert.equal((await first.closed).code, 4409);
		await second.settle();
	});

	it('takes ids and keys with any characters, without collision', async (t) => {
		const { guest } = await open(t);
		const names = ['a:b', 'a/b', '__proto__', 'constructor', 'ü ☃ 🐟', 'a%2Fb', '"', '\\', ' ', '\u0000'];
		const guests = await Promise.all(names.map(guest));
		for (const each of guests) each.say({ type: 'Join', join: names });
		for (const [n, each] of guests.entries()) {
			const others = (await each.hear(names.length - 1)).map((said) => (said as { id: string }).id);
			assert.deepEqual(others.sort(), names.filter((_, at) => at !== n).sort());
		}
	});

	it('cuts a peer that does not read', async (t) => {
		const { guest } = await open(t, { introductionBacklogBytes: 1000 });
		const [deaf, loud] = [await guest('deaf'), await guest('loud')];
		const key = 'k'.repeat(1000);
		const keys = Array.from({ length: 500 }, (_, n) => `${n}${key}`.slice(0, 1000));
		deaf.say({ type: 'Join', join: keys });
		await deaf.settle();
		deaf.socket.pause();
		// Each join has half a megabyte said to both, until the master has had enough of the deaf one.
		for (let joins = 1; joins <= 60 && loud.heard.items.length === joins - 1; joins++) {
			loud.say({ type: 'Join', join: keys });
			await loud.settle();
		}
		assert.ok(loud.heard.items.length < 60, 'the deaf one is out of the list');
		deaf.socket.resume();
		assert.ok([1006, 4413].includes((await deaf.closed).code));
		await loud.settle();
	});
});

describe('a malformed message', BOUND, () => {
	const cases: [string, (string | Uint8Array)[]][] = [
		['text that is not JSON', ['{']],
		['nothing', ['']],
		['null', ['null']],
		['a number', ['7']],
		['a list', ['[]']],
		['an unknown type', ['{"type":"Jump"}']],
		['a join without a list', ['{"type":"Join"}']],
		['a join of something else than a list', ['{"type":"Join","join":"k"}']],
		['a list of numbers', ['{"type":"Join","join":[1]}']],
		['a list with null in it', ['{"type":"Join","documentIds":["k",null]}']],
		['an empty key', ['{"type":"Join","join":[""]}']],
		['half a character', ['{"type":"Join","join":["\\ud800"]}']],
		['a key of 10 KB', [JSON.stringify({ type: 'Join', join: ['k'.repeat(10_240)] })]],
		['brackets without end', ['['.repeat(500_000)]],
		['bytes that are no MessagePack', [Uint8Array.of(1, 2, 3)]],
		['MessagePack that is cut off', [pack({ type: 'Join', documentIds: ['k'] }).subarray(0, 12)]],
		['MessagePack that announces a huge list', [Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff)]],
		['MessagePack of null', [Uint8Array.of(0xc0)]],
		['documents after keys', ['{"type":"Join","join":["k"]}', '{"type":"Join","documentIds":["k"]}']],
		['keys after documents', ['{"type":"Join","documentIds":["k"]}', '{"type":"Join","join":["k"]}']],
		['bytes after text', ['{"type":"Join","join":["k"]}', pack({ type: 'Join', documentIds: ['k'] })]],
		['text after bytes', [pack({ type: 'Join', documentIds: ['k'] }), '{"type":"Join","documentIds":["k"]}']],
	];
	for (const [what, frames] of cases) {
		it(`closes its own socket with 4400 and no other: ${what}`, async (t) => {
			const { guest } = await open(t);
			const [bad, alice, bob] = [await guest('bad'), await guest('alice'), await guest('bob')];
			alice.say({ type: 'Join', join: ['fine'] });
			for (const frame of frames) bad.send(frame);
			const { code, reason } = await bad.closed;
			assert.equal(code, 4400);
			assert.notEqual(reason, '');
			bob.say({ type: 'Join', join: ['fine'] });
			await Promise.all([alice.hear(1), bob.hear(1)]);
		});
	}

	it('that is too large closes its own socket with 1009', async (t) => {
		const { guest } = await open(t);
		const bad = await guest('bad');
		bad.say({ type: 'Join', join: Array(300_000).fill('huge list') });
		assert.equal((await bad.closed).code, 1009);
	});

	it('that joins more than there is room for closes its own socket with 4429', async (t) => {
		const { guest } = await open(t, { keyRoomPerPeer: 10_000 });
		const [bad, alice, bob] = [await guest('bad'), await guest('alice'), await guest('bob')];
		bad.say({ type: 'Join', join: Array.from({ length: 100 }, (_, n) => `${n}`) });
		assert.equal((await bad.closed).code, 4429);
		for (const each of [alice, bob]) each.say({ type: 'Join', join: ['1'] });
		await Promise.all([alice.hear(1), bob.hear(1)]);
		assert.equal(alice.heard.items.length, 1, 'nothing of the bad one is left');
	});

	it('of a socket that was already told to go is not read', async (t) => {
		const { guest } = await open(t);
		const [bad, bob] = [await guest('bad'), await guest('bob')];
		bob.say({ type: 'Join', join: ['k'] });
		await bob.settle();
		bad.send('{');
		bad.say({ type: 'Join', join: ['k'] });
		await bad.closed;
		await bob.settle();
		assert.equal(bob.heard.items.length, 0);
	});
});

describe('a path', BOUND, () => {
	for (const path of [
		`/introduction/${'x'.repeat(10_240)}`,
		`/connection/a/b/${'x'.repeat(10_240)}`,
		`/connection/${'x'.repeat(257)}/b/k`,
		'/introduction/%E0%A4%A',
		'/introduction/%ff',
		'/connection/a/%c0%80/k',
		'/connection/a/a/k',
	]) {
		it(`that cannot be used is refused with 4400: ${path.slice(0, 40)}`, async (t) => {
			const { at } = await open(t);
			assert.equal((await at(path).closed).code, 4400);
		});
	}

	for (const path of ['/introduction', '/introduction/', '/introduction/a/b', '/connection/a/b', '/Introduction/a']) {
		it(`of nobody is no service: ${path}`, async (t) => {
			const { at } = await open(t);
			assert.equal((await at(path).closed).code, 404);
		});
	}

	it('that a master does not offer is no service', async (t) => {
		const { url } = await openMaster(t, []);
		assert.equal((await new RawSocket(t, `${url}/introduction/a`).closed).code, 404);
	});
});

describe('a connection', BOUND, () => {
	it('carries text as text and bytes as bytes, in order, both ways', async (t) => {
		const { alice, bob } = await pipe(t);
		const said = ['a', Buffer.of(0, 1, 255), '', Buffer.of(), 'ü\u0000🐟', Buffer.alloc(100_000, 7)];
		for (const each of said) alice.send(each);
		for (const each of said) bob.send(each);
		assert.deepEqual(await bob.heard.count(said.length), said);
		assert.deepEqual(await alice.heard.count(said.length), said);
	});

	it('keeps what was said before the partner came, in order and unaltered', async (t) => {
		const { end } = await open(t);
		const alice = await end('alice', 'bob');
		const said = ['first', Buffer.of(1, 2), '', Buffer.of(), 'x'.repeat(70_000), 'last'];
		for (const each of said) alice.send(each);
		await alice.settle();
		const bob = await end('bob', 'alice');
		alice.send('after');
		assert.deepEqual(await bob.heard.count(said.length + 1), [...said, 'after']);
	});

	it('closes with 4429 when too much is said before the partner comes', async (t) => {
		const { end } = await open(t, { earlyBytes: 10_000 });
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
		const { end } = await open(t, { earlyBytesOfAll: 10_000 });
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
		const { end } = await open(t, { partnerWait: 50 });
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
			const { alice, bob } = await pipe(t);
			alice.send('last words');
			alice.socket.close(code, reason);
			assert.deepEqual(await bob.closed, { code: code ?? 1005, reason });
			assert.deepEqual(bob.heard.items, ['last words']);
		}
	});

	it('closes with 1001 when the partner is gone without a word', async (t) => {
		const { alice, bob } = await pipe(t);
		alice.socket.terminate();
		assert.equal((await bob.closed).code, 1001);
	});

	for (const messageBytes of [1_000, 2_000_000]) {
		it(`closes both sides at a message of more than ${messageBytes} bytes, if that is the limit`, async (t) => {
			const { alice, bob } = await pipe(t, { messageBytes });
			alice.send(Buffer.alloc(messageBytes));
			alice.send(Buffer.alloc(messageBytes + 1));
			assert.equal((await alice.closed).code, 1009);
			assert.equal((await bob.closed).code, 1001);
			assert.equal(bob.heard.items.length, 1);
		});
	}

	it('pairs nobody but the two whose ids and key are mirrored', async (t) => {
		const { end } = await open(t);
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
		const { end } = await open(t);
		const [one, other] = [
			await end('__proto__', 'constructor', '__proto__'),
			await end('constructor', '__proto__', '__proto__'),
		];
		one.send('x');
		assert.deepEqual(await other.heard.count(1), ['x']);
	});

	it('gives the place of a socket that waits to a newer one, which survives its close', async (t) => {
		const { end } = await open(t);
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
		const { end, guest, port } = await open(t);
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

	it('notices a socket that is dead', async (t) => {
		const { end, guest, port } = await open(t, { silence: 200 });
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
		for (let joins = 1, told = -1; told !== carol.heard.items.length; joins++) {
			assert.ok(joins < 500, 'the dead one is still introduced');
			told = carol.heard.items.length;
			carol.say({ type: 'Join', join: ['k'] });
			await carol.settle();
		}
	});

	it('holds a fast writer back for a slow reader, and loses nothing', async (t) => {
		const { alice, bob } = await pipe(t, { pipeBytes: 64 * 1024 });
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
		const { alice, bob } = await pipe(t, { pipeBytes: 64 * 1024 * 1024 });
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
		const { alice, bob, end, guest, master } = await pipe(t);
		const [waiting, listed] = [await end('x', 'y'), await guest('z')];
		await within(master.close(), 'the master to close');
		for (const each of [alice, bob, waiting, listed]) assert.equal((await each.closed).code, 1001);
	});
});

describe('the service', BOUND, () => {
	it('asks the auth listeners, who are told its name', async (t) => {
		const { master, guest, at } = await open(t);
		const names: unknown[] = [];
		master.on('clientauth', (_cookies, reject, { service, request }) => {
			names.push(service);
			if (request.url?.endsWith('/mallory')) reject('not you');
		});
		await guest('alice');
		assert.deepEqual(await at('/introduction/mallory').closed, { code: 4401, reason: 'not you' });
		assert.deepEqual(names, ['introduction', 'introduction']);
	});

	it('refuses limits that are none', () => {
		const isBadOption = (thrown: unknown) => thrown instanceof EnslavismError && thrown.code === 'bad-option';
		for (const limits of [{ earlyBytes: 0 }, { silence: Number.NaN }, { partnerWait: 2 ** 31 }, { earlyBytes: '1' }]) {
			assert.throws(() => introduction({ limits: limits as never }), isBadOption);
		}
		assert.throws(() => introduction({ limits: { nonsense: 1 } as never }), isBadOption);
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
