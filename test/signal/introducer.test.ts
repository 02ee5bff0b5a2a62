import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import type WebSocket from 'ws';
import { WebSocketServer } from 'ws';
import { EnslavismError, introduction, Master } from '../../src/index.js';
import { type IntroducedPeer, Introducer, type SignalOptions } from '../../src/signal/node.js';
import * as WAITS from '../../src/wire/waits.js';
import { CuttingProxy } from '../support/cutting-proxy.js';
import { later } from '../support/later.js';
import { DIALECTS, openClient } from '../support/local-first.js';
import { openMaster, RawSocket } from '../support/raw-socket.js';
import { Inbox, next, within } from '../support/wait.js';

const BOUND = { timeout: 30_000 };

/** An introducer and what it tells. */
function introducer(t: TestContext, url: string, id?: string, options?: SignalOptions) {
	const own = new Introducer(url, id, options);
	later(t, () => own.close());
	const met = new Inbox<IntroducedPeer>();
	const left = new Inbox<IntroducedPeer>();
	own.on('peer', met.put);
	own.on('peerleft', left.put);
	return { own, met, left };
}

function listen({ socket }: IntroducedPeer): Inbox<string | ArrayBuffer> {
	const heard = new Inbox<string | ArrayBuffer>();
	socket.on('message', ({ data }) => heard.put(data));
	return heard;
}

async function pair(t: TestContext) {
	const { url, port, master } = await openMaster(t, [introduction()]);
	const [alice, bob] = [introducer(t, url, 'alice'), introducer(t, url, 'bob')];
	alice.own.join('doc');
	bob.own.join('doc');
	const [[toBob], [toAlice]] = await Promise.all([alice.met.count(1), bob.met.count(1)]);
	assert.ok(toBob && toAlice);
	return { url, port, master, alice, bob, toBob, toAlice };
}

