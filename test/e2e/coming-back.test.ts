import assert from 'node:assert/strict';
import { it } from 'node:test';
import { BOUND, inEachBrowser, run, waitIn } from '../support/browsers.js';
import { CuttingProxy } from '../support/cutting-proxy.js';

inEachBrowser('a page whose link is lost', (suite) => {
	/** Notes what the page's connection is told. */
	const note = () => {
		for (const event of ['slaveadded', 'slaveremoved', 'disconnected', 'reconnected', 'close'] as const) {
			master.addEventListener(event, () => seen.push(event));
		}
	};

	it('comes back to a master that was started again, and sees no change; its session goes on', BOUND, async () => {
		const site = await suite.site({ secret: 'a secret of the operator' });
		const slave = await site.slave('one');
		slave.on('connection', (each) =>
			each.on('datachannel', (channel) => channel.on('message', ({ data }) => channel.send(data))),
		);
		const page = await suite.page(site.url);
		const before = await run(page, async () => {
			await meet();
			globalThis.channel = await slaveCo.createDataChannel('a');
			return [master.id, slaveCo.id];
		});
		await run(page, note);
		await site.restart();
		await waitIn(page, () => seen.includes('reconnected'));
		await waitIn(page, () => slaveCo.availability === 'ready');
		const result = await run(page, async () => {
			const answer = next(channel, 'message') as Promise<{ data: string }>;
			channel.send('still here');
			const other = await slaveCo.createDataChannel('b');
			return { seen, ids: [master.id, slaveCo.id], said: (await answer).data, other: other.readyState };
		});
		assert.deepEqual(result, { seen: ['disconnected', 'reconnected'], ids: before, said: 'still here', other: 'open' });
	});

	it('finds out that its line is cut on the way, and comes back as the same', BOUND, async (t) => {
		const site = await suite.site({ heartbeat: 200 });
		await site.slave('one');
		const proxy = await CuttingProxy.open(t, Number(new URL(site.url).port));
		const page = await suite.page(proxy.url.replace('ws', 'http'));
		const id = await run(page, () => meet().then(() => master.id));
		await run(page, note);
		proxy.freeze();
		await waitIn(page, () => seen.includes('reconnected'));
		assert.deepEqual(await run(page, () => [seen, master.id, master.slaves.length]), [
			['disconnected', 'reconnected'],
			id,
			1,
		]);
	});

	for (const [sign, happen] of [
		['the browser is online again', () => void dispatchEvent(new Event('online'))],
		['somebody looks at it again', () => void document.dispatchEvent(new Event('visibilitychange'))],
	] as const) {
		it(`comes back at once when ${sign}`, BOUND, async () => {
			const site = await suite.site();
			const page = await suite.page(site.url);
			await run(page, async () => {
				globalThis.master = new MasterConnection();
				await master.ready;
			});
			await run(page, note);
			await site.master.close({ spread: 200_000 });
			await waitIn(page, () => master.state === 'reconnecting');
			await site.restart();
			await run(page, happen);
			await waitIn(page, () => seen.includes('reconnected'));
		});
	}
});
