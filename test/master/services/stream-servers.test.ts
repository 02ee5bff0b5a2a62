/** The names of stream servers at the master, and those who do not keep to the protocol. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import WebSocket from 'ws';
import { type MasterOptions, streamServers } from '../../../src/index.js';
import { MemoryBackplane } from '../../../src/master/backplane/memory.js';
import { type Found, Names } from '../../../src/master/names.js';
import { type DirectoryEntry, PROTOCOL, returnProtocols } from '../../../src/wire/index.js';
import * as LIMITS from '../../../src/wire/limits.js';
import { RawLink, type Said } from '../../support/raw-link.js';
import { bystanderFor, coded, masterFor } from '../../support/stage.js';
import { next, turns, within } from '../../support/wait.js';

const PREFIX = '/enslavism/streams';

async function stage(t: TestContext, options: MasterOptions = {}) {
	const proxy = streamServers();
	const { master, url } = await masterFor(t, { services: [proxy], ...options });
	return { proxy, master, url, bystander: await bystanderFor(t, url) };
}

/** Registers a server that says whatever a test wants. */
async function serverFor(t: TestContext, url: string, name: string): Promise<{ link: RawLink; id: string }> {
	const link = await RawLink.open(t, url, 'server');
	link.say({ t: 'register', data: '[1]', server: { prefix: PREFIX, name } });
	return { link, id: String((await link.hear('registered')).id) };
}

/** A link of somebody who was here before. */
function back(t: TestContext, url: string, kind: 'client' | 'server', resume: unknown): Promise<RawLink> {
	return RawLink.open(t, url, kind, { protocols: [PROTOCOL, ...returnProtocols(String(resume))] });
}

const find = (n: number, name: string, wait = 0) => ({ t: 'find', n, prefix: PREFIX, name, wait });
const idOf = ({ slave }: Said) => (slave as DirectoryEntry).id;