describe('an introducer', BOUND, () => {
	it('meets a peer that has joined the same key, with an open socket', async (t) => {
		const { alice, toBob, toAlice } = await pair(t);
		assert.deepEqual([toBob.id, toBob.key, toBob.socket.readyState], ['bob', 'doc', 'open']);
		assert.deepEqual([toAlice.id, toAlice.key], ['alice', 'doc']);
		assert.deepEqual(alice.own.peers, [toBob]);
		assert.deepEqual(alice.own.keys, ['doc']);
		assert.equal(alice.own.open, true);
	});

	it('sends text and bytes, in order', async (t) => {
		const { toBob, toAlice } = await pair(t);
		const heard = listen(toAlice);
		toBob.socket.send('text');
		toBob.socket.send(Uint8Array.of(1, 2, 3));
		toBob.socket.send(Uint8Array.of(4, 5, 6).buffer);
		toBob.socket.send(new DataView(Uint8Array.of(7, 8, 9).buffer, 1, 1));
		toBob.socket.send('');
		const [text, one, two, three, empty] = await heard.count(5);
		assert.deepEqual([text, empty], ['text', '']);
		for (const [data, bytes] of [
			[one, [1, 2, 3]],
			[two, [4, 5, 6]],
			[three, [8]],
		] as const) {
			assert.ok(data instanceof ArrayBuffer);
			assert.deepEqual([...new Uint8Array(data)], bytes);
		}
	});

	it('keeps what arrives until somebody listens', async (t) => {
		const { toBob, toAlice } = await pair(t);
		toBob.socket.send('early');
		toBob.socket.send('bird');
		toBob.socket.close();
		await within(new Promise((resolve) => toAlice.socket.on('close', resolve)), 'the close');
		const heard = listen(toAlice);
		await heard.count(2);
		assert.deepEqual(heard.items, ['early', 'bird']);
	});

	it('closes a socket on which much arrives and nobody listens', async (t) => {
		const { toBob, toAlice, bob } = await pair(t);
		for (let n = 0; n < 20; n++) toBob.socket.send(new Uint8Array(64 * 1024));
		await bob.left.count(1);
		assert.equal(toAlice.socket.readyState, 'closed');
	});

	it('has one socket for each key of a peer', async (t) => {
		const { alice, bob } = await pair(t);
		alice.own.join('second').join('third');
		bob.own.join('third').join('second');
		await Promise.all([alice.met.count(3), bob.met.count(3)]);
		assert.deepEqual(alice.met.items.map(({ key }) => key).sort(), ['doc', 'second', 'third']);
		assert.equal(new Set(alice.met.items.map(({ socket }) => socket)).size, 3);
	});

	it('leaves a key and nothing else', async (t) => {
		const { alice, bob } = await pair(t);
		alice.own.join('second');
		bob.own.join('second');
		await Promise.all([alice.met.count(2), bob.met.count(2)]);
		alice.own.leave('doc').leave('never joined');
		const [left] = await bob.left.count(1);
		assert.equal(left?.key, 'doc');
		assert.deepEqual(
			alice.left.items.map(({ key }) => key),
			['doc'],
		);
		assert.deepEqual(
			bob.own.peers.map(({ key }) => key),
			['second'],
		);
	});

	it('tells when a peer closes a socket, and how', async (t) => {
		const { toBob, toAlice, bob } = await pair(t);
		const closed = next(toAlice.socket, 'close');
		toBob.socket.close(4000, 'enough');
		const [{ code, reason }] = await closed;
		assert.deepEqual([code, reason], [4000, 'enough']);
		assert.deepEqual(await bob.left.count(1), [toAlice]);
		assert.throws(() => toAlice.socket.send('x'), { code: 'channel-not-open' });
	});

	it('leaves everyone when it closes', async (t) => {
		const { alice, bob } = await pair(t);
		const ended = next(alice.own, 'close');
		alice.own.close();
		await Promise.all([ended, bob.left.count(1)]);
		assert.equal(alice.left.items.length, 1);
		assert.equal(alice.own.open, false);
		assert.deepEqual(alice.own.peers, []);
	});

	for (const dialect of DIALECTS) {
		it(`meets a client of the dialect "${dialect}"`, async (t) => {
			const { url } = await openMaster(t, [introduction()]);
			const alice = introducer(t, url, 'alice');
			alice.own.join('doc');
			await next(alice.own, 'open');
			const other = await openClient(t, dialect, url, 'other');
			other.join('doc');
			const [[toOther], [toAlice]] = await Promise.all([alice.met.count(1), other.met.count(1)]);
			assert.ok(toOther && toAlice);
			const heard = new Inbox<unknown>();
			toAlice.socket.onmessage = ({ data }) => heard.put(data);
			toOther.socket.send('hello');
			await heard.count(1);
			const back = listen(toOther);
			toAlice.socket.send('hello too');
			await back.count(1);
			assert.deepEqual([...heard.items, ...back.items], ['hello', 'hello too']);
			other.leave('doc');
			await alice.left.count(1);
		});
	}

	it('has an id of its own when it is given none', async (t) => {
		const { url } = await openMaster(t, [introduction()]);
		const [one, other] = [introducer(t, url), introducer(t, url)];
		one.own.join('doc');
		other.own.join('doc');
		const [[met]] = await Promise.all([one.met.count(1), other.met.count(1)]);
		assert.equal(met?.id, other.own.id);
		assert.match(one.own.id, /^[\w-]{22}$/);
	});

	it('takes ids and keys with any characters', async (t) => {
		const { url } = await openMaster(t, [introduction()]);
		const names = ['a/b', 'a:b', '__proto__', 'ü ☃?#%', '...', '%2e'];
		const all = names.map((name) => introducer(t, url, name));
		for (const { own } of all) for (const name of names) own.join(name);
		await Promise.all(all.map(({ met }) => met.count(names.length * (names.length - 1))));
	});

	it('refuses ids and keys that have no place in a path', () => {
		const isBadOption = (thrown: unknown) => thrown instanceof EnslavismError && thrown.code === 'bad-option';
		for (const name of ['', '.', '..', 'x'.repeat(2000), '\ud800', 7, null]) {
			assert.throws(() => new Introducer('ws://localhost:1', name as string), isBadOption);
		}
		assert.throws(() => new Introducer('ftp://localhost', 'alice'), { code: 'bad-url' });
		const own = new Introducer('ws://localhost:1', 'alice', { reconnect: false });
		for (const key of ['', '.', '..', 'x'.repeat(2000)]) assert.throws(() => own.join(key), isBadOption);
		own.close();
	});

	it('refuses to send what is no message', async (t) => {
		const { toBob } = await pair(t);
		assert.throws(() => toBob.socket.send(7 as unknown as string), { code: 'bad-option' });
	});
});

