import assert from 'node:assert/strict';
import { it } from 'node:test';
import { BOUND, inEachBrowser, run, waitIn } from '../support/browsers.js';
import '../support/e2e-globals.js';

inEachBrowser('a listener of a page that throws', (suite) => {
	it('reaches window.onerror, and the listeners after it are called', BOUND, async () => {
		const site = await suite.site();
		const slave = await site.slave('one');
		slave.on('connection', (client) =>
			client.on('datachannel', (channel) => channel.on('message', ({ data }) => channel.send(data))),
		);
		const page = await suite.page(site.url);
		await run(page, async () => {
			window.onerror = (message) => {
				seen.push(String(message).replace(/^.*(uncaught|error):? /i, ''));
				return true;
			};
			globalThis.master = new MasterConnection();
			master.on('slaveadded', () => {
				throw new Error('in slaveadded');
			});
			master.on('slaveadded', (slaveCo) => seen.push(slaveCo.userData));
			await master.ready;
			globalThis.slaveCo = master.slaves[0] as never;
			slaveCo.on('open', () => {
				throw new Error('in open');
			});
			globalThis.channel = await slaveCo.createDataChannel('a');
			channel.on('message', () => {
				throw new Error('in message');
			});
			channel.on('message', ({ data }) => seen.push(data));
			channel.send('first');
			channel.send('second');
		});
		await waitIn(page, () => seen.length === 7);
		assert.deepEqual(
			new Set(await run(page, () => seen.map(String))),
			new Set(['in slaveadded', 'one', 'in open', 'in message', 'first', 'second']),
		);
		assert.equal(await run(page, () => slaveCo.state), 'open');
	});
});