describe('a stream server at the master', { timeout: 30_000 }, () => {
	it('is found by its name and can be asked for a session, and only then', async (t) => {
		const { url, bystander } = await stage(t);
		const server = await serverFor(t, url, 'name');
		const { link: client } = await RawLink.client(t, url);
		client.say(find(1, 'name'));
		assert.equal(idOf(await client.hear('found')), server.id);
		client.say({ t: 'offer', session: 's', slave: server.id, sdp: 'v=0' });
		assert.equal((await server.link.hear('offer')).session, 's');
		client.say({ t: 'offer', session: 'other', slave: 'name', sdp: 'v=0' });
		assert.equal((await client.hear('rejected')).code, 'slave-gone');
		await bystander.check();
	});

	it('that goes away is still found when it has lost its link meanwhile, and takes no sessions', async (t) => {
		const { url } = await stage(t);
		const first = await RawLink.open(t, url, 'server');
		const register = { t: 'register', data: '[1]', server: { prefix: PREFIX, name: 'name' } };
		first.say(register);
		const { id, resume } = await first.hear('registered');
		const second = await back(t, url, 'server', resume);
		second.say({ ...register, draining: true });
		assert.equal((await second.hear('registered')).id, id);
		const { link: client } = await RawLink.client(t, url);
		client.say(find(1, 'name'));
		assert.deepEqual((await client.hear('found')).slave, { id, data: '[1]', state: 'draining' });
		client.say({ t: 'offer', session: 's', slave: id, sdp: 'v=0' });
		assert.equal((await client.hear('rejected')).code, 'slave-draining');
	});

	it('must have a name, and nobody else may', async (t) => {
		const { url, bystander } = await stage(t);
		const server = { prefix: PREFIX, name: 'name' };
		for (const [kind, message] of [
			['server', { t: 'register', data: '[1]' }],
			['slave', { t: 'register', data: '[1]', server }],
			['server', { t: 'update', data: '[1]' }],
			['server', { t: 'register', data: '[1]', server: { prefix: PREFIX, name: '' } }],
			['server', { t: 'register', data: '[1]', server: { prefix: PREFIX } }],
		] as const) {
			const link = await RawLink.open(t, url, kind);
			link.say(message);
			assert.equal((await link.closed).code, 4400, JSON.stringify(message));
		}
		await bystander.check();
	});

	it('registers once and has nothing to update', async (t) => {
		const { url, proxy, bystander } = await stage(t);
		for (const message of [
			{ t: 'register', data: '[1]', server: { prefix: PREFIX, name: 'second' } },
			{ t: 'update', data: '[2]' },
		]) {
			const { link } = await serverFor(t, url, 'first');
			const destroyed = next(proxy, 'server.destroyed');
			link.say(message);
			assert.equal((await link.closed).code, 4400);
			assert.deepEqual(await destroyed, ['first']);
		}
		await bystander.check();
	});

	it('is told by code 4410 that its name is taken', async (t) => {
		const { url } = await stage(t);
		await serverFor(t, url, 'name');
		const second = await RawLink.open(t, url, 'server');
		second.say({ t: 'register', data: '[1]', server: { prefix: PREFIX, name: 'name' } });
		assert.deepEqual(await second.closed, { code: 4410, reason: 'server already exists' });
	});

	it('that leaves while nameauth decides gets no name', async (t) => {
		const { url, master, proxy } = await stage(t);
		let decide = (): void => {};
		const asked = new Promise<void>((resolve) => {
			master.on('nameauth', () => {
				resolve();
				return new Promise<void>((decided) => {
					decide = decided;
				});
			});
		});
		const link = await RawLink.open(t, url, 'server');
		link.say({ t: 'register', data: '[1]', server: { prefix: PREFIX, name: 'name' } });
		await within(asked, 'nameauth');
		const before = master.counts.slaves;
		link.socket.terminate();
		while (master.counts.slaves === before) await turns(1);
		decide();
		await turns();
		assert.deepEqual(proxy.servers, []);
	});

	it('cannot be one where there is no service', async (t) => {
		const { url } = await masterFor(t);
		assert.equal((await new RawLink(t, url, 'server').closed).code, 404);
	});

	it('is admitted by clientauth, which is told for what', async (t) => {
		const { url, master } = await stage(t);
		master.on('slaveauth', (_auth, reject) => reject('no game hosts'));
		const told: unknown[] = [];
		master.on('clientauth', (_cookies, reject, { service }) => {
			told.push(service);
			if (service !== undefined) reject('not you');
		});
		const link = new RawLink(t, url, 'server');
		assert.deepEqual(await link.closed, { code: 4401, reason: 'not you' });
		assert.deepEqual(told, ['stream servers']);
	});
});

