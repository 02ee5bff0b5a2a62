/** Stream servers and their clients in Node, over a real master and real WebRTC. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { type MasterOptions, type StreamServers, streamServers } from '../../src/index.js';
import {
	type MasterConnection,
	type MuxStream,
	StreamClient,
	type StreamClientOptions,
	StreamServer,
	type StreamServerOptions,
} from '../../src/streams/node/index.js';
import { childFor } from '../support/child.js';
import { CuttingProxy } from '../support/cutting-proxy.js';
import { clientFor, coded, masterFor, slaveFor } from '../support/stage.js';
import { next, within } from '../support/wait.js';

/** A master with the service, and a connection to it. */
async function stage(t: TestContext, services: StreamServers[] = [streamServers()], options: MasterOptions = {}) {
	const [proxy] = services as [StreamServers];
	const { master, url, port } = await masterFor(t, { services, ...options });
	return { proxy, master, url, port, con: clientFor(t, url) };
}

/** A server that sends back what it hears, listening. */
async function echoFor(t: TestContext, con: MasterConnection, name: string, options: StreamServerOptions = {}) {
	const server = StreamServer(con, options, (stream) => void stream.pipe(stream));
	t.after(() => server.close());
	await within(server.listen(name).ready, `"${name}" to listen`);
	return server;
}

/** Says something to an echo and ends; gives what comes back. */
function said(stream: Duplex, words: string): Promise<string> {
	stream.end(words);
	return within(text(stream), 'the echo');
}

/** Resolves with how a stream fails. */
async function failureOf(stream: Duplex): Promise<unknown> {
	const [error] = await within(once(stream, 'error'), 'the stream to fail');
	assert.equal(stream.destroyed, true);
	return error;
}

function connect(con: MasterConnection, name: string, options?: StreamClientOptions): MuxStream {
	return StreamClient(con, options).connect(name);
}

const NAMES = ['a/b', 'with spaces ', '名前 🦊', '__proto__', 'constructor', '..', '%2F?#', 'x'.repeat(256)];

