import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { MasterLimits, MasterOptions } from '../../src/index.js';
import { echo } from '../../src/index.js';
import * as PROTOCOL_LIMITS from '../../src/wire/limits.js';
import { RawLink } from '../support/raw-link.js';
import { bystanderFor, masterFor } from '../support/stage.js';

/** A master with one small limit, and somebody whom it does not concern. */
async function stage(t: TestContext, limits: Partial<MasterLimits>, options: MasterOptions = {}) {
	const { master, url } = await masterFor(t, { ...options, limits });
	master.on('error', (error) => assert.fail(String(error)));
	return { master, url };
}

const offer = (link: RawLink, session: string, slave: string) => link.say({ t: 'offer', session, slave, sdp: 'v=0' });

describe('the limits of a master', { concurrency: true }, () => {
	it('linksPerAddress: sockets of one address, behind a trusted proxy', async (t) => {
		const { url } = await stage(t, { linksPerAddress: 2 }, { trustProxy: true, services: [echo()] });
		const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
		const first = await RawLink.open(t, url, 'client', from('192.0.2.1'));
		await RawLink.open(t, url, 'slave', from('192.0.2.1'));
		const third = new RawLink(t, url, 'client', from('192.0.2.1'));
		const { code, reason } = await third.closed;
		assert.equal(code, 4429);
		assert.match(reason, /linksPerAddress.*trustProxy/);
		await RawLink.client(t, url);
		const other = await RawLink.open(t, url, 'client', from('192.0.2.2'));
		await other.hear('welcome');
		first.socket.terminate();
		// Its place is free as soon as the master has heard of it.
		for (let free = false; !free; ) {
			const again = new RawLink(t, url, 'client', from('192.0.2.1'));
			free = await Promise.race([again.hear('welcome').then(() => true), again.closed.then(() => false)]);
		}
	});

	it('linksPerAddress: what a stranger claims without a trusted proxy is not believed', async (t) => {
		const { url } = await stage(t, { linksPerAddress: 1 });
		for (let n = 0; n < 3; n++) {
			const link = await RawLink.open(t, url, 'client', { headers: { 'x-forwarded-for': '192.0.2.1' } });
			await link.hear('welcome');
		}
	});

	it('offersAtOnce, offersPerSecond: offers of one client', async (t) => {
		const { url } = await stage(t, { offersAtOnce: 3, offersPerSecond: 1000 });
		const { link } = await RawLink.client(t, url);
		const { link: slave, id } = await RawLink.slave(t, url);
		for (let n = 0; n < 50; n++) offer(link, `s${n}`, id);
		const { code, reason } = await link.hear('rejected');
		assert.deepEqual([code, reason], ['limit-reached', 'too many offers in too short a time']);
		await slave.said.count(4);
		assert.ok(slave.said.items.length < 50);
		// A bucket fills again.
		await new Promise((resolve) => setTimeout(resolve, 10));
		offer(link, 'later', id);
		await slave.hear('offer', ({ session }) => session === 'later');
	});

	it('pendingOffersPerSlave: offers that a slave has not decided on', async (t) => {
		const { url } = await stage(t, { pendingOffersPerSlave: 2 });
		const { link } = await RawLink.client(t, url);
		const { link: slave, id } = await RawLink.slave(t, url);
		for (const session of ['a', 'b', 'c']) offer(link, session, id);
		const { session, code } = await link.hear('rejected');
		assert.deepEqual([session, code], ['c', 'limit-reached']);
		slave.say({ t: 'answer', session: 'a', sdp: 'v=0' });
		slave.say({ t: 'reject', session: 'b', reason: 'full' });
		await link.hear('rejected', (each) => each.session === 'b');
		for (const each of ['d', 'e']) {
			offer(link, each, id);
			await slave.hear('offer', (message) => message.session === each);
		}
		link.say({ t: 'close', session: 'd', reason: '' });
		offer(link, 'f', id);
		await slave.hear('offer', (message) => message.session === 'f');
	});

	it('candidatesPerSession: from each end', async (t) => {
		const { url } = await stage(t, {});
		const { link } = await RawLink.client(t, url);
		const { link: slave, id } = await RawLink.slave(t, url);
		offer(link, 's', id);
		await slave.hear('offer');
		const most = PROTOCOL_LIMITS.candidatesPerSession;
		for (const [from, to] of [
			[link, slave],
			[slave, link],
		] as const) {
			for (let n = 0; n < most + 10; n++) from.say({ t: 'candidate', session: 's', candidate: `c${n}`, mid: '0' });
			if (from === slave) slave.say({ t: 'answer', session: 's', sdp: 'v=0' });
			else offer(link, 'next', id);
			await to.hear(from === slave ? 'answer' : 'offer', (each) => from === slave || each.session === 'next');
			assert.equal(to.said.items.filter(({ t }) => t === 'candidate').length, most);
		}
	});

	for (const kind of ['client', 'slave'] as const) {
		const rates = {
			[`${kind}MessagesAtOnce`]: 20,
			[`${kind}MessagesPerSecond`]: 1,
		};
		it(`${kind}MessagesAtOnce, ${kind}MessagesPerSecond: messages of one ${kind}`, async (t) => {
			const { url } = await stage(t, rates);
			const bystander = await RawLink[kind === 'client' ? 'slave' : 'client'](t, url);
			const { link } = await RawLink[kind](t, url);
			for (let n = 0; n < 30; n++) link.say({ t: 'beat' });
			assert.equal((await link.closed).code, 4429);
			assert.equal(bystander.link.socket.readyState, 1);
		});

		it(`${kind}BytesAtOnce, ${kind}BytesPerSecond: bytes of one ${kind}`, async (t) => {
			const { url } = await stage(t, { [`${kind}BytesAtOnce`]: 10_000, [`${kind}BytesPerSecond`]: 1 });
			const { link } = await RawLink[kind](t, url);
			for (let n = 0; n < 5; n++)
				link.say({ t: 'close', session: 'x', reason: 'r'.repeat(1000), pad: 'x'.repeat(2000) });
			assert.equal((await link.closed).code, 4429);
		});
	}

	it('historyDeltas, historyLength: changes that are kept for clients that come back', async (t) => {
		for (const limits of [{ historyDeltas: 2 }, { historyLength: 100 }]) {
			const { url } = await stage(t, limits);
			const { link } = await RawLink.client(t, url);
			const { resume } = await link.hear('welcome');
			const { epoch } = await link.hear('snapshot');
			const { link: slave } = await RawLink.slave(t, url);
			await link.hear('delta');
			for (let n = 1; n < 6; n++) {
				slave.say({ t: 'update', data: `["change ${n}"]` });
				await link.hear('delta', ({ seq }) => seq === n + 1);
			}
			const back = (seq: number) =>
				RawLink.open(t, url, 'client', { protocols: ['enslavism.1', `resume.${resume}`, `seq.${epoch}.${seq}`] });
			assert.equal((await (await back(5)).hear('resumed')).seq, 6);
			assert.equal((await (await back(1)).hear('snapshot')).seq, 6);
		}
	});

	it('sessionsPerClient: also sessions that somebody claims to have', async (t) => {
		const { url } = await stage(t, { sessionsPerClient: 2 }, { grace: 50 });
		const { link } = await RawLink.client(t, url);
		link.say({ t: 'sessions', list: ['a', 'b', 'c'].map((session) => ({ session, peer: 'x' })) });
		assert.equal((await link.hear('gone')).session, 'c');
		await link.hear('gone', ({ session }) => session === 'b');
		link.say({ t: 'sessions', list: [] });
		assert.equal((await link.closed).code, 4400);
	});

	it('the directory stays right for others, whatever one slave does', async (t) => {
		const { url } = await stage(t, { slaveBytesAtOnce: 500_000 });
		const bystander = await bystanderFor(t, url);
		const { link } = await RawLink.slave(t, url);
		for (let n = 0; n < 40; n++) link.say({ t: 'update', data: `["${'x'.repeat(20_000)}"]` });
		assert.equal((await link.closed).code, 4429);
		await bystander.check();
	});
});
