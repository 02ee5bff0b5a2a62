import assert from 'node:assert/strict';
import { it } from 'node:test';
import { BOUND, inEachBrowser, run } from '../support/browsers.js';
import '../support/e2e-globals.js';

inEachBrowser('a channel of a page', (suite) => {
	it('leaves over a stream of its own, whichever end opened it and whenever', BOUND, async () => {
		const site = await suite.site();
		const slave = await site.slave('one');
		slave.on('connection', (client) =>
			client.on('datachannel', (channel) => {
				channel.on('message', ({ data }) => channel.send(data));
				if (channel.label === 'second') void client.createDataChannel('theirs');
			}),
		);
		const page = await suite.page(site.url);
		const labels = await run(page, async () => {
			await meet();
			const used: string[] = [];
			const { send } = RTCDataChannel.prototype;
			RTCDataChannel.prototype.send = function (this: RTCDataChannel, data: never) {
				if (this.label !== 'enslavism') used.push(`${this.label} ${this.readyState}`);
				send.call(this, data);
			} as never;
			const talk = async (channel: Awaited<ReturnType<typeof slaveCo.createDataChannel>>) => {
				const answers = new Promise<void>((resolve) => {
					channel.on('message', ({ data }) => data === 'enough' && resolve());
				});
				// The other end says that it listens a round trip later.
				for (let n = 0; n < 50 && !used.some((each) => each.startsWith(channel.label)); n++) {
					channel.send('hello');
					await slaveCo.rtt();
				}
				channel.send('enough');
				if (channel.label !== 'theirs') await answers;
			};
			const theirs = new Promise<Parameters<typeof talk>[0]>((resolve) => slaveCo.on('datachannel', resolve));
			await talk(await slaveCo.createDataChannel('first', { early: false }));
			await talk(await slaveCo.createDataChannel('second'));
			await talk(await theirs);
			return [...new Set(used)];
		});
		assert.deepEqual(labels, ['first open', 'second open', 'theirs open']);
	});
});
