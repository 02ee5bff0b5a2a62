import assert from 'node:assert/strict';
import { it } from 'node:test';
import { BOUND, inEachBrowser, run } from '../support/browsers.js';
import '../support/e2e-globals.js';

inEachBrowser('a channel of a page that has just opened', (suite) => {
	it('takes messages at once, though the slave speaks first', BOUND, async () => {
		const site = await suite.site();
		const slave = await site.slave('one');
		const heard: unknown[] = [];
		slave.on('connection', (client) =>
			client.on('datachannel', (channel) => {
				channel.on('open', () => channel.send(`to ${channel.label}`));
				channel.on('message', ({ data }) => {
					heard.push(data);
					channel.send('heard');
				});
			}),
		);
		const page = await suite.page(site.url);
		// Again and again: what comes first, the channel's opening or the slave's words, is a matter of luck.
		const results = await run(page, async () => {
			await meet();
			const results: unknown[] = [];
			for (let n = 0; n < 30; n++) {
				const channel = await slaveCo.createDataChannel(`channel ${n}`);
				const words: unknown[] = [];
				const both = new Promise<void>((resolve) => {
					channel.on('message', ({ data }) => {
						if (words.push(data) === 2) resolve();
					});
				});
				channel.send(`from ${n}`);
				await both;
				results.push(words);
				if (n % 3 === 0) slaveCo.close();
				else channel.close();
			}
			return results;
		});
		const numbers = Array.from({ length: 30 }, (_, n) => n);
		assert.deepEqual(
			results,
			numbers.map((n) => [`to channel ${n}`, 'heard']),
		);
		assert.deepEqual(
			heard,
			numbers.map((n) => `from ${n}`),
		);
	});
});