describe('a stream server', { timeout: 90_000 }, () => {
	it('is reached by its name, and writing need not wait for it', async (t) => {
		const { con, url } = await stage(t);
		const server = StreamServer(con, (stream) => {
			stream.write('from server, ');
			stream.pipe(stream);
		}).listen('SERVER_NAME');
		t.after(() => server.close());
		const stream = connect(clientFor(t, url), 'SERVER_NAME');
		assert.equal(await said(stream, 'from client'), 'from server, from client');
	});

	it('has any name', async (t) => {
		const { con, proxy } = await stage(t);
		await Promise.all(NAMES.map((name) => echoFor(t, con, name)));
		assert.deepEqual(new Set(proxy.servers), new Set(NAMES));
		for (const name of NAMES) assert.equal(await said(connect(con, name), name), name);
	});

	it('refuses names that are none', async (t) => {
		const { con } = await stage(t);
		for (const name of ['', 'x'.repeat(257), '\ud800', 7, undefined]) {
			assert.throws(() => StreamServer(con, () => {}).listen(name as string), coded('bad-option'));
			assert.throws(() => connect(con, name as string), coded('bad-option'));
		}
		assert.throws(() => StreamServer(con, {} as never), coded('bad-option'));
		assert.throws(() => StreamServer({} as never, () => {}), coded('bad-option'));
		assert.throws(() => StreamClient(con, { wait: -1 }), coded('bad-option'));
		assert.throws(() => StreamClient(con, { prefix: 'no path' }), coded('bad-option'));
		assert.throws(() => streamServers({ prefix: '/a/../b' }), coded('bad-option'));
	});

	it('keeps what is written early, up to a bound', async (t) => {
		const { con } = await stage(t);
		const stream = connect(con, 'late', { wait: 10_000 });
		const piece = Buffer.alloc(64 * 1024, 'x');
		let left = 0;
		for (let i = 0; i < 100; i++) stream.write(piece, () => left++);
		await con.ready;
		await new Promise((resolve) => setImmediate(resolve));
		assert.equal(left, 0);
		assert.ok(stream.writableNeedDrain);
		stream.end();
		const read = text(stream);
		await echoFor(t, con, 'late');
		assert.equal((await within(read, 'the echo')).length, 100 * piece.length);
	});

	it('carries many streams of one client over one session', async (t) => {
		const { con } = await stage(t);
		const clients = new Set<string | undefined>();
		const server = StreamServer(con, (stream, client) => {
			clients.add(client?.id);
			stream.end(String(stream.meta));
			stream.resume();
		}).listen('many');
		t.after(() => server.close());
		const streams = Array.from({ length: 50 }, (_, i) => new StreamClient(con).connect('many', i));
		const answers = await Promise.all(streams.map((stream) => said(stream, '')));
		assert.deepEqual(answers, [...answers.keys()].map(String));
		assert.deepEqual([...clients], [con.id]);
	});

	it('is in no list of slaves', async (t) => {
		const { con, master, url } = await stage(t);
		const told: unknown[] = [];
		master.on('slaveadded', ({ userData }) => told.push(userData));
		await echoFor(t, con, 'hidden');
		await slaveFor(t, url, 'seen');
		while (con.slaves.length === 0) await next(con, 'slaveadded');
		assert.deepEqual(
			con.slaves.map(({ userData }) => userData),
			['seen'],
		);
		assert.deepEqual(
			master.slaves.map(({ userData }) => userData),
			['seen'],
		);
		assert.deepEqual(told, ['seen']);
	});

	it('decides who may talk to it', async (t) => {
		const { con } = await stage(t);
		await echoFor(t, con, 'picky', { offer: (reject) => reject('not today') });
		coded('rejected', 'not today')(await failureOf(connect(con, 'picky')));
	});

	it('limits the streams of a client, and goes on', async (t) => {
		const { con } = await stage(t);
		await echoFor(t, con, 'small', { maxStreams: 1 });
		const client = StreamClient(con);
		const one = client.connect('small');
		coded('limit-reached')(await failureOf(client.connect('small')));
		assert.equal(await said(one, 'still here'), 'still here');
	});

	it('ends its streams and frees its name when it closes', async (t) => {
		const { con, proxy } = await stage(t);
		const server = await echoFor(t, con, 'name');
		const stream = connect(con, 'name');
		stream.write('hello');
		await within(once(stream, 'data'), 'the echo');
		const destroyed = next(proxy, 'server.destroyed');
		const closed = next(server, 'close');
		server.end();
		await closed;
		coded('mux-closed')(await failureOf(stream));
		assert.deepEqual(await destroyed, ['name']);
		await echoFor(t, con, 'name');
		assert.equal(await said(connect(con, 'name'), 'again'), 'again');
	});

	it('that is lost ends its streams, and its name is free after its time', { timeout: 60_000 }, async (t) => {
		const { con, proxy, url } = await stage(t);
		const child = childFor(t, 'streamServer', url, 'lost');
		await child.lines.find((line) => line === 'listening', 'the server of the child');
		const stream = connect(con, 'lost');
		stream.write('x');
		await within(once(stream, 'data'), 'the echo');
		const failed = once(stream, 'error');
		const destroyed = next(proxy, 'server.destroyed');
		child.process.kill('SIGKILL');
		coded('mux-lost')((await within(failed, 'the stream to fail', 40_000))[0]);
		await destroyed;
		await echoFor(t, con, 'lost');
		assert.equal(await said(connect(con, 'lost'), 'found'), 'found');
	});

	it('keeps its name and its streams when it loses the master, and is found again', { timeout: 60_000 }, async (t) => {
		const { con, proxy, url, port } = await stage(t);
		const told: string[] = [];
		proxy.on('server.destroyed', (name) => told.push(name));
		const line = await CuttingProxy.open(t, port);
		const own = clientFor(t, line.url);
		await echoFor(t, own, 'echo');
		const stream = connect(con, 'echo');
		stream.write('before');
		await within(once(stream, 'data'), 'the echo');
		const back = next(own, 'reconnected');
		line.cut();
		// Who comes meanwhile waits.
		const waiting = said(connect(clientFor(t, url), 'echo', { wait: 15_000 }), 'found again');
		await assert.rejects(StreamServer(con, () => {}).listen('echo').ready, coded('server-already-exists'));
		assert.equal(await waiting, 'found again');
		await back;
		assert.equal(await said(stream, ' after'), ' after');
		assert.deepEqual(told, []);
	});

	it('lets its process end when it is closed', async (t) => {
		const child = childFor(t, 'streamsEnd');
		const { code, signal, stderr } = await child.ended;
		assert.deepEqual([code, signal, stderr], [0, null, '']);
		assert.deepEqual(child.lines.items, ['echo', 'echo', 'server does not exist', 'closed']);
	});

	it('survives what its function throws', async (t) => {
		const { con } = await stage(t);
		const listeners = process.listeners('uncaughtException');
		process.removeAllListeners('uncaughtException');
		const caught = once(process, 'uncaughtException');
		let calls = 0;
		const server = StreamServer(con, (stream) => {
			if (calls++ === 0) throw new Error('of the function');
			stream.pipe(stream);
		}).listen('throws');
		t.after(() => server.close());
		connect(con, 'throws').write('x');
		assert.match(String((await caught)[0]), /of the function/);
		for (const listener of listeners) process.on('uncaughtException', listener);
		assert.equal(await said(connect(con, 'throws'), 'fine'), 'fine');
	});
});

