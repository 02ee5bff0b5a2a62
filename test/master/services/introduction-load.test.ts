import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { pack } from 'msgpackr';
import { introduction } from '../../../src/index.js';
import { Matching } from '../../../src/master/services/introduction/matching.js';
import { Turns } from '../../../src/master/services/introduction/turns.js';
import { openMaster, RawSocket } from '../../support/raw-socket.js';

const BOUND = { timeout: 30_000 };

describe('under load', BOUND, () => {
	it('takes 10 000 keys of one peer, and introduces on every one of them', async (t) => {
		const { url } = await openMaster(t, [introduction()]);
		const many = await RawSocket.open(t, `${url}/introduction/many`);
		const keys = Array.from({ length: 10_000 }, (_, n) => `document-${n}-${'x'.repeat(20)}`);
		many.say({ type: 'Join', join: keys });
		await many.settle();
		const all = await RawSocket.open(t, `${url}/introduction/all`);
		all.say({ type: 'Join', join: keys });
		assert.deepEqual(await all.hear(1), [{ type: 'Introduction', id: 'many', keys }]);
		const one = await RawSocket.open(t, `${url}/introduction/one`);
		one.say({ type: 'Join', documentIds: [keys[9_999]] });
		assert.equal((await one.hear(2)).length, 2);
	});

	it('forgets 10 000 keys that 100 peers joined, when they are gone', () => {
		const matching = new Matching<number>({ keyRoom: 1e9, keyRoomPerPeer: 1e7, socketsPerId: 1 });
		const parties = Array.from({ length: 100 }, (_, n) => matching.enter(`${n}`, n).party);
		for (const [n, party] of parties.entries()) {
			matching.join(
				party,
				Array.from({ length: 100 }, (_, key) => `${n}-${key}`),
			);
		}
		assert.deepEqual(matching.counts, { ids: 100, keys: 10_000 });
		for (const party of parties) matching.exit(party);
		assert.deepEqual(matching.counts, { ids: 0, keys: 0 });
	});

	it('lets others have their turn while a huge meeting is made', async () => {
		const introduced: string[] = [];
		const turns = new Turns<string>(({ to }) => introduced.push(to));
		let left = 2_000_000;
		const huge = {
			next: () => (left-- > 0 ? { done: false, value: undefined } : { done: true, value: undefined }),
		} as Iterator<undefined, void>;
		const small = [{ to: 'small', about: 'x', keys: ['k'] }];
		turns.start(huge);
		assert.ok(left > 0, 'the first slice is not all of it');
		turns.start([small][Symbol.iterator]() as Iterator<typeof small, void>);
		while (introduced.length === 0) await new Promise((resolve) => setImmediate(resolve));
		assert.ok(left > 0, 'the small one is made before the huge one is done');
		while (left > 0) await new Promise((resolve) => setImmediate(resolve));
	});

	it('serves a well-behaved pair while others send garbage', async (t) => {
		const { url } = await openMaster(t, [introduction({ limits: { partnerWait: 500, earlyBytes: 20_000 } })]);
		const stop = performance.now() + 3_000;
		const fuzzers = Array.from({ length: 6 }, (_, n) => fuzz(t, url, random(n + 1), stop));
		let rounds = 0;
		while (performance.now() < stop) {
			await wellBehaved(t, url, `round-${rounds}`);
			rounds++;
		}
		const sockets = (await Promise.all(fuzzers)).reduce((sum, each) => sum + each, 0);
		assert.ok(rounds > 5, `${rounds} rounds`);
		assert.ok(sockets > 50, `${sockets} sockets of garbage`);
		await wellBehaved(t, url, 'afterwards');
	});
});

/** Two meet, connect and talk. */
async function wellBehaved(t: TestContext, url: string, key: string): Promise<void> {
	const ids = [`alice ${key}`, `bob ${key}`].map(encodeURIComponent);
	const guests = await Promise.all(ids.map((id) => RawSocket.open(t, `${url}/introduction/${id}`)));
	for (const each of guests) each.say({ type: 'Join', documentIds: [key] });
	await Promise.all(guests.map((each) => each.hear(1)));
	const [one, other] = await Promise.all(
		[ids, [...ids].reverse()].map(([id, remoteId]) => RawSocket.open(t, `${url}/connection/${id}/${remoteId}/${key}`)),
	);
	one?.send('hello');
	other?.send(Buffer.of(1, 2));
	await Promise.all([one?.heard.count(1), other?.heard.count(1)]);
	for (const each of [...guests, one, other]) each?.socket.close();
}

/** Opens sockets and says nonsense on them until the time is over; tells how many there were. */
async function fuzz(t: TestContext, url: string, next: () => number, until: number): Promise<number> {
	const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)] as T;
	const names = ['a', 'b', '__proto__', '%2F', 'a:b', '%', '%ff', 'x'.repeat(300), '..', ''];
	const junk = (): string | Buffer =>
		pick([
			() => Buffer.from(Array.from({ length: Math.floor(next() * 50) }, () => Math.floor(next() * 256))),
			() => pick(['null', '[]', '{', '{"type":"Join"}', '"x"', '{"type":"Join","join":[null]}']),
			() => JSON.stringify({ type: pick(['Join', 'Leave', 'Heartbeat']), join: [pick(names)], leave: [pick(names)] }),
			() => JSON.stringify({ type: pick(['Join', 'Leave']), documentIds: Array(100).fill(pick(names)) }),
			() => pack({ type: pick(['Join', 'Leave', '❤️']), documentIds: [pick(names), next() < 0.1 ? 1 : 'b'] }),
			() => 'x'.repeat(Math.floor(next() * 30_000)),
		])();
	let sockets = 0;
	for (; performance.now() < until; sockets++) {
		const path = pick([
			`/introduction/${pick(names)}`,
			`/connection/${pick(names)}/${pick(names)}/${pick(names)}`,
			`/connection/a/b/k`,
			`/connection/b/a/k`,
		]);
		const socket = new RawSocket(t, url + path);
		socket.opened.catch(() => {});
		await Promise.race([socket.opened, socket.closed]).catch(() => {});
		for (let frames = Math.floor(next() * 8); frames > 0 && socket.socket.readyState === 1; frames--) {
			socket.send(junk());
			if (next() < 0.3) await new Promise((resolve) => setImmediate(resolve));
		}
		if (next() < 0.2) socket.socket.terminate();
		else if (next() < 0.5) socket.socket.close(pick([1000, 3000, 4999, 1001]));
	}
	return sockets;
}

/** The same numbers every time (mulberry32). */
function random(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}
