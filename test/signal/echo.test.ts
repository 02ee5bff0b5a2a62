import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type EchoOptions, echo } from '../../src/index.js';
import { Echo } from '../../src/signal/node.js';
import { CuttingProxy } from '../support/cutting-proxy.js';
import { openMaster } from '../support/raw-socket.js';
import { Inbox, next, within } from '../support/wait.js';

function echoAt(t: TestContext, url: string, namespace = 'room', options = {}): Echo {
	const client = new Echo(url, namespace, options);
	t.after(() => client.close());
	return client;
}

async function openAt(t: TestContext, url: string, namespace?: string): Promise<Echo> {
	const client = echoAt(t, url, namespace);
	await next(client, 'open');
	return client;
}

async function masterFor(t: TestContext, options?: EchoOptions): Promise<{ url: string; port: number }> {
	return openMaster(t, [echo(options)]);
}

function inboxOf(client: Echo): Inbox<string | ArrayBuffer> {
	const inbox = new Inbox<string | ArrayBuffer>();
	client.on('message', ({ data }) => inbox.put(data));
	return inbox;
}

describe('Echo', () => {
	test('hears what everybody says, itself included, text as a string and bytes as an ArrayBuffer', async (t) => {
		const { url } = await masterFor(t);
		const [one, other] = [await openAt(t, url), await openAt(t, url)];
		const [atOne, atOther] = [inboxOf(one), inboxOf(other)];
		one.send('text');
		one.send(new Uint8Array([1, 2, 3]).subarray(1));
		one.send(new Uint16Array([7]).buffer);
		for (const inbox of [atOne, atOther]) {
			const [text, ...bytes] = await inbox.count(3);
			assert.equal(text, 'text');
			assert.deepEqual(
				bytes.map((each) => [...new Uint8Array(each as ArrayBuffer)]),
				[
					[2, 3],
					[7, 0],
				],
			);
			assert.ok(bytes.every((each) => each instanceof ArrayBuffer));
		}
	});

	test('keeps what is sent before it is open, as it was then', async (t) => {
		const { url } = await masterFor(t);
		const client = echoAt(t, url);
		const inbox = inboxOf(client);
		const bytes = new Uint8Array([1]);
		client.send('early');
		client.send(bytes);
		bytes[0] = 2;
		const [text, kept] = await inbox.count(2);
		assert.equal(text, 'early');
		assert.deepEqual([...new Uint8Array(kept as ArrayBuffer)], [1]);
	});

	test('reaches namespaces of any name', async (t) => {
		const { url } = await masterFor(t);
		for (const name of ['a b', 'ü/€', '%2F', '?x#y', '...', '😀']) {
			const [one, other] = [await openAt(t, url, name), await openAt(t, url, name)];
			const inbox = inboxOf(other);
			one.send(name);
			assert.deepEqual(await inbox.count(1), [name]);
		}
		for (const name of ['', '.', '..', '\ud800', 'x'.repeat(257)]) {
			assert.throws(() => new Echo(url, name), { code: 'bad-option' });
		}
		assert.throws(() => new Echo('nowhere', 'room'), { code: 'bad-url' });
	});

	test('comes back when its line is cut, and sends what was kept meanwhile', async (t) => {
		const { url, port } = await masterFor(t);
		const proxy = await CuttingProxy.open(t, port);
		const [one, other] = [await openAt(t, proxy.url), await openAt(t, url)];
		const inbox = inboxOf(other);
		proxy.cut();
		await next(one, 'lost');
		assert.equal(one.open, false);
		one.send('kept');
		await next(one, 'open');
		one.send('after');
		assert.deepEqual(await inbox.count(2), ['kept', 'after']);
	});

	test('refuses to keep too much', async (t) => {
		const client = echoAt(t, 'ws://127.0.0.1:9');
		assert.throws(
			() => {
				for (let n = 0; n < 10_000; n++) client.send('x');
			},
			{ code: 'buffer-full' },
		);
		const another = echoAt(t, 'ws://127.0.0.1:9');
		assert.throws(
			() => {
				for (let n = 0; n < 3; n++) another.send(new Uint8Array(500_000));
			},
			{ code: 'buffer-full' },
		);
		assert.throws(() => another.send(new Uint8Array(2 ** 20 + 1)), { code: 'message-too-large' });
		assert.throws(() => another.send('€'.repeat(2 ** 19)), { code: 'message-too-large' });
		assert.throws(() => another.send(5 as unknown as string), { code: 'bad-option' });
		another.close();
		assert.throws(() => another.send('x'), { code: 'link-closed' });
	});

	test('ends when the master refuses it', async (t) => {
		const { master, url } = await openMaster(t, [echo()]);
		master.on('clientauth', (_data, reject, { service }) => {
			if (service === 'echo') reject('members only');
		});
		const [error] = await next(echoAt(t, url), 'close');
		assert.equal(error.code, 'refused');
		assert.equal(error.reason, 'members only');
	});

	test('is the messages, iterated over', async (t) => {
		const { url } = await masterFor(t);
		const client = await openAt(t, url);
		const heard: unknown[] = [];
		const reading = (async () => {
			for await (const data of client) {
				heard.push(data);
				if (data === '3') client.close();
			}
		})();
		for (const each of ['1', '2', '3']) client.send(each);
		await within(reading, 'the end of the iteration');
		assert.deepEqual(heard, ['1', '2', '3']);
		assert.equal(client.listenerCount('message'), 0);
	});

	test('ends an iteration that is left, and throws where too much waits', async (t) => {
		const { url } = await masterFor(t);
		const client = await openAt(t, url);
		client.send('1');
		for await (const data of client) {
			assert.equal(data, '1');
			break;
		}
		assert.equal(client.listenerCount('message'), 0);
		const slow = client[Symbol.asyncIterator]();
		const first = slow.next();
		const inbox = inboxOf(client);
		client.send('first');
		assert.deepEqual(await first, { done: false, value: 'first' });
		for (let n = 1; n < 5000; n++) client.send(`${n}`);
		await inbox.count(5000);
		await assert.rejects(
			async () => {
				while ((await slow.next()).done !== true);
			},
			{ code: 'unread-overflow' },
		);
	});

	test('has named events on top, for everybody and with types', async (t) => {
		type Events = { joined: [name: string, level: number]; left: [name: string] };
		const { url } = await masterFor(t);
		const [one, other] = [await openAt(t, url), await openAt(t, url)];
		const told = new Inbox<unknown[]>();
		one.events<Events>().on('joined', (...args) => told.put(['one', ...args]));
		const events = other.events<Events>();
		events.on('joined', (...args) => told.put(['other', ...args]));
		events.on('left', (...args) => told.put(['left', ...args]));
		for (const noise of ['no JSON', '5', 'null', '[]', '[5]', '{"joined":1}', '["unknown"]', new Uint8Array(3)])
			one.send(noise);
		assert.equal(events.emit('joined', 'Ada', 7), true);
		events.emit('left', 'Ada');
		const all = await told.count(3);
		assert.deepEqual([...all].sort(), [
			['left', 'Ada'],
			['one', 'Ada', 7],
			['other', 'Ada', 7],
		]);
	});

	test('is sent the history, if the master keeps one', async (t) => {
		const { url } = await masterFor(t, { history: 2 });
		const one = await openAt(t, url);
		const atOne = inboxOf(one);
		for (const each of ['1', '2', '3']) one.send(each);
		await atOne.count(3);
		assert.deepEqual(await inboxOf(echoAt(t, url)).count(2), ['2', '3']);
	});
});