describe('streams where WebRTC does not work', { timeout: 30_000 }, () => {
	const RELAY = { paths: ['relay'] as const };

	/** The metered bytes of a master are what passes through it. */
	async function passing(t: TestContext, options: MasterOptions = {}) {
		const { master, url, port } = await masterFor(t, { services: [streamServers()], ...options });
		let bytes = 0;
		master.on('slaveconnection', (socket) =>
			socket.on('message', (data: Buffer, isBinary) => {
				if (isBinary) bytes += data.length;
			}),
		);
		return { url, port, passed: () => bytes };
	}

	for (const [who, server, client] of [
		['the client', {}, RELAY],
		['the server', RELAY, {}],
	] as const) {
		it(`go through the master if ${who} cannot use it`, async (t) => {
			const { url, passed } = await passing(t);
			await echoFor(t, clientFor(t, url, server), 'echo');
			const con = clientFor(t, url, client);
			const long = 'x'.repeat(500_000);
			const answers = await Promise.all([said(connect(con, 'echo'), long), said(connect(con, 'echo'), 'short')]);
			assert.deepEqual(answers, [long, 'short']);
			assert.ok(passed() > long.length);
		});
	}

	it('tell no addresses where the connection of their server is to go over TURN only', async (t) => {
		const { url, passed } = await passing(t);
		await echoFor(t, clientFor(t, url, { iceTransportPolicy: 'relay' }), 'hidden');
		const long = 'x'.repeat(500_000);
		// There is no TURN server here, so that nothing else is left than the master.
		assert.equal(await said(connect(clientFor(t, url), 'hidden'), long), long);
		assert.ok(passed() > long.length);
	});

	it('end with a reason when the operator does not want them', async (t) => {
		const { url } = await passing(t, { relay: false });
		await echoFor(t, clientFor(t, url), 'echo');
		const { code } = (await failureOf(connect(clientFor(t, url, RELAY), 'echo'))) as { code: string };
		assert.equal(code, 'no-common-path');
	});

	it('outlive a link that is lost and comes back', async (t) => {
		const { url, port } = await passing(t);
		const line = await CuttingProxy.open(t, port);
		const own = clientFor(t, line.url, RELAY);
		await echoFor(t, own, 'echo');
		const stream = connect(clientFor(t, url), 'echo');
		let heard = '';
		stream.on('data', (bytes) => {
			heard += bytes;
		});
		stream.write('before');
		await within(once(stream, 'data'), 'the echo');
		const back = next(own, 'reconnected');
		line.cut();
		stream.write(' meanwhile');
		await back;
		stream.end(' after');
		await within(once(stream, 'end'), 'the end of the stream');
		assert.equal(heard, 'before meanwhile after');
	});
});

