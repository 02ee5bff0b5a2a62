/** The clients that people have, against our master: what their own documents and tests promise. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { introduction } from '../../../src/index.js';
import { CuttingProxy } from '../../support/cutting-proxy.js';
import { later } from '../../support/later.js';
import {
	DIALECTS,
	type DialectName,
	type LocalFirstClient,
	type Meeting,
	openClient,
	type PeerSocket,
	type RelayClient,
	relayClientClass,
} from '../../support/local-first.js';
import { openMaster } from '../../support/raw-socket.js';
import { Inbox, within } from '../../support/wait.js';

const BOUND = { timeout: 30_000 };

async function master(t: TestContext): Promise<{ url: string; port: number }> {
	return openMaster(t, [introduction()]);
}

/** Two clients with a key in common, and their sockets to each other. */
async function pair(t: TestContext, dialects: [DialectName, DialectName], key = 'doc') {
	const { url } = await master(t);
	const alice = await openClient(t, dialects[0], url, 'alice');
	const bob = await openClient(t, dialects[1], url, 'bob');
	alice.join(key);
	bob.join(key);
	const [[toBob], [toAlice]] = await Promise.all([alice.met.count(1), bob.met.count(1)]);
	assert.ok(toBob && toAlice);
	return { url, key, alice, bob, toBob: toBob.socket, toAlice: toAlice.socket };
}

function listen(socket: PeerSocket): Inbox<unknown> {
	const heard = new Inbox<unknown>();
	socket.onmessage = ({ data }) => heard.put(data);
	return heard;
}

function has(one: LocalFirstClient, other: LocalFirstClient, key: string): [boolean, boolean] {
	return [one.has(other.id, key), other.has(one.id, key)];
}

