import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CuttingProxy } from '../support/cutting-proxy.js';
import { RawLink } from '../support/raw-link.js';
import { channelFor, clientFor, coded, masterFor, seen, sessionFor, slaveFor, trioFor } from '../support/stage.js';
import { next, within } from '../support/wait.js';

describe('a slave that drains', { concurrency: true }, () => {
	it('is shown as draining, takes no new session, and keeps those that it has until they end', async (t) => {
		const { url, slave, slaveCo, clientCo } = await sessionFor(t);
		const other = await seen(clientFor(t, url), slave.id);
		const updated = next(other, 'updated');
		let drained = false;
		const draining = slave.drain({ deadline: 60_000 }).then(() => {
			drained = true;
		});
		await updated;
		assert.equal(other.availability, 'draining');
		await assert.rejects(other.connect(), coded('slave-draining'));
		await channelFor(slaveCo, clientCo);
		assert.equal(drained, false);
		slaveCo.close();
		await within(draining, 'the last session to end');
	});

	it('is done at once when nobody is there', async (t) => {
		const { slave } = await trioFor(t);
		await within(slave.drain(), 'the end', 1000);
	});

	it('is done at the deadline, and close() says goodbye to whoever is left', async (t) => {
		const { slave, slaveCo } = await sessionFor(t);
		await within(slave.drain({ deadline: 30 }), 'the deadline', 2000);
		assert.equal(slaveCo.state, 'open');
		const ended = next(slaveCo, 'close');
		slave.close('an update');
		assert.equal((await ended)[0].reason, 'an update');
	});

	it('goes on draining when its link was lost', async (t) => {
		const { master, port, url } = await masterFor(t);
		const proxy = await CuttingProxy.open(t, port);
		const slave = await slaveFor(t, proxy.url);
		await slave.drain();
		const back = next(slave, 'reconnected');
		proxy.cut();
		await back;
		assert.equal(master.slaves[0]?.availability, 'draining');
		const slaveCo = await seen(clientFor(t, url), slave.id);
		await assert.rejects(slaveCo.connect(), coded('slave-draining'));
	});

	it('refuses an offer that was on its way', async (t) => {
		const { url } = await masterFor(t);
		const slave = await slaveFor(t, url);
		const { link } = await RawLink.client(t, url);
		// Both are under way before either end can know of the other's.
		link.say({ t: 'offer', session: 's', slave: slave.id, sdp: 'v=0' });
		await slave.drain();
		assert.match(String((await link.hear('rejected')).code), /^(rejected|slave-draining)$/);
	});

	for (const deadline of [-1, Number.NaN, 1e9]) {
		it(`has a deadline that makes sense: ${deadline}`, async (t) => {
			const { slave } = await trioFor(t);
			await assert.rejects(slave.drain({ deadline }), coded('bad-option'));
		});
	}
});