describe('the name of a stream server', { timeout: 30_000 }, () => {
	it('belongs to one server at a time', async (t) => {
		const { con, url } = await stage(t);
		await echoFor(t, con, 'mine');
		const second = StreamServer(clientFor(t, url), () => assert.fail('a stream of another')).listen('mine');
		const failed = next(second, 'error');
		await assert.rejects(second.ready, { code: 'server-already-exists', message: 'server already exists' });
		coded('server-already-exists')((await failed)[0]);
		assert.equal(second.state, 'closed');
		assert.equal(await said(connect(con, 'mine'), 'still'), 'still');
	});

	it('is given to one of many that want it at once', async (t) => {
		const { con } = await stage(t);
		const servers = Array.from({ length: 10 }, () => StreamServer(con, () => {}).listen('wanted'));
		t.after(() => {
			for (const server of servers) server.close();
		});
		const results = await Promise.allSettled(servers.map(({ ready }) => ready));
		assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
	});

	it('may appear after somebody has asked for it', async (t) => {
		const { con, url } = await stage(t);
		const stream = connect(con, 'later', { wait: 20_000 });
		const echo = said(stream, 'early');
		await con.ready;
		await echoFor(t, clientFor(t, url), 'later');
		assert.equal(await echo, 'early');
	});

	it('that does not appear in time ends the stream', async (t) => {
		const { con } = await stage(t);
		const from = performance.now();
		const stream = connect(con, 'nobody');
		const error = await failureOf(stream);
		coded('server-does-not-exist')(error);
		assert.equal((error as Error).message, 'server does not exist');
		const ms = performance.now() - from;
		assert.ok(ms >= 1990 && ms < 5000, `${ms} ms`);
	});

	it('is not waited for by those who do not want to', async (t) => {
		const { con } = await stage(t);
		coded('server-does-not-exist')(await failureOf(connect(con, 'nobody', { wait: 0 })));
	});

	it('is protected by nameauth, at once and later', async (t) => {
		const { con, master, url } = await stage(t);
		master.on('clientauth', (_cookies, _reject, { auth }) => ({ user: auth.user }));
		const asked: unknown[] = [];
		master.on('nameauth', (name, reject, { prefix, identity, request }) => {
			asked.push([name, prefix, identity, request.headers.upgrade]);
			if (name === 'root') reject('not yours');
		});
		master.on('nameauth', async (name, reject) => {
			await con.ready;
			if (name === 'slow') reject('not yours either');
		});
		const ada = clientFor(t, url, { auth: { user: 'ada' } });
		for (const [name, reason] of [
			['root', 'not yours'],
			['slow', 'not yours either'],
		] as const) {
			await assert.rejects(StreamServer(ada, () => {}).listen(name).ready, coded('refused', reason));
		}
		await echoFor(t, ada, 'hers');
		const identity = { user: 'ada' };
		assert.deepEqual(
			asked,
			['root', 'slow', 'hers'].map((name) => [name, '/enslavism/streams', identity, 'websocket']),
		);
		assert.equal(await said(connect(con, 'hers'), 'yes'), 'yes');
	});

	it('is refused by a nameauth listener that throws', async (t) => {
		const { con, master } = await stage(t);
		const told = next(master, 'error');
		master.on('nameauth', () => {
			throw new Error('of the listener');
		});
		await assert.rejects(StreamServer(con, () => {}).listen('name').ready, coded('refused', 'the decision failed'));
		assert.match(String((await told)[0]), /of the listener/);
	});

	it('is behind a prefix', async (t) => {
		const { con } = await stage(t, [streamServers(), streamServers({ prefix: '/other' })]);
		await echoFor(t, con, 'name');
		coded('server-does-not-exist')(await failureOf(connect(con, 'name', { prefix: '/other', wait: 0 })));
		await echoFor(t, con, 'name', { prefix: '/other' });
		assert.equal(await said(connect(con, 'name', { prefix: '/other' }), 'x'), 'x');
		await assert.rejects(StreamServer(con, { prefix: '/third' }, () => {}).listen('name').ready, coded('refused'));
	});

	it('cannot be had at a master without the service', async (t) => {
		const { con } = await stage(t, []);
		await assert.rejects(StreamServer(con, () => {}).listen('name').ready, { code: 'unreachable' });
		coded('server-does-not-exist')(await failureOf(connect(con, 'name')));
	});
});

