import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pack } from 'msgpackr';
import { EnslavismError, introduction } from '../../../src/index.js';
import { openIntroduction } from '../../support/introduction.js';
import { openMaster, RawSocket } from '../../support/raw-socket.js';

const BOUND = { timeout: 20_000 };

describe('the introduction endpoint', BOUND, () => {
	it('introduces two that join the same key', async (t) => {
		const { guest } = await openIntroduction(t);
		const [alice, bob] = [await guest('alice'), await guest('bob')];
		alice.say({ type: 'Join', join: ['k', 'only alice'] });
		await alice.settle();
		bob.say({ type: 'Join', join: ['k', 'only bob'] });
		assert.deepEqual(await alice.hear(1), [{ type: 'Introduction', id: 'bob', keys: ['k'] }]);
		assert.deepEqual(await bob.hear(1), [{ type: 'Introduction', id: 'alice', keys: ['k'] }]);
	});

	it('says nothing to who has left the key, and nothing of who is gone', async (t) => {
		const { guest } = await openIntroduction(t);
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
		const { guest } = await openIntroduction(t);
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
		const { guest } = await openIntroduction(t, { socketsPerId: 2 });
		const [first, second] = [await guest('alice'), await guest('alice')];
		await guest('alice');
		assert.equal((await first.closed).code, 4409);
		await second.settle();
	});

	it('takes ids and keys with any characters, without collision', async (t) => {
		const { guest } = await openIntroduction(t);
		const names = ['a:b', 'a/b', '__proto__', 'constructor', 'ü ☃ 🐟', 'a%2Fb', '"', '\\', ' ', '\u0000'];
		const guests = await Promise.all(names.map(guest));
		for (const each of guests) each.say({ type: 'Join', join: names });
		for (const [n, each] of guests.entries()) {
			const others = (await each.hear(names.length - 1)).map((said) => (said as { id: string }).id);
			assert.deepEqual(others.sort(), names.filter((_, at) => at !== n).sort());
		}
	});

	it('cuts a peer that does not read', async (t) => {
		const { guest } = await openIntroduction(t, { introductionBacklogBytes: 1000 });
		const [deaf, loud] = [await guest('deaf'), await guest('loud')];
		const key = 'k'.repeat(1000);
		const keys = Array.from({ length: 500 }, (_, n) => `${n}${key}`.slice(0, 1000));
		deaf.say({ type: 'Join', join: keys });
		await deaf.settle();
		deaf.socket.pause();
		// Each join has half a megabyte said to both, until the master has had enough of the deaf one.
		for (let joins = 1; joins <= 160 && loud.heard.items.length === joins - 1; joins++) {
			loud.say({ type: 'Join', join: keys });
			await loud.settle();
		}
		assert.ok(loud.heard.items.length < 160, 'the deaf one is out of the list');
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
			const { guest } = await openIntroduction(t);
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
		const { guest } = await openIntroduction(t);
		const bad = await guest('bad');
		bad.say({ type: 'Join', join: Array(300_000).fill('huge list') });
		assert.equal((await bad.closed).code, 1009);
	});

	it('that joins more than there is room for closes its own socket with 4429', async (t) => {
		const { guest } = await openIntroduction(t, { keyRoomPerPeer: 10_000 });
		const [bad, alice, bob] = [await guest('bad'), await guest('alice'), await guest('bob')];
		bad.say({ type: 'Join', join: Array.from({ length: 100 }, (_, n) => `${n}`) });
		assert.equal((await bad.closed).code, 4429);
		for (const each of [alice, bob]) each.say({ type: 'Join', join: ['1'] });
		await Promise.all([alice.hear(1), bob.hear(1)]);
		assert.equal(alice.heard.items.length, 1, 'nothing of the bad one is left');
	});

	it('of a socket that was already told to go is not read', async (t) => {
		const { guest } = await openIntroduction(t);
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
			const { at } = await openIntroduction(t);
			assert.equal((await at(path).closed).code, 4400);
		});
	}

	for (const path of ['/introduction', '/introduction/', '/introduction/a/b', '/connection/a/b', '/Introduction/a']) {
		it(`of nobody is no service: ${path}`, async (t) => {
			const { at } = await openIntroduction(t);
			assert.equal((await at(path).closed).code, 404);
		});
	}

	it('that a master does not offer is no service', async (t) => {
		const { url } = await openMaster(t, []);
		assert.equal((await new RawSocket(t, `${url}/introduction/a`).closed).code, 404);
	});
});

describe('the service', BOUND, () => {
	it('asks the auth listeners, who are told its name', async (t) => {
		const { master, guest, at } = await openIntroduction(t);
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