for (const dialect of DIALECTS) {
	describe(`a client of the dialect "${dialect}"`, BOUND, () => {
		it('joins a key and connects to a peer', async (t) => {
			const { alice, bob, key } = await pair(t, [dialect, dialect]);
			assert.deepEqual(has(alice, bob, key), [true, true]);
			assert.equal(alice.met.items[0]?.id, 'bob');
			assert.equal(bob.met.items[0]?.id, 'alice');
		});

		it('connects for a second key', async (t) => {
			const { alice, bob } = await pair(t, [dialect, dialect]);
			alice.join('another');
			bob.join('another');
			const second = ({ key }: Meeting) => key === 'another';
			await Promise.all([alice.met.find(second), bob.met.find(second)]);
			assert.deepEqual(has(alice, bob, 'another'), [true, true]);
			assert.deepEqual(has(alice, bob, 'doc'), [true, true]);
		});

		it('connects once, however often a key is joined', async (t) => {
			const { url } = await master(t);
			const alice = await openClient(t, dialect, url, 'alice');
			const bob = await openClient(t, dialect, url, 'bob');
			bob.join('doc');
			alice.join('doc');
			alice.join('doc');
			await Promise.all([alice.met.count(1), bob.met.count(1)]);
			alice.join('next');
			bob.join('next');
			const second = ({ key }: Meeting) => key === 'next';
			await Promise.all([alice.met.find(second), bob.met.find(second)]);
			const sockets = new Set(alice.met.items.filter(({ key }) => key === 'doc').map(({ socket }) => socket));
			assert.equal(sockets.size, 1);
		});

		it('leaves a key, and the peer hears of it', async (t) => {
			const { alice, bob, key } = await pair(t, [dialect, dialect]);
			alice.leave(key);
			await bob.left.count(1);
			assert.deepEqual(has(alice, bob, key), [false, false]);
		});

		it('disconnects from one peer, and only from that one', async (t) => {
			const { url, alice, bob, key } = await pair(t, [dialect, dialect]);
			const carol = await openClient(t, dialect, url, 'carol');
			carol.join(key);
			await carol.met.count(2);
			await alice.met.find(({ id }) => id === 'carol');
			alice.dismiss('bob');
			await Promise.all([alice.left.count(1), bob.left.count(1)]);
			assert.deepEqual(has(alice, bob, key), [false, false]);
			assert.deepEqual(has(alice, carol, key), [true, true]);
		});

		it('disconnects from everyone', async (t) => {
			const { url, alice, bob, key } = await pair(t, [dialect, dialect]);
			const carol = await openClient(t, dialect, url, 'carol');
			carol.join(key);
			await carol.met.count(2);
			await alice.met.find(({ id }) => id === 'carol');
			alice.stop();
			await Promise.all([bob.left.count(1), carol.left.count(1)]);
			assert.deepEqual(has(alice, bob, key), [false, false]);
			assert.deepEqual(has(alice, carol, key), [false, false]);
			assert.deepEqual(has(bob, carol, key), [true, true]);
		});

		it('comes back and meets its peer again after its line was cut', async (t) => {
			const { url, port } = await master(t);
			const proxy = await CuttingProxy.open(t, port);
			const alice = await openClient(t, dialect, proxy.url, 'alice');
			const bob = await openClient(t, dialect, url, 'bob');
			alice.join('doc');
			bob.join('doc');
			await Promise.all([alice.met.count(1), bob.met.count(1)]);
			const [first] = alice.met.items;
			proxy.cut();
			const again = await alice.met.find(({ socket }) => socket !== first?.socket);
			const back = await bob.met.find(({ socket }) => socket !== bob.met.items[0]?.socket);
			const heard = listen(back.socket);
			again.socket.send('still here');
			await heard.count(1);
			assert.deepEqual(heard.items, ['still here']);
		});

		it('meets its peer again when the old line is dead and nobody has noticed', async (t) => {
			const { url, port } = await master(t);
			const proxy = await CuttingProxy.open(t, port);
			const gone = await openClient(t, dialect, proxy.url, 'alice');
			const bob = await openClient(t, dialect, url, 'bob');
			gone.join('doc');
			bob.join('doc');
			await Promise.all([gone.met.count(1), bob.met.count(1)]);
			proxy.freeze();
			const alice = await openClient(t, dialect, url, 'alice');
			alice.join('doc');
			const [{ socket }] = (await alice.met.count(1)) as [Meeting];
			const back = await bob.met.find((meeting) => meeting.socket !== bob.met.items[0]?.socket);
			const heard = listen(back.socket);
			socket.send('a new line');
			await heard.count(1);
			gone.stop();
			proxy.cut();
			socket.send('that outlives the old one');
			await heard.count(2);
			assert.deepEqual(heard.items, ['a new line', 'that outlives the old one']);
		});

		it('receives text as text and bytes as bytes, in order', async (t) => {
			const { toBob, toAlice } = await pair(t, [dialect, dialect]);
			toAlice.binaryType = 'arraybuffer';
			const heard = listen(toAlice);
			toBob.send('text');
			toBob.send(Uint8Array.of(0, 255, 1));
			toBob.send('');
			toBob.send(new Uint8Array(0));
			toBob.send('ü\u0000');
			const [one, two, three, four, five] = await heard.count(5);
			assert.deepEqual([one, three, five], ['text', '', 'ü\u0000']);
			assert.deepEqual(Buffer.from(two as ArrayBuffer), Buffer.of(0, 255, 1));
			assert.deepEqual(Buffer.from(four as ArrayBuffer), Buffer.of());
		});

		it('meets nineteen others', async (t) => {
			const { url } = await master(t);
			const clients = await Promise.all(Array.from({ length: 20 }, (_, n) => openClient(t, dialect, url, `peer-${n}`)));
			for (const client of clients) client.join('doc');
			await Promise.all(clients.map((client) => client.met.count(19)));
			const sockets = clients.flatMap((client) => clients.map((other) => client.get(other.id, 'doc')));
			assert.equal(sockets.filter(Boolean).length, 20 * 19);
		});
	});
}