describe('the link of a client to its master', { timeout: 30_000 }, () => {
	it('takes its searches with it', async (t) => {
		const { con } = await stage(t);
		const stream = connect(con, 'nobody', { wait: 20_000 });
		const failed = failureOf(stream);
		await con.ready;
		con.close();
		coded('link-closed')(await failed);
		coded('link-closed')(await failureOf(connect(con, 'nobody')));
	});

	it('takes its servers with it', async (t) => {
		const { con, url, proxy } = await stage(t);
		const own = clientFor(t, url);
		const server = await echoFor(t, own, 'echo');
		const destroyed = next(proxy, 'server.destroyed');
		const closed = next(server, 'close');
		own.close();
		await closed;
		await destroyed;
		assert.throws(() => StreamServer(own, () => {}).listen('echo'), coded('link-closed'));
		await echoFor(t, con, 'echo');
	});

	it('ends its streams when it is closed', async (t) => {
		const { con, url } = await stage(t);
		await echoFor(t, clientFor(t, url), 'echo');
		const stream = connect(con, 'echo');
		stream.write('x');
		await within(once(stream, 'data'), 'the echo');
		const failed = failureOf(stream);
		con.close();
		await failed;
	});
});

describe('the master', { timeout: 30_000 }, () => {
	it('tells which servers come and go, under both spellings', async (t) => {
		const { con, proxy } = await stage(t);
		const told: string[] = [];
		proxy.on('server.created', (name) => told.push(`.created ${name}`));
		proxy.on('server-created', (name) => told.push(`-created ${name}`));
		proxy.on('server.destroyed', (name) => told.push(`.destroyed ${name}`));
		proxy.on('server-destroyed', (name) => told.push(`-destroyed ${name}`));
		const server = await echoFor(t, con, 'a');
		assert.deepEqual(proxy.servers, ['a']);
		server.close();
		await next(proxy, 'server-destroyed');
		assert.deepEqual(told, ['.created a', '-created a', '.destroyed a', '-destroyed a']);
		assert.deepEqual(proxy.servers, []);
	});

	it('talks to a server itself, over as many streams as it likes', async (t) => {
		const { con, proxy } = await stage(t);
		const early = said(proxy.connect('echo', { wait: 20_000 }), 'before it was there');
		const server = StreamServer(con, (stream, client) => {
			assert.equal(client, undefined);
			stream.pipe(stream);
		}).listen('echo');
		t.after(() => server.close());
		assert.equal(await early, 'before it was there');
		const long = 'x'.repeat(2_000_000);
		const answers = await Promise.all([said(proxy.connect('echo'), long), said(proxy.connect('echo'), 'short')]);
		assert.deepEqual(answers, [long, 'short']);
	});

	it('is told when there is nobody, and when somebody leaves', async (t) => {
		const { con, proxy } = await stage(t);
		coded('server-does-not-exist')(await failureOf(proxy.connect('nobody', { wait: 10 })));
		const server = await echoFor(t, con, 'echo');
		const stream = proxy.connect('echo');
		stream.write('x');
		await within(once(stream, 'data'), 'the echo');
		const failed = failureOf(stream);
		server.close();
		await failed;
		assert.throws(() => proxy.connect(''), coded('bad-option'));
		assert.throws(() => proxy.connect('a', { wait: Number.NaN }), coded('bad-option'));
	});

	it('has one service for each prefix', async (t) => {
		const proxy = streamServers();
		await stage(t, [proxy]);
		const { Master } = await import('../../src/index.js');
		assert.throws(() => new Master(0, { services: [proxy] }), coded('bad-option'));
		assert.throws(() => new Master(0, { services: [streamServers(), streamServers()] }), coded('bad-option'));
	});
});
