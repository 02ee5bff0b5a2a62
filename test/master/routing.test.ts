import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { RawLink } from '../support/raw-link.js';
import { bystanderFor, masterFor } from '../support/stage.js';
import { within } from '../support/wait.js';

/** A master with a well-behaved session, and no errors to report. */
async function stage(t: TestContext, options = {}) {
	const { master, url, port } = await masterFor(t, options);
	master.on('error', (error) => assert.fail(`reported: ${String(error)}`));
	return { master, url, port, bystander: await bystanderFor(t, url) };
}

describe('a session', () => {
	/** Two clients and two slaves of raw links, and a session between the first ones. */
	async function sessions(t: TestContext, session = 'mine', options = {}) {
		const { master, url, bystander } = await stage(t, options);
		const [client, stranger] = [(await RawLink.client(t, url)).link, (await RawLink.client(t, url)).link];
		const [slave, other] = [await RawLink.slave(t, url), await RawLink.slave(t, url)];
		client.say({ t: 'offer', session, slave: slave.id, sdp: 'v=0 first' });
		const offer = await slave.link.hear('offer');
		return { master, url, bystander, client, stranger, slave, other, offer };
	}

	/** Everything that this link has been told before now has arrived. */
	async function settled(...links: RawLink[]): Promise<void> {
		for (const link of links) {
			const pong = new Promise((resolve) => link.socket.once('pong', resolve));
			link.socket.ping();
			await within(pong, 'a pong');
		}
	}

	it('tells a slave where a client is whose browser hides its address, and only that', async (t) => {
		const { url } = await stage(t, { trustProxy: true });
		const headers = { 'x-forwarded-for': '198.51.100.7' };
		const client = await RawLink.open(t, url, 'client', { headers });
		const { link: slave, id } = await RawLink.slave(t, url);
		client.say({ t: 'offer', session: 's', slave: id, sdp: 'v=0' });
		await slave.hear('offer');
		const hidden = 'candidate:1 1 udp 2113937151 some-name.local 41546 typ host';
		const said = { t: 'candidate', session: 's', attempt: 0, candidate: hidden, mid: '0' };
		client.say({ ...said, address: '203.0.113.66' });
		client.say({ ...said, candidate: hidden.replace('some-name.local', '10.0.0.7'), address: '203.0.113.66' });
		client.say({ t: 'close', session: 's', reason: '' });
		await slave.hear('close');
		assert.deepEqual(
			slave.said.items.filter(({ t }) => t === 'candidate'),
			[
				{ ...said, address: '198.51.100.7' },
				{ ...said, candidate: hidden.replace('some-name.local', '10.0.0.7') },
			],
		);
	});

	for (const session of ['mine', '__proto__', 'constructor', '']) {
		it(`passes messages both ways: "${session}"`, async (t) => {
			const { client, slave, offer } = await sessions(t, session);
			assert.deepEqual([offer.session, offer.sdp, offer.auth], [session, 'v=0 first', undefined]);
			slave.link.say({ t: 'answer', session, sdp: 'v=0 answer' });
			assert.deepEqual(await client.hear('answer'), {
				t: 'answer',
				session,
				attempt: 0,
				sdp: 'v=0 answer',
				relay: true,
				rtc: true,
			});
			const candidate = { t: 'candidate', session, attempt: 1, candidate: 'anything at all', mid: 'x' };
			slave.link.say(candidate);
			client.say({ ...candidate, mid: 'y' });
			assert.deepEqual(await client.hear('candidate'), candidate);
			assert.deepEqual(await slave.link.hear('candidate'), { ...candidate, mid: 'y' });
			client.say({ t: 'close', session, reason: 'enough' });
			assert.deepEqual(await slave.link.hear('close'), { t: 'close', session, reason: 'enough' });
		});
	}

	it('is offered again by its own client, for another attempt, and is still one', async (t) => {
		const { client, slave, bystander } = await sessions(t, 'mine', { limits: { sessionsPerClient: 1 } });
		const ice = { ufrag: 'abcd', pwd: 'abcdefghijklmnopqrstuvwx' };
		client.say({ t: 'offer', session: 'mine', slave: slave.id, attempt: 1, sdp: 'v=0 again', ice });
		const again = await slave.link.hear('offer', ({ attempt }) => attempt === 1);
		assert.deepEqual([again.session, again.sdp, again.ice], ['mine', 'v=0 again', ice]);
		client.say({ t: 'offer', session: 'second', slave: slave.id });
		assert.equal((await client.hear('rejected')).session, 'second');
		await bystander.check();
	});

	it('may be offered without a description', async (t) => {
		const { client, slave } = await sessions(t);
		client.say({ t: 'offer', session: 'bare', slave: slave.id });
		assert.equal('sdp' in (await slave.link.hear('offer', ({ session }) => session === 'bare')), false);
		slave.link.say({ t: 'answer', session: 'bare', relay: false });
		assert.deepEqual(await client.hear('answer'), {
			t: 'answer',
			session: 'bare',
			attempt: 0,
			relay: false,
			rtc: true,
		});
	});

	it('has an id that nobody else can use, nor its client for another slave', async (t) => {
		const { client, stranger, slave, other, bystander } = await sessions(t);
		client.say({ t: 'offer', session: 'mine', slave: other.id, sdp: 'v=0 second' });
		stranger.say({ t: 'offer', session: 'mine', slave: slave.id, sdp: 'v=0 third' });
		for (const link of [client, stranger]) {
			assert.deepEqual((await link.hear('rejected')).code, 'limit-reached');
		}
		await settled(slave.link, other.link);
		assert.deepEqual(
			other.link.said.items.map(({ t }) => t),
			['registered'],
		);
		assert.equal(slave.link.said.items.filter(({ t }) => t === 'offer').length, 1);
		slave.link.say({ t: 'answer', session: 'mine', sdp: 'v=0' });
		await client.hear('answer');
		await bystander.check();
	});

	it('is one in which nobody else can speak', async (t) => {
		const { client, stranger, slave, other, bystander } = await sessions(t);
		stranger.say({ t: 'candidate', session: 'mine', candidate: 'evil', mid: '0' });
		stranger.say({ t: 'close', session: 'mine', reason: 'evil' });
		other.link.say({ t: 'answer', session: 'mine', sdp: 'evil' });
		other.link.say({ t: 'reject', session: 'mine', reason: 'evil' });
		other.link.say({ t: 'close', session: 'mine', reason: 'evil' });
		await settled(stranger, other.link, client, slave.link);
		slave.link.say({ t: 'answer', session: 'mine', sdp: 'v=0' });
		client.say({ t: 'candidate', session: 'mine', candidate: 'good', mid: '0' });
		assert.equal((await client.hear('answer')).sdp, 'v=0');
		assert.equal((await slave.link.hear('candidate')).candidate, 'good');
		assert.doesNotMatch(JSON.stringify([client.said.items, slave.link.said.items]), /evil/);
		await bystander.check();
	});

	it('is over once it was rejected: its id is free, and late messages go nowhere', async (t) => {
		const { client, slave, stranger } = await sessions(t);
		slave.link.say({ t: 'reject', session: 'mine', reason: 'full' });
		assert.deepEqual(await client.hear('rejected'), {
			t: 'rejected',
			session: 'mine',
			code: 'rejected',
			reason: 'full',
		});
		slave.link.say({ t: 'answer', session: 'mine', sdp: 'late' });
		client.say({ t: 'candidate', session: 'mine', candidate: 'late', mid: '' });
		stranger.say({ t: 'offer', session: 'mine', slave: slave.id, sdp: 'v=0 again' });
		await slave.link.hear('offer', ({ sdp }) => sdp === 'v=0 again');
		await settled(client);
		assert.doesNotMatch(JSON.stringify([client.said.items, slave.link.said.items]), /late/);
	});

	it('whose client is gone is told of at its slave, and the other way round', async (t) => {
		const { client, stranger, slave, other } = await sessions(t);
		stranger.say({ t: 'offer', session: 'other', slave: other.id, sdp: 'v=0' });
		await other.link.hear('offer');
		client.socket.terminate();
		assert.deepEqual(await slave.link.hear('gone'), { t: 'gone', session: 'mine' });
		other.link.socket.terminate();
		assert.deepEqual(await stranger.hear('gone'), { t: 'gone', session: 'other' });
		assert.equal(slave.link.said.items.filter(({ t }) => t === 'gone').length, 1);
	});

	it('is one of a limited number, for a client and for a slave', async (t) => {
		const { client, stranger, slave, other } = await sessions(t, 'mine', {
			limits: { sessionsPerClient: 2, sessionsPerSlave: 3 },
		});
		const offer = (link: RawLink, session: string, to: { id: string }) =>
			link.say({ t: 'offer', session, slave: to.id, sdp: 'v=0' });
		offer(client, 'second', other);
		offer(client, 'third', slave);
		assert.equal((await client.hear('rejected')).code, 'limit-reached');
		offer(stranger, 'fourth', slave);
		offer(stranger, 'fifth', slave);
		await slave.link.hear('offer', ({ session }) => session === 'fifth');
		client.say({ t: 'close', session: 'second', reason: '' });
		await other.link.hear('close');
		offer(client, 'sixth', slave);
		const { code, reason } = await client.hear('rejected', ({ session }) => session === 'sixth');
		assert.deepEqual([code, reason], ['limit-reached', 'the slave has 3 sessions already']);
		stranger.say({ t: 'close', session: 'fifth', reason: '' });
		await slave.link.hear('close', ({ session }) => session === 'fifth');
		offer(client, 'seventh', slave);
		await slave.link.hear('offer', ({ session }) => session === 'seventh');
	});
});