for (const dialect of ['documents', 'packed'] as const) {
	describe(`a relay client of the dialect "${dialect}"`, BOUND, () => {
		const nameOf = dialect === 'documents' ? 'userName' : 'peerId';
		const connect = dialect === 'documents' ? 'peer.connect' : 'peer-connect';

		async function two(t: TestContext): Promise<{ alice: RelayClient; bob: RelayClient; stop(): Promise<void> }> {
			const { url, master: running } = await openMaster(t, [introduction()]);
			const Client = await relayClientClass(dialect);
			const make = (name: string): RelayClient => {
				const client = new Client({ [nameOf]: name, url, documentIds: ['doc'] });
				later(t, () => client.disconnectServer());
				return client;
			};
			const [alice, bob] = [make('alice'), make('bob')];
			await Promise.all([next(alice, connect), next(bob, connect)]);
			return { alice, bob, stop: () => running.close() };
		}

		function next(client: RelayClient, event: string): Promise<unknown> {
			return within(new Promise((resolve) => client.on(event, resolve)), event);
		}

		it('joins the keys it was made with', async (t) => {
			const { alice, bob } = await two(t);
			assert.ok(alice.has('bob', 'doc') && bob.has('alice', 'doc'));
		});

		it('stays open when a peer disconnects', async (t) => {
			const { alice, bob } = await two(t);
			alice.disconnectPeer('bob');
			await next(bob, dialect === 'documents' ? 'peer.disconnect' : 'peer-disconnect');
			assert.ok(alice.open && bob.open);
		});

		it('leaves everything and comes back', async (t) => {
			const { alice, bob } = await two(t);
			const gone = next(bob, dialect === 'documents' ? 'peer.disconnect' : 'peer-disconnect');
			alice.disconnectServer();
			await gone;
			assert.deepEqual([alice.has('bob', 'doc'), bob.has('alice', 'doc')], [false, false]);
			const back = Promise.all([next(alice, connect), next(bob, connect)]);
			alice.connectToServer();
			alice.join('doc');
			await back;
			assert.ok(alice.has('bob', 'doc') && bob.has('alice', 'doc'));
		});

		it('notices when the master closes', async (t) => {
			const { alice, bob, stop } = await two(t);
			const lost = [alice, bob].map(async (client) => {
				await next(client, dialect === 'documents' ? 'server.disconnect' : 'server-disconnect');
				assert.equal(client.open, false);
			});
			// Else they would look for it for ever.
			for (const client of [alice, bob]) {
				client.on(dialect === 'documents' ? 'server.disconnect' : 'server-disconnect', () => client.disconnectServer());
			}
			await stop();
			await Promise.all(lost);
		});
	});
}

describe('clients of different dialects', BOUND, () => {
	for (const one of DIALECTS) {
		for (const other of DIALECTS.filter((each) => each !== one)) {
			it(`meet: "${one}" and "${other}"`, async (t) => {
				const { alice, bob, key, toBob, toAlice } = await pair(t, [one, other]);
				const [inBob, inAlice] = [listen(toAlice), listen(toBob)];
				toBob.send('hello');
				toAlice.send(Uint8Array.of(1, 2, 3));
				await Promise.all([inBob.count(1), inAlice.count(1)]);
				assert.equal(inBob.items[0], 'hello');
				assert.deepEqual(Buffer.from(inAlice.items[0] as ArrayBuffer), Buffer.of(1, 2, 3));
				alice.leave(key);
				await bob.left.count(1);
				assert.deepEqual(has(alice, bob, key), [false, false]);
			});
		}
	}

	it('meet all at once, twenty of them', async (t) => {
		const { url } = await master(t);
		const clients = await Promise.all(
			Array.from({ length: 20 }, (_, n) => openClient(t, DIALECTS[n % 3] ?? 'keys', url, `peer-${n}`)),
		);
		for (const client of clients) client.join('doc');
		await Promise.all(clients.map((client) => client.met.count(19)));
	});
});
