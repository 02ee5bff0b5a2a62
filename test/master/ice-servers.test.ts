import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { type IceServer, Master, type MasterOptions } from '../../src/index.js';
import * as LIMITS from '../../src/wire/limits.js';
import { RawLink, type Said } from '../support/raw-link.js';
import { coded, masterFor } from '../support/stage.js';
import { turns } from '../support/wait.js';

const STUN: IceServer = { urls: 'stun:stun.example.com:3478' };
const TURN = { urls: 'turn:turn.example.com', secret: 'a secret' };

const isIce = ({ t }: Said): boolean => t === 'ice';

const serversOf = (said: Said): IceServer[] => said.servers as IceServer[];

/** A slave that has registered. */
function rawSlave(t: TestContext, url: string): RawLink {
	const slave = new RawLink(t, url, 'slave');
	void slave.opened.then(() => slave.socket.send(JSON.stringify({ t: 'register', data: '[1]' })));
	return slave;
}

const rawClient = (t: TestContext, url: string, cookie?: string): RawLink =>
	new RawLink(t, url, 'client', { headers: cookie === undefined ? {} : { cookie } });

/** What a link is told first, and what it is called. */
async function greeting(link: RawLink, first: 'welcome' | 'registered'): Promise<{ id: string; servers: IceServer[] }> {
	const ice = await link.said.find(isIce, 'the ICE servers');
	const { id } = await link.said.find(({ t }) => t === first);
	return { id: String(id), servers: serversOf(ice) };
}

/** Expects credentials that coturn would take, valid for so many seconds. */
function checkCredentials(server: IceServer | undefined, id: string, ttl: number): void {
	const { urls, username = '', credential } = server ?? STUN;
	assert.equal(urls, TURN.urls);
	const [expiry, user] = username.split(':');
	assert.equal(user, id);
	const left = Number(expiry) - Date.now() / 1000;
	assert.ok(left > ttl - 5 && left <= ttl + 1, `${left} s left of ${ttl}`);
	assert.equal(credential, createHmac('sha1', TURN.secret).update(username).digest('base64'));
}

describe('ICE servers of a master', () => {
	it('are told to clients before the list, and to slaves before anybody can ask for a session', async (t) => {
		const { url } = await masterFor(t, { iceServers: [STUN] });
		const [client, slave] = [rawClient(t, url), rawSlave(t, url)];
		assert.deepEqual((await greeting(client, 'welcome')).servers, [STUN]);
		assert.deepEqual((await greeting(slave, 'registered')).servers, [STUN]);
		await client.said.find(({ t }) => t === 'snapshot');
		assert.deepEqual(
			client.said.items.slice(0, 3).map(({ t }) => t),
			['welcome', 'ice', 'snapshot'],
		);
	});

	it('are not spoken of when there are none', async (t) => {
		const { url } = await masterFor(t);
		const client = rawClient(t, url);
		await client.said.find(({ t }) => t === 'snapshot');
		assert.ok(!client.said.items.some(isIce));
	});

	for (const [how, later] of [
		['at once', (servers: IceServer[]) => servers],
		['by a promise', async (servers: IceServer[]) => servers],
	] as const) {
		it(`may be chosen for each identity, ${how}`, async (t) => {
			const { master, url } = await masterFor(t, {
				iceServers: (identity, kind) =>
					later([{ urls: `stun:${kind}-${(identity as { level?: string } | undefined)?.level ?? 'nobody'}.test` }]),
			});
			master.on('clientauth', ({ level }) => (level === undefined ? undefined : { level }));
			const [gold, plain] = [rawClient(t, url, 'level=gold'), rawClient(t, url)];
			assert.deepEqual((await greeting(gold, 'welcome')).servers, [{ urls: 'stun:client-gold.test' }]);
			assert.deepEqual((await greeting(plain, 'welcome')).servers, [{ urls: 'stun:client-nobody.test' }]);
			assert.deepEqual((await greeting(rawSlave(t, url), 'registered')).servers, [{ urls: 'stun:slave-nobody.test' }]);
		});
	}

	for (const [what, iceServers] of [
		[
			'throws',
			() => {
				throw new Error('no servers today');
			},
		],
		['rejects', () => Promise.reject(new Error('no servers today'))],
		['gives what is no list of servers', () => [{ urls: 'http://example.com' }]],
		['gives a promise of what is none', () => Promise.resolve('stun:x' as unknown as IceServer[])],
	] as [string, NonNullable<MasterOptions['iceServers']>][]) {
		it(`fall back to the TURN server when the function ${what}, which the master reports`, async (t) => {
			const { master, url } = await masterFor(t, { iceServers, turn: TURN });
			const errors: unknown[] = [];
			master.on('error', (error) => errors.push(error));
			const { id, servers } = await greeting(rawClient(t, url), 'welcome');
			assert.equal(servers.length, 1);
			checkCredentials(servers[0], id, 3600);
			assert.equal(errors.length, 1);
			assert.ok(errors[0] instanceof Error);
		});
	}
});

