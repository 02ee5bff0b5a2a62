import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { relay as relayService } from '../../src/index.js';
import { type PipedSocket, relay } from '../../src/signal/node.js';
import { CuttingProxy } from '../support/cutting-proxy.js';
import { openMaster } from '../support/raw-socket.js';
import { Inbox, next } from '../support/wait.js';

function endAt(t: TestContext, url: string, local: string, remote: string): PipedSocket {
	const socket = relay(url, { namespace: 'room', local, remote });
	t.after(() => socket.close());
	return socket;
}

function inboxOf(socket: PipedSocket): Inbox<string | ArrayBuffer> {
	const inbox = new Inbox<string | ArrayBuffer>();
	socket.on('message', ({ data }) => inbox.put(data));
	return inbox;
}

describe('relay', () => {
	test('opens when the other side has come, and is a socket to it', async (t) => {
		const { url } = await openMaster(t, [relayService()]);
		const one = endAt(t, url, 'a', 'b');
		assert.equal(one.readyState, 'connecting');
		assert.throws(() => one.send('early'), { code: 'channel-not-open' });
		const other = endAt(t, url, 'b', 'a');
		await Promise.all([next(one, 'open'), next(other, 'open')]);
		const inbox = inboxOf(other);
		one.send('text');
		one.send(new Uint8Array([5]));
		const [text, bytes] = await inbox.count(2);
		assert.equal(text, 'text');
		assert.deepEqual([...new Uint8Array(bytes as ArrayBuffer)], [5]);
		one.close(1000, 'enough');
		const [{ code, reason }] = await next(other, 'close');
		assert.deepEqual({ code, reason }, { code: 1000, reason: 'enough' });
	});

	test('comes back to wait when its line is cut before the other side has come', async (t) => {
		const { url, port } = await openMaster(t, [relayService()]);
		const proxy = await CuttingProxy.open(t, port);
		const one = endAt(t, proxy.url, 'a', 'b');
		await proxy.lines(1);
		proxy.cut();
		await proxy.lines(2);
		const other = endAt(t, url, 'b', 'a');
		await Promise.all([next(one, 'open'), next(other, 'open')]);
		const inbox = inboxOf(other);
		one.send('hello');
		assert.deepEqual(await inbox.count(1), ['hello']);
	});

	test('ends on both sides when the line is cut after that, and both can meet again', async (t) => {
		const { url, port } = await openMaster(t, [relayService()]);
		const proxy = await CuttingProxy.open(t, port);
		const [one, other] = [endAt(t, proxy.url, 'a', 'b'), endAt(t, url, 'b', 'a')];
		await Promise.all([next(one, 'open'), next(other, 'open')]);
		const closed = Promise.all([next(one, 'close'), next(other, 'close')]);
		proxy.cut();
		const [[near], [far]] = await closed;
		assert.equal(near.code, 1006);
		assert.deepEqual([far.code, far.reason], [1000, 'the other side has left']);
		const again = [endAt(t, proxy.url, 'a', 'b'), endAt(t, url, 'b', 'a')];
		await Promise.all(again.map((each) => next(each, 'open')));
	});

	test('can be closed while it waits', async (t) => {
		const { url } = await openMaster(t, [relayService()]);
		const one = endAt(t, url, 'a', 'b');
		const closed = next(one, 'close');
		one.close();
		assert.equal((await closed)[0].code, 1000);
		assert.equal(one.readyState, 'closed');
	});

	test('is not for tokens that are no texts', () => {
		for (const token of ['', 'x'.repeat(257), 5 as unknown as string, undefined as unknown as string]) {
			const meeting = { namespace: 'room', local: token, remote: 'b' };
			assert.throws(() => relay('ws://localhost', meeting), { code: 'bad-option' });
		}
		assert.throws(() => relay('ws://localhost', { namespace: '..', local: 'a', remote: 'b' }), { code: 'bad-option' });
	});
});
