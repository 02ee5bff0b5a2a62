import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { ClientConnection, EnslavismError, Slave } from '../../src/index.js';
import { BOUND, inEachBrowser, launch, run, waitIn } from '../support/browsers.js';
import '../support/e2e-globals.js';
import { next, playing } from '../support/e2e-next.js';
import { spawnSlave } from '../support/e2e-slave-process.js';
import { runningOver } from '../support/stage.js';

/** Answers every message with the same message. */
function echo(slave: Slave): Slave {
	slave.on('connection', (client) =>
		client.on('datachannel', (channel) => channel.on('message', ({ data }) => channel.send(data))),
	);
	return slave;
}

inEachBrowser('a session of a page', (suite) => {
	it('closes with all its channels on both ends, and opens again', BOUND, async () => {
		const site = await suite.site();
		const slave = echo(await site.slave('one'));
		const joined = playing(slave, 2);
		const page = await suite.page(site.url);
		await run(page, async () => {
			await meet();
			slaveCo.on('close', (error) => seen.push([error.code, error.reason]));
			for (const name of ['a', 'b']) {
				const channel = await slaveCo.createDataChannel(name);
				channel.on('close', () => seen.push([name, channel.readyState]));
			}
		});
		const { client, channels } = await joined;
		const closed = Promise.all(channels.map((channel) => next(channel, 'close')));
		const ended = next<EnslavismError>(client, 'close');
		await run(page, () => slaveCo.close('enough'));
		const error = await ended;
		await closed;
		assert.deepEqual([error.code, error.reason, client.state], ['session-closed', 'enough', 'closed']);
		assert.deepEqual(
			channels.map(({ readyState }) => readyState),
			['closed', 'closed'],
		);
		assert.deepEqual(slave.connections, []);
		await waitIn(page, () => seen.length === 3);
		assert.deepEqual(
			new Set(await run(page, () => seen.map(String))),
			new Set(['session-closed,enough', 'a,closed', 'b,closed']),
		);

		const result = await run(page, async () => {
			const between = [slaveCo.state, slaveCo.path, slaveCo.dataChannels.size];
			await slaveCo.connect();
			const channel = await slaveCo.createDataChannel('again');
			const answer = next(channel, 'message') as Promise<{ data: string }>;
			channel.send('hello again');
			return [between, slaveCo.state, (await answer).data];
		});
		assert.deepEqual(result, [['closed', null, 0], 'open', 'hello again']);
		assert.equal(slave.connections.length, 1);
	});

	it('delivers what was sent just before close()', BOUND, async () => {
		const site = await suite.site();
		const slave = await site.slave('one');
		const received: unknown[] = [];
		const ended = new Promise<void>((resolve) => {
			slave.on('connection', (client) => {
				client.on('datachannel', (channel) => channel.on('message', ({ data }) => received.push(data)));
				client.on('close', () => resolve());
			});
		});
		const page = await suite.page(site.url);
		await run(page, async () => {
			await meet();
			const channel = await slaveCo.createDataChannel('last words');
			for (let n = 0; n < 200; n++) channel.send(`${n} ${'.'.repeat(1000)}`);
			slaveCo.close();
		});
		await ended;
		assert.equal(received.length, 200);
	});

	it('is closed by the slave with a reason', BOUND, async () => {
		const site = await suite.site();
		const slave = await site.slave('one');
		slave.on('connection', (client) =>
			client.on('datachannel', (channel) =>
				channel.on('message', () => {
					channel.send('last');
					client.close('the round is over');
				}),
			),
		);
		const page = await suite.page(site.url);
		const result = await run(page, async () => {
			await meet();
			const channel = await slaveCo.createDataChannel('a');
			channel.on('message', ({ data }) => seen.push(data));
			channel.on('close', () => seen.push('channel closed'));
			const ended = next(slaveCo, 'close') as Promise<{ code: string; reason: string }>;
			channel.send('end');
			const { code, reason } = await ended;
			return [code, reason, seen, slaveCo.state];
		});
		assert.deepEqual(result, ['session-closed', 'the round is over', ['last', 'channel closed'], 'closed']);
	});

	it('can be given up while it is opening, and opened again', BOUND, async () => {
		const site = await suite.site();
		await site.slave('one');
		const page = await suite.page(site.url);
		const result = await run(page, async () => {
			await meet();
			const pending = [failure(slaveCo.connect()), failure(slaveCo.createDataChannel('a'))];
			slaveCo.close();
			const codes = (await Promise.all(pending)).map((failed) => failed?.code);
			await slaveCo.connect();
			return [codes, slaveCo.state];
		});
		assert.deepEqual(result, [['session-closed', 'session-closed'], 'open']);
	});

	it('is refused with a reason, which the event and every promise tell, and may be tried again', BOUND, async () => {
		const site = await suite.site();
		const slave = await site.slave('one');
		let full = true;
		slave.on('offer', (reject) => {
			if (full) reject('the arena is full');
		});
		const page = await suite.page(site.url);
		const refused = await run(page, async () => {
			await meet();
			slaveCo.addEventListener('rejected', (reason) => seen.push(reason));
			const pending = [slaveCo.connect(), slaveCo.createDataChannel('a'), slaveCo.createDataChannel('b')];
			const failures = await Promise.all(pending.map((promise) => failure(promise)));
			return [failures.map((failed) => [failed?.code, failed?.reason, failed?.message]), seen, slaveCo.state];
		});
		const why = ['rejected', 'the arena is full', 'the arena is full'];
		assert.deepEqual(refused, [[why, why, why], ['the arena is full'], 'closed']);
		assert.deepEqual(slave.connections, []);
		full = false;
		assert.equal(await run(page, () => slaveCo.createDataChannel('a').then(({ readyState }) => readyState)), 'open');
		assert.deepEqual(page.problems, []);
	});

	it('waits for an async listener, which may refuse late, or let it pass', BOUND, async () => {
		const site = await suite.site();
		const slave = await site.slave('one');
		const reasons: (string | undefined)[] = ['not you', undefined];
		let asked: () => void = () => {};
		const bothAsked = new Promise<void>((resolve) => {
			asked = resolve;
		});
		slave.on('offer', async (reject) => {
			const reason = reasons.shift();
			if (reasons.length === 0) asked();
			await bothAsked;
			if (reason !== undefined) reject(reason);
		});
		const pages = [await suite.page(site.url), await suite.page(site.url)];
		const results = await Promise.all(
			pages.map((page) =>
				run(page, async () => (await failure(meet().then(() => slaveCo.connect())))?.reason ?? 'open'),
			),
		);
		assert.deepEqual(new Set(results), new Set(['not you', 'open']));
	});

	it('is offered once, whatever the number of channels, and says who asks', BOUND, async () => {
		const site = await suite.site();
		const slave = await site.slave('one');
		const offers: unknown[] = [];
		slave.on('offer', (_reject, { client, session }) => offers.push([client.id, session.length > 10]));
		const page = await suite.page(site.url);
		const id = await run(page, async () => {
			await meet();
			for (const name of ['a', 'b']) await slaveCo.createDataChannel(name);
			return master.id;
		});
		assert.deepEqual(offers, [[id, true]]);
	});

	it('measures the round trip', BOUND, async () => {
		const site = await suite.site();
		await site.slave('one');
		const page = await suite.page(site.url);
		const result = await run(page, async () => {
			await meet();
			const without = await failure(slaveCo.rtt());
			await slaveCo.connect();
			return { without: without?.code, rtt: await slaveCo.rtt() };
		});
		assert.equal(result.without, 'session-closed');
		// Firefox rounds its clock to whole milliseconds.
		assert.ok(result.rtt >= 0 && result.rtt < 1000, `${result.rtt} ms`);
	});

	it('goes on without the master, and ends with the slave', BOUND, async () => {
		const site = await suite.site();
		const slave = echo(await site.slave('one'));
		const page = await suite.page(site.url);
		await run(page, async () => {
			await meet();
			globalThis.channel = await slaveCo.createDataChannel('a');
			channel.on('message', ({ data }) => seen.push(data));
		});
		await site.master.close();
		await waitIn(page, () => master.state === 'reconnecting');
		await run(page, () => channel.send('still here'));
		await waitIn(page, () => seen.length === 1);
		slave.close('good night');
		await waitIn(page, () => slaveCo.state === 'closed');
		assert.equal(await run(page, () => channel.readyState), 'closed');
	});

	it('ends at the slave when the page is closed, and when it goes elsewhere', BOUND, async () => {
		const site = await suite.site();
		const slave = await site.slave('one');
		const leave = { close: 'close', navigate: 'navigate' } as const;
		for (const way of Object.values(leave)) {
			const connected = next<ClientConnection>(slave, 'connection');
			const page = await suite.page(site.url);
			await run(page, () => meet().then((slaveCo) => slaveCo.connect()));
			const client = await connected;
			const ended = next<EnslavismError>(client, 'close');
			if (way === 'close') await page.close();
			else await page.open(`${site.url}/empty`);
			const error = await ended;
			assert.equal(error.code, 'session-closed');
		}
		assert.deepEqual(slave.connections, []);
	});

	it('ends at the slave when the browser is killed', BOUND, async () => {
		const site = await suite.site();
		const slave = await site.slave('one');
		const connected = next<ClientConnection>(slave, 'connection');
		const browser = await launch(suite.name);
		const page = await browser.newPage();
		await page.open(site.url);
		await run(page, () => meet().then((slaveCo) => slaveCo.connect()));
		const client = await connected;
		// On the relay it would be waited for as long as for one that has lost its network.
		await runningOver('rtc', client);
		const ended = next<EnslavismError>(client, 'close');
		browser.kill();
		const error = await ended;
		assert.equal(error.code, 'session-closed');
		assert.deepEqual(slave.connections, []);
	});

	it('ends in the page when the process of the slave is killed', BOUND, async () => {
		const site = await suite.site({ grace: 0 });
		const child = await spawnSlave(site.url, 'mortal');
		const page = await suite.page(site.url);
		await run(page, async () => {
			await meet();
			master.on('slaveremoved', (slaveCo) => seen.push(slaveCo.userData));
			slaveCo.on('close', (error) => seen.push(error.code));
			await slaveCo.connect();
		});
		child.kill('SIGKILL');
		await waitIn(page, () => seen.length === 2);
		// What was played through the master ends before the list changes, WebRTC after.
		assert.deepEqual(await run(page, () => [seen.sort(), slaveCo.state]), [['mortal', 'session-closed'], 'gone']);
	});

	it('lets a page play on several slaves, and several pages on one', BOUND, async () => {
		const site = await suite.site();
		const slaves = [echo(await site.slave('one')), echo(await site.slave('two'))];
		const pages = [await suite.page(site.url), await suite.page(site.url)];
		const results = await Promise.all(
			pages.map((page) =>
				run(page, async () => {
					await meet();
					while (master.slaves.length < 2) await next(master, 'slaveadded');
					const answers = master.slaves.map(async (slaveCo) => {
						const channel = await slaveCo.createDataChannel('talk');
						const answer = next(channel, 'message') as Promise<{ data: string }>;
						channel.send(String(slaveCo.userData));
						return (await answer).data;
					});
					return Promise.all(answers);
				}),
			),
		);
		assert.deepEqual(results, [
			['one', 'two'],
			['one', 'two'],
		]);
		assert.deepEqual(
			slaves.map((slave) => slave.connections.length),
			[2, 2],
		);
	});
});