describe('an introducer whose line is cut', BOUND, () => {
	it('comes back, and meets its peers again', async (t) => {
		const { url, port } = await openMaster(t, [introduction()]);
		const proxy = await CuttingProxy.open(t, port);
		const [alice, bob] = [introducer(t, proxy.url, 'alice'), introducer(t, url, 'bob')];
		alice.own.join('doc').join('gone').leave('gone');
		bob.own.join('doc');
		await Promise.all([alice.met.count(1), bob.met.count(1)]);
		const lost = next(alice.own, 'lost');
		proxy.cut();
		await Promise.all([lost, alice.left.count(1), bob.left.count(1)]);
		const [met, back] = await Promise.all([alice.met.count(2), bob.met.count(2)]);
		const heard = listen(back[1] as IntroducedPeer);
		met[1]?.socket.send('here again');
		await heard.count(1);
		assert.deepEqual(alice.own.keys, ['doc']);
	});

	it('has a connection opened again that was cut alone', async (t) => {
		const { url, master } = await openMaster(t, [introduction()]);
		const [alice, bob] = [introducer(t, url, 'alice'), introducer(t, url, 'bob')];
		const lines: Socket[] = [];
		const admitted: string[] = [];
		master.on('clientauth', (_cookies, _reject, { request }) => {
			admitted.push(request.url ?? '');
			if (request.url?.startsWith('/connection/alice')) lines.push(request.socket);
		});
		alice.own.join('doc');
		bob.own.join('doc');
		await Promise.all([alice.met.count(1), bob.met.count(1)]);
		for (const line of lines) line.destroy();
		await Promise.all([alice.left.count(1), bob.left.count(1)]);
		await Promise.all([alice.met.count(2), bob.met.count(2)]);
		assert.equal(admitted.filter((path) => path.startsWith('/introduction')).length, 2, 'the service was not lost');
	});

	it('does not come back to a peer that closed the socket itself', async (t) => {
		const { url } = await openMaster(t, [introduction()]);
		const alice = introducer(t, url, 'alice');
		alice.own.join('doc');
		const bob = await RawSocket.open(t, `${url}/introduction/bob`);
		bob.say({ type: 'Join', join: ['doc'] });
		await Promise.all([bob.hear(1), alice.met.count(1)]);
		const end = await RawSocket.open(t, `${url}/connection/bob/alice/doc`);
		end.socket.close();
		await alice.left.count(1);
		// The first wait of the backoff, if there were one, is half a second at most.
		await new Promise((resolve) => setTimeout(resolve, WAITS.backoffBase + 50));
		await bob.settle();
		assert.equal(bob.heard.items.length, 1);
	});

	it('meets everyone when its master is there later', async (t) => {
		const { port, master } = await openMaster(t, [introduction()]);
		await master.close();
		const own = introducer(t, `ws://localhost:${port}`, 'alice');
		own.own.join('doc');
		await next(own.own, 'lost');
		const second = new Master(port, { services: [introduction()] });
		later(t, () => second.close());
		await second.ready;
		const bob = introducer(t, `ws://localhost:${port}`, 'bob');
		bob.own.join('doc');
		await Promise.all([own.met.count(1), bob.met.count(1)]);
	});

	it('stays away when it was refused', async (t) => {
		const { url, master } = await openMaster(t, [introduction()]);
		master.on('clientauth', (_cookies, reject) => reject('not you'));
		const { own } = introducer(t, url, 'mallory');
		const [error] = await next(own, 'close');
		assert.deepEqual([error.code, error.reason], ['refused', 'not you']);
	});

	it('does not come back when told not to', async (t) => {
		const { url, port } = await openMaster(t, [introduction()]);
		const proxy = await CuttingProxy.open(t, port);
		const { own } = introducer(t, proxy.url, 'alice', { reconnect: false });
		await next(own, 'open');
		const ended = next(own, 'close');
		proxy.cut();
		await ended;
		await RawSocket.open(t, `${url}/introduction/another`);
		await proxy.lines(1);
	});
});

describe('an introducer and a master that misbehaves', BOUND, () => {
	for (const said of [
		'{',
		'null',
		'7',
		'{"type":"Introduction"}',
		'{"type":"Join","id":"x","keys":[]}',
		Buffer.of(1),
	]) {
		it(`hangs up at ${said}`, async (t) => {
			const url = await fakeMaster(t, (socket) => socket.send(said));
			const { own } = introducer(t, url, 'alice');
			const [error] = await next(own, 'close');
			assert.equal(error.code, 'bad-message');
		});
	}

	it('passes over introductions to itself, for keys it has not joined, and to names without a path', async (t) => {
		const paths = new Inbox<string>();
		const url = await fakeMaster(t, (socket, path) => {
			paths.put(path);
			if (!path.startsWith('/introduction')) return;
			for (const [id, keys] of [
				['alice', ['doc']],
				['bob', ['other']],
				['..', ['doc']],
				[7, ['doc']],
				['carol', [7, null, '..', 'x'.repeat(2000), 'doc']],
			]) {
				socket.send(JSON.stringify({ type: 'Introduction', id, keys }));
			}
		});
		const { own, met } = introducer(t, url, 'alice');
		own.join('doc');
		await met.count(1);
		assert.deepEqual(paths.items, ['/introduction/alice', '/connection/alice/carol/doc']);
	});
});

async function fakeMaster(t: TestContext, welcome: (socket: WebSocket, path: string) => void): Promise<string> {
	const server = new WebSocketServer({ port: 0 });
	later(t, () => server.close());
	server.on('connection', (socket, request) => welcome(socket, request.url ?? ''));
	await new Promise((resolve) => server.once('listening', resolve));
	return `ws://localhost:${(server.address() as { port: number }).port}`;
}
