import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { childFor } from '../support/child.js';
import {
	bystanderFor,
	clientFor,
	coded,
	masterFor,
	messagesOf,
	runningOver,
	seen,
	slaveFor,
} from '../support/stage.js';
import { Inbox, next, turns, within } from '../support/wait.js';

/** Until the other end of an open session is believed to be gone: a ping that is not answered. */
const NOTICE = 30_000;

describe('a process that is killed', { concurrency: true }, () => {
	it('was a client: the slave notices, tells, and forgets it', async (t) => {
		const { master, url } = await masterFor(t);
		const bystander = await bystanderFor(t, url);
		const slave = await slaveFor(t, url);
		const hello = new Inbox<unknown>();
		slave.on('connection', (client) => {
			client.on('datachannel', (channel) => channel.on('message', ({ data }) => hello.put(data)));
		});
		const child = childFor(t, 'bot', url);
		await hello.find((each) => each === 'hello');
		const [connection] = slave.connections;
		assert.ok(connection);
		// On the relay it would be waited for as long as for one that has lost its network.
		await runningOver('rtc', connection);
		const closed = new Promise<string>((resolve) => connection.once('close', ({ code }) => resolve(code)));
		child.process.kill('SIGKILL');
		assert.equal(await within(closed, 'the close', NOTICE), 'session-closed');
		assert.deepEqual([slave.connections, connection.state, connection.dataChannels], [[], 'closed', []]);
		assert.equal(master.counts.clients, 1);
		await bystander.check();
	});

	it('was a slave: every client notices', async (t) => {
		const { master, url } = await masterFor(t);
		const bystander = await bystanderFor(t, url);
		const child = childFor(t, 'slave', url);
		const id = (await child.lines.find((line) => line.startsWith('slave '))).slice('slave '.length);
		const client = clientFor(t, url);
		const slaveCo = await seen(client, id);
		const channel = await slaveCo.createDataChannel('x');
		const answers = messagesOf(channel);
		channel.send('there?');
		await answers.count(1);
		await runningOver('rtc', slaveCo);
		const closed = Promise.all([
			within(new Promise((resolve) => slaveCo.once('close', resolve)), 'the close', NOTICE),
			within(new Promise((resolve) => channel.once('close', resolve)), 'the close of the channel', NOTICE),
		]);
		const removed = Promise.all([next(client, 'slaveremoved'), next(master, 'slaveremoved')]);
		child.process.kill('SIGKILL');
		const [[gone], [listed]] = await removed;
		assert.deepEqual([gone, gone.userData, listed.id, listed.userData], [slaveCo, 'child', id, 'child']);
		coded('session-closed')((await closed)[0]);
		assert.equal(slaveCo.state, 'gone');
		await bystander.check();
	});

	it('was a slave that decides: the client that waits is told', async (t) => {
		const { url } = await masterFor(t);
		const child = childFor(t, 'slave', url);
		const id = (await child.lines.find((line) => line.startsWith('slave '))).slice('slave '.length);
		const slaveCo = await seen(clientFor(t, url), id);
		child.process.kill('SIGSTOP');
		const refused = assert.rejects(slaveCo.connect(), coded('slave-unreachable'));
		await turns(10);
		child.process.kill('SIGKILL');
		await refused;
	});
});

describe('a process whose master, slave and client were closed', { concurrency: true }, () => {
	for (const order of ['csm', 'msc', 'scm']) {
		it(`ends by itself, whatever was closed first: ${order}`, async (t) => {
			const child = childFor(t, 'ends', order);
			await child.lines.find((line) => line === 'closed');
			const closed = performance.now();
			assert.deepEqual(await child.ended, { code: 0, signal: null, stderr: '' });
			assert.ok(performance.now() - closed < 6000, `it took ${performance.now() - closed} ms`);
		});
	}

	it('ends by itself when the master has ended the link of a slave that does not come back', async (t) => {
		const child = childFor(t, 'abandoned');
		await child.lines.find((line) => line === 'closed');
		assert.deepEqual(await child.ended, { code: 0, signal: null, stderr: '' });
	});

	it('ends by itself when a session has gone on after that, and another slave has shared its port', async (t) => {
		const child = childFor(t, 'outlived');
		await child.lines.find((line) => line === 'closed');
		assert.deepEqual(await child.ended, { code: 0, signal: null, stderr: '' });
	});

	it('ends by itself also when nothing could be opened', async (t) => {
		const child = childFor(t, 'fails');
		await child.lines.find((line) => line === 'closed');
		assert.deepEqual(await child.ended, { code: 0, signal: null, stderr: '' });
	});
});

describe('a process that closes both ends of a WebRTC connection', { concurrency: 2 }, () => {
	for (const [what, how] of [
		['made when the other end had just closed it', 'late'],
		['made while the other end closed it', 'meanwhile'],
		['closed before they were open', 'unopened'],
		['closed by both ends at once', 'both'],
		['made again as soon as they were closed', 'again'],
	]) {
		it(`ends by itself, with streams that were ${what}`, async (t) => {
			const child = childFor(t, 'lanes', how ?? '');
			await child.lines.find((line) => line === 'closed');
			assert.deepEqual(await child.ended, { code: 0, signal: null, stderr: '' });
		});
	}
});
