/** What strangers say of where they are reached: it becomes part of descriptions that others apply. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import * as LIMITS from '../../src/wire/limits.js';
import { RawLink } from '../support/raw-link.js';
import { bystanderFor, clientFor, coded, masterFor, seen } from '../support/stage.js';
import { turns, within } from '../support/wait.js';

async function stage(t: TestContext) {
	const { master, url } = await masterFor(t);
	master.on('error', (error) => assert.fail(`reported: ${String(error)}`));
	return { master, url, bystander: await bystanderFor(t, url) };
}

const FINGERPRINT = Array(32).fill('AB').join(':');
const CANDIDATE = '1 1 UDP 1 192.0.2.1 9 typ host';

const fingerprints: unknown[] = [
	...['', 'x', FINGERPRINT.toLowerCase(), `${FINGERPRINT}:AB`, FINGERPRINT.slice(3), FINGERPRINT.replace('AB', 'XY')],
	...[`${FINGERPRINT}\r\na=setup:active`, `${FINGERPRINT}\n`, ` ${FINGERPRINT}`, `sha-256 ${FINGERPRINT}`],
	...[5, null, [FINGERPRINT], { toString: FINGERPRINT }, undefined],
];

const candidateLists: unknown[] = [
	...[`${CANDIDATE}\r\na=fingerprint:sha-256 ${FINGERPRINT}`, `${CANDIDATE}\n`, `${CANDIDATE}\r`, '\u2028', '\u0000'],
	...['é', 'x'.repeat(LIMITS.candidateLength + 1), 5, null, [CANDIDATE], {}],
].map((each) => [each]);

const directs: unknown[] = [
	...fingerprints.map((fingerprint) => ({ fingerprint, candidates: [CANDIDATE] })),
	...candidateLists.map((candidates) => ({ fingerprint: FINGERPRINT, candidates })),
	...[CANDIDATE, null, undefined, 5, Array(LIMITS.directCandidates + 1).fill(CANDIDATE)].map((candidates) => ({
		fingerprint: FINGERPRINT,
		candidates,
	})),
	...['x', 5, null, [], {}, true],
];

describe('a slave that says where it is reached in a form that nobody may apply', () => {
	it('loses its link with 4400 when it registers, and nobody hears of it', async (t) => {
		const { master, url, bystander } = await stage(t);
		const before = master.counts;
		master.on('slaveadded', () => assert.fail('added'));
		for (const direct of directs) {
			const link = await RawLink.open(t, url, 'slave');
			link.say({ t: 'register', data: '[1]', direct });
			const { code, reason } = await link.closed;
			assert.deepEqual([code, reason.startsWith('register: direct')], [4400, true], JSON.stringify(direct));
		}
		await turns();
		assert.deepEqual(master.counts, before);
		await bystander.check();
	});

	it('loses its link with 4400 when it says so later, and its entry stays as it was until it goes', async (t) => {
		const { url, bystander } = await stage(t);
		const watcher = await RawLink.client(t, url);
		for (const direct of directs) {
			const { link } = await RawLink.slave(t, url);
			link.say({ t: 'moved', direct });
			assert.equal((await link.closed).code, 4400, JSON.stringify(direct));
		}
		await bystander.check();
		assert.ok(!JSON.stringify(watcher.link.said.items).includes(FINGERPRINT.slice(0, 20)));
	});

	it('is asked in the ordinary way where what it says looks right and leads nowhere', {
		timeout: 60_000,
	}, async (t) => {
		const { url, bystander } = await stage(t);
		const client = clientFor(t, url);
		const nowhere = [
			...['', 'x', 'typ host', '1 1 UDP 1 999.0.0.1 9 typ host', '1 1 UDP 99999999999999999999 192.0.2.1 9 typ host'],
			...['1 1 UDP 1 192.0.2.1 0 typ host', '1 1 TCP 1 192.0.2.1 9 typ host', `${'x '.repeat(500)}`, '%s%n%s%n'],
		];
		const link = await RawLink.open(t, url, 'slave');
		link.say({ t: 'register', data: '[1]', direct: { fingerprint: FINGERPRINT, candidates: nowhere } });
		const { id } = await link.hear('registered');
		const slaveCo = await seen(client, String(id));
		const over = assert.rejects(within(slaveCo.connect(), 'the end'), coded('rtc-failed'));
		const first = await link.hear('offer');
		assert.ok(first.ice !== undefined);
		link.say({ t: 'answer', session: first.session, relay: false });
		const second = await link.hear('offer', ({ attempt }) => Number(attempt) > 0);
		assert.deepEqual([second.session, second.ice], [first.session, undefined]);
		link.say({ t: 'close', session: first.session, reason: '' });
		await over;
		const again = assert.rejects(slaveCo.connect(), coded('rejected', 'done'));
		const third = await link.hear('offer', ({ session }) => session !== first.session);
		link.say({ t: 'reject', session: third.session, reason: 'done' });
		await again;
		assert.equal(client.state, 'open');
		await bystander.check();
	});
});

describe('a slave that says of many places that it is reached there', () => {
	it('has as much room in the directory for that and its user data as an operator allows, and gives it back', async (t) => {
		const { url } = await masterFor(t, { limits: { directoryLength: 4000 } });
		const long = Array(LIMITS.directCandidates).fill('x'.repeat(220));
		const direct = { fingerprint: FINGERPRINT, candidates: long };
		for (let round = 0; round < 3; round++) {
			const { link } = await RawLink.slave(t, url);
			link.say({ t: 'moved', direct });
			const other = await RawLink.open(t, url, 'slave');
			other.say({ t: 'register', data: '[1]', direct });
			assert.deepEqual(await other.closed, { code: 4429, reason: 'the directory is full' });
			const last = await RawLink.slave(t, url);
			last.link.say({ t: 'moved', direct });
			assert.equal((await last.link.closed).code, 4429);
			link.say({ t: 'moved' });
			link.say({ t: 'moved', direct });
			link.say({ t: 'update', data: '[2]' });
			const { link: client } = await RawLink.client(t, url);
			await client.said.find(({ slaves = [] }) => JSON.stringify(slaves).includes('"[2]"'));
			link.socket.close(1000);
			await link.closed;
		}
	});
});

describe('a client that chooses credentials which are none', () => {
	it('loses its link with 4400, and the slave never hears of them', async (t) => {
		const { url, bystander } = await stage(t);
		const { link: slave, id } = await RawLink.slave(t, url);
		const [ufrag, pwd] = ['abcd', 'x'.repeat(22)];
		const most = 'x'.repeat(LIMITS.iceLength);
		const words: unknown[] = [
			'',
			'abc',
			`${most}x`,
			'ab-d',
			'ab_d',
			'ab d',
			'abcd\r\na=x',
			'abcd\n',
			'äöüß',
			'\u0000abc',
		];
		const kinds: unknown[] = [5, null, ['abcd'], {}, undefined];
		for (const ice of [
			...[...words, ...kinds].map((each) => ({ ufrag: each, pwd })),
			...[...words, ...kinds, 'x'.repeat(21), `${'x'.repeat(22)} `].map((each) => ({ ufrag, pwd: each })),
			...['', 'abcd', 5, null, [], [ufrag, pwd]],
		]) {
			const { link } = await RawLink.client(t, url);
			link.say({ t: 'offer', session: 's', slave: id, sdp: 'v=0', ice });
			const { code, reason } = await link.closed;
			assert.deepEqual([code, reason.startsWith('offer: ice')], [4400, true], JSON.stringify(ice));
		}
		for (const [session, ice] of Object.entries({ least: { ufrag, pwd }, most: { ufrag: most, pwd: most } })) {
			const { link } = await RawLink.client(t, url);
			link.say({ t: 'offer', session, slave: id, sdp: 'v=0', ice });
			const offer = await slave.hear('offer', (each) => each.session === session);
			assert.deepEqual(offer.ice, ice);
		}
		assert.equal(slave.said.items.filter(({ t }) => t === 'offer').length, 2);
		await bystander.check();
	});
});