describe('TURN credentials', () => {
	it('are made for each link, behind the other servers', async (t) => {
		const { url } = await masterFor(t, { iceServers: [STUN], turn: { ...TURN, ttl: 60 } });
		const client = await greeting(rawClient(t, url), 'welcome');
		const slave = await greeting(rawSlave(t, url), 'registered');
		for (const { id, servers } of [client, slave]) {
			assert.equal(servers.length, 2);
			assert.deepEqual(servers[0], STUN);
			checkCredentials(servers[1], id, 60);
		}
		assert.notEqual(client.servers[1]?.username, slave.servers[1]?.username);
	});

	it('are renewed before they run out, again and again, for clients and slaves', async (t) => {
		const ttl = 2;
		const { url } = await masterFor(t, { turn: { ...TURN, ttl } });
		for (const open of [rawClient, rawSlave]) {
			const link = open(t, url);
			let before = 0;
			for (let n = 1; n <= 3; n++) {
				await link.said.find(() => link.said.items.filter(isIce).length >= n, `credentials, ${n} times`);
				const { username = '' } = serversOf(link.said.items.filter(isIce)[n - 1] as Said)[0] ?? {};
				const expiry = Number(username.split(':')[0]);
				assert.ok(expiry * 1000 > Date.now(), 'these have run out already');
				assert.ok(expiry > before, 'these are no longer valid than those before');
				before = expiry;
			}
		}
	});

	it('are not made for a link that has gone, and leave no timer', async (t) => {
		let asked = 0;
		const { master, url } = await masterFor(t, {
			turn: { ...TURN, ttl: 1 },
			iceServers: () => {
				asked++;
				return [];
			},
		});
		const client = rawClient(t, url);
		await client.said.find(isIce);
		client.socket.terminate();
		while (master.counts.clients > 0) await turns();
		const then = asked;
		await new Promise((resolve) => setTimeout(resolve, 1200));
		assert.equal(asked, then);
	});
});

describe('options about ICE servers that cannot be meant', () => {
	const many = (count: number): IceServer[] => Array(count).fill(STUN);
	const cases: [string, MasterOptions][] = [
		['a URL of another kind', { iceServers: [{ urls: 'https://example.com' }] }],
		['no URL', { iceServers: [{ urls: [] }] }],
		['a TURN server without credentials', { iceServers: [{ urls: ['stun:a', 'turn:b'], username: 'u' }] }],
		['more servers than a link may have', { iceServers: many(LIMITS.iceServers + 1) }],
		['no list', { iceServers: STUN as unknown as IceServer[] }],
		['a TURN server that is none', { turn: { ...TURN, urls: 'stun:a' } }],
		['no secret', { turn: { ...TURN, secret: '' } }],
		['no time to live', { turn: { ...TURN, ttl: 0 } }],
		['a time to live that no timer can wait for', { turn: { ...TURN, ttl: LIMITS.turnTtl + 1 } }],
	];
	for (const [what, options] of cases) {
		it(`are refused: ${what}`, () => {
			assert.throws(() => new Master(0, options), coded('bad-option'));
		});
	}
});