describe('a search for a stream server', { timeout: 30_000 }, () => {
	it('ends with the link that asked, though its client is back on another', async (t) => {
		const { url } = await stage(t);
		const first = await RawLink.open(t, url, 'client');
		const { resume } = await first.hear('welcome');
		for (let n = 0; n < LIMITS.findsPerClient; n++) first.say(find(n, 'name', 20_000));
		first.say(find(99, 'name', 20_000));
		assert.equal((await first.hear('absent')).code, 'limit-reached');
		const second = await back(t, url, 'client', resume);
		await second.hear('welcome');
		second.say(find(1, 'name', 20_000));
		assert.equal((await first.closed).code, 4409);
		const { id } = await serverFor(t, url, 'name');
		assert.equal(idOf(await second.hear('found')), id);
	});

	it('is answered once the name appears, for everybody who waits', async (t) => {
		const { url } = await stage(t);
		const clients = await Promise.all([1, 2].map(async () => (await RawLink.client(t, url)).link));
		for (const client of clients) {
			client.say(find(1, 'later', 20_000));
			client.say(find(2, 'never', 10));
		}
		for (const client of clients) assert.equal((await client.hear('absent')).n, 2);
		const { id } = await serverFor(t, url, 'later');
		for (const client of clients) assert.equal(idOf(await client.hear('found')), id);
	});

	it('is one of so many that a client may have', async (t) => {
		const { url, bystander } = await stage(t);
		const { link } = await RawLink.client(t, url);
		for (let n = 0; n <= LIMITS.findsPerClient; n++) link.say(find(n, `name ${n}`, 20_000));
		const { n, code } = await link.hear('absent');
		assert.deepEqual([n, code], [LIMITS.findsPerClient, 'limit-reached']);
		const { id } = await serverFor(t, url, 'name 3');
		assert.equal(idOf(await link.hear('found')), id);
		link.say(find(1000, 'one more', 20_000));
		await bystander.check();
		assert.equal(link.said.items.filter(({ t }) => t === 'absent').length, 1);
	});

	it('is forgotten with its client, and answered no more', () => {
		const backplane = new MemoryBackplane();
		const names = new Names(backplane);
		backplane.start({
			claimed: (name, entry) => names.claimed(name, entry),
			released: (name) => names.released(name),
			slave: () => {},
			slaveLeft: () => {},
			message: () => {},
		});
		names.open('/p', { created: () => {}, destroyed: () => {} });
		const answers: Found[] = [];
		for (const client of ['a', 'b'])
			names.find(client, { prefix: '/p', name: 'x' }, 1000, (found) => answers.push(found));
		names.forget('a');
		void names.give({ prefix: '/p', name: 'x' }, { id: 'owner', data: '' }, async () => ({}));
		return turns().then(() => {
			assert.deepEqual(answers, [{ id: 'owner', data: '' }]);
			assert.ok(names.ownerOf('owner'));
			names.release({ prefix: '/p', name: 'x' }, 'another');
			assert.ok(names.ownerOf('owner'));
			names.release({ prefix: '/p', name: 'x' }, 'owner');
			assert.equal(names.ownerOf('owner'), undefined);
			names.close();
		});
	});
});

describe('the socket that a stream server opens for the master', { timeout: 30_000 }, () => {
	const open = (t: TestContext, url: string, ticket: unknown) => {
		const socket = new WebSocket(`${url}${PREFIX}/${String(ticket)}`);
		t.after(() => socket.terminate());
		socket.on('error', () => {});
		return socket;
	};

	it('needs a ticket, which is good once', async (t) => {
		const { url, proxy, bystander } = await stage(t);
		const { link } = await serverFor(t, url, 'name');
		const [, refused] = await within(once(open(t, url, 'guess'), 'unexpected-response'), 'a refusal');
		assert.equal(refused.statusCode, 404);
		refused.destroy();
		const stream = proxy.connect('name');
		const { ticket } = await link.hear('dial');
		const both = [open(t, url, ticket), open(t, url, ticket)];
		// The one that came second is refused at the door, or closed behind it.
		const second = await within(
			Promise.race(both.flatMap((socket) => [once(socket, 'close'), once(socket, 'unexpected-response')])),
			'the second to be refused',
		);
		assert.ok(second.length > 0);
		stream.destroy();
		await bystander.check();
	});

	it('may say anything, and only its own streams fail', async (t) => {
		const { url, proxy, bystander } = await stage(t);
		const { link } = await serverFor(t, url, 'name');
		const stream = proxy.connect('name');
		const failed = once(stream, 'error');
		const socket = open(t, url, (await link.hear('dial')).ticket);
		await once(socket, 'open');
		socket.send('text is passed over');
		socket.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
		coded('mux-protocol')((await within(failed, 'the stream to fail'))[0]);
		const next = proxy.connect('name');
		const again = once(next, 'error');
		const { ticket } = await link.said.find((said) => said.t === 'dial' && link.said.items.indexOf(said) > 1, 'a dial');
		const large = open(t, url, ticket);
		await once(large, 'open');
		large.send(Buffer.alloc(LIMITS.muxMessageBytes + 1));
		await within(again, 'the stream to fail');
		await bystander.check();
	});
});
