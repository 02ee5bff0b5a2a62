import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { type AnyServer, type EnslavismError, Master } from '../../src/index.js';
import { ask, askUpgrade, certificate } from '../support/http.js';
import { RawLink } from '../support/raw-link.js';
import { clientFor, coded, masterFor, seen, slaveFor } from '../support/stage.js';
import { next, within } from '../support/wait.js';

const listening = (server: Server) =>
	new Promise<number>((resolve) => {
		server.listen(0, () => resolve((server.address() as AddressInfo).port));
	});

/** A server that answers every request with `hello`, and ends with the test. */
function serverFor(t: TestContext): Server {
	const server = createServer((_, response) => response.end('hello'));
	t.after(() => {
		server.close();
		server.closeAllConnections();
	});
	return server;
}

function masterOn(t: TestContext, server: AnyServer): Master {
	const master = new Master(server, { tick: 1 });
	t.after(() => within(master.close(), 'the master to close'));
	return master;
}

/** A slave and a client meet at this master. */
async function meet(t: TestContext, url: string): Promise<void> {
	const slave = await slaveFor(t, url, { name: 'one' });
	const slaveCo = await seen(clientFor(t, url), slave.id);
	assert.deepEqual(slaveCo.userData, { name: 'one' });
}

describe('a master on a port', { concurrency: true }, () => {
	it('cuts who does not finish a request in 10 s, or begins none', async (t) => {
		const { port } = await masterFor(t);
		const cut = ['', 'GET / HTTP/1.1\r\nhost: localhost\r\nx: '].map(async (begun) => {
			const socket = connect(port, '127.0.0.1');
			socket.on('error', () => {});
			socket.write(begun);
			socket.resume();
			await within(once(socket, 'close'), `the cut after ${JSON.stringify(begun)}`, 30_000);
		});
		await Promise.all(cut);
		assert.equal((await ask(port, '/')).status, 200);
	});

	it('listens there, and says where', async (t) => {
		const { master, port, url } = await masterFor(t);
		assert.ok(port > 0);
		assert.equal(master.address()?.port, port);
		await meet(t, url);
	});

	it('answers other URLs with 404', async (t) => {
		const { port } = await masterFor(t);
		for (const path of [
			'/x',
			'/enslavism',
			'/enslavism/',
			'/enslavism/client.jsx',
			'/enslavism/../client.js',
			'/x?/',
		]) {
			assert.equal((await ask(port, path)).status, 404, path);
		}
		for (const path of ['/', '/enslavism/clients/', '/enslavism/masters', '/ENSLAVISM/clients']) {
			assert.equal((await askUpgrade(port, path)).status, 404, `upgrade ${path}`);
		}
	});

	it('shows a status page at its root, and nothing else there', async (t) => {
		const { port, url } = await masterFor(t);
		await slaveFor(t, url, '<script>');
		const { status, headers, body } = await ask(port, '/?x');
		assert.deepEqual([status, headers['content-type']], [200, 'text/html; charset=utf-8']);
		assert.match(body, /1 slaves/);
		assert.equal((await ask(port, '/', { method: 'POST' })).status, 404);
	});

	it('takes a query behind the path of a link', async (t) => {
		const { url } = await masterFor(t);
		await meet(t, `${url}/?v=1`);
	});

	it('answers a plain request for the path of a link with an error', async (t) => {
		const { port } = await masterFor(t);
		assert.ok((await ask(port, '/enslavism/clients')).status >= 400);
	});

	it('reports an address in use, rejects `ready`, and can be closed', async (t) => {
		const { port } = await masterFor(t);
		const second = new Master(port);
		const [error] = await next(second, 'error');
		assert.equal((error as NodeJS.ErrnoException).code, 'EADDRINUSE');
		await assert.rejects(second.ready, (thrown: EnslavismError) => {
			assert.equal((thrown.cause as NodeJS.ErrnoException).code, 'EADDRINUSE');
			return coded('listen-failed')(thrown);
		});
		assert.equal(second.address(), null);
		await within(second.close(), 'the close');
	});

	it('logs an error that nobody listens for', async (t) => {
		const { port } = await masterFor(t);
		const lines: string[] = [];
		const second = new Master(port, { log: (line) => lines.push(line) });
		await assert.rejects(second.ready, coded('listen-failed'));
		assert.match(lines.join(), /EADDRINUSE/);
		await second.close();
	});

	it('lives beside other masters in one process, each with its own slaves', async (t) => {
		const [one, other] = [await masterFor(t), await masterFor(t)];
		const slave = await slaveFor(t, one.url, 'one');
		const client = clientFor(t, other.url);
		await client.ready;
		await seen(clientFor(t, one.url), slave.id);
		assert.deepEqual(client.slaves, []);
		assert.deepEqual(other.master.slaves, []);
		await other.master.close();
		await meet(t, one.url);
	});

	it('closes its links, says why, and frees its port', async (t) => {
		const { master, url, port } = await masterFor(t);
		const { link } = await RawLink.client(t, url);
		const slave = await slaveFor(t, url);
		const left = next(slave, 'disconnected');
		await Promise.all([within(master.close(), 'the close'), master.close()]);
		const told = /^the master is closing; come back in \d+ ms$/;
		const { code, reason } = await link.closed;
		assert.equal(code, 1012);
		assert.match(reason, told);
		assert.match((await left)[0].reason ?? '', told);
		assert.equal(master.address(), null);
		await assert.rejects(ask(port, '/'), { code: 'ECONNREFUSED' });
	});

	it('can be closed at once, and is never ready then', async () => {
		const master = new Master(0);
		await within(master.close(), 'the close');
		assert.equal(master.address(), null);
		await assert.rejects(within(master.ready, 'ready'), coded('link-closed'));
	});

	it('closes though a link does not answer, and though a decision is not made', async (t) => {
		const { master, url } = await masterFor(t);
		const { link } = await RawLink.client(t, url);
		link.socket.pause();
		const asked = new Promise<void>((resolve) => {
			master.on('slaveauth', () => {
				resolve();
				return new Promise(() => {});
			});
		});
		new RawLink(t, url, 'slave');
		await asked;
		await within(master.close(), 'the close', 4000);
	});

	it('closes though others come meanwhile', async (t) => {
		const { master, url } = await masterFor(t);
		const { link } = await RawLink.client(t, url);
		link.socket.pause();
		const closing = master.close();
		for (const kind of ['client', 'slave'] as const) new RawLink(t, url, kind);
		await within(closing, 'the close', 4000);
	});
});

describe('a master on a server of the user', () => {
	it('begins when the server listens', async (t) => {
		const server = serverFor(t);
		const master = masterOn(t, server);
		assert.equal(master.address(), null);
		const port = await listening(server);
		await within(master.ready, 'ready');
		assert.equal(master.address()?.port, port);
		await meet(t, `ws://localhost:${port}`);
	});

	it('begins at once when the server listens already', async (t) => {
		const server = serverFor(t);
		const port = await listening(server);
		const master = masterOn(t, server);
		await within(master.ready, 'ready');
		await meet(t, `ws://localhost:${port}`);
	});

	it('is never ready when it is closed before the server listens', async (t) => {
		const server = serverFor(t);
		const master = masterOn(t, server);
		await within(master.close(), 'the close');
		await assert.rejects(within(master.ready, 'ready'), coded('link-closed'));
		await listening(server);
	});

	it('stays ready when it is closed', async (t) => {
		const { master } = await masterFor(t);
		await master.close();
		await master.ready;
	});

	it('reports that the server cannot listen', async (t) => {
		const { port } = await masterFor(t);
		const server = serverFor(t);
		const master = masterOn(t, server);
		const failed = next(master, 'error');
		server.listen(port);
		assert.equal(((await failed)[0] as NodeJS.ErrnoException).code, 'EADDRINUSE');
		await assert.rejects(master.ready, coded('listen-failed'));
	});

	it('leaves every other request to the other listeners, those added later too', async (t) => {
		const server = serverFor(t);
		const port = await listening(server);
		masterOn(t, server);
		const paths: (string | undefined)[] = [];
		server.on('request', (request) => paths.push(request.url));
		assert.equal((await ask(port, '/page')).body, 'hello');
		assert.equal(
			(await ask(port, '/enslavism/client.js?v=1')).headers['content-type'],
			'text/javascript; charset=utf-8',
		);
		assert.equal((await ask(port, '/enslavism/other')).body, 'hello');
		assert.deepEqual(paths, ['/page', '/enslavism/other']);
	});

	it('leaves every other upgrade to the other listeners, those added later too', async (t) => {
		const server = serverFor(t);
		const before = new WebSocketServer({ server, path: '/before' });
		masterOn(t, server);
		const after = new WebSocketServer({ noServer: true });
		server.on('upgrade', (request, socket, head) => {
			if (request.url === '/after') after.handleUpgrade(request, socket, head, (ws) => ws.close(4000, 'after'));
		});
		before.on('connection', (ws) => ws.close(4000, 'before'));
		const port = await listening(server);
		const reasonOf = (path: string) =>
			within(
				new Promise<string>((resolve) => {
					const socket = new WebSocket(`ws://localhost:${port}${path}`).on('error', () => {});
					socket.on('close', (_, reason) => resolve(String(reason)));
				}),
				path,
			);
		assert.equal(await reasonOf('/before'), 'before');
		await meet(t, `ws://localhost:${port}`);
	});

	it('leaves every other upgrade to a listener that was added later', async (t) => {
		const server = serverFor(t);
		masterOn(t, server);
		server.on('upgrade', (_, socket) => socket.end('HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n'));
		const port = await listening(server);
		assert.equal((await askUpgrade(port, '/other')).status, 418);
		await meet(t, `ws://localhost:${port}`);
	});

	it('refuses an upgrade that nobody takes', async (t) => {
		const server = serverFor(t);
		masterOn(t, server);
		assert.equal((await askUpgrade(await listening(server), '/other')).status, 404);
	});

	it('lets go of the server when it closes', async (t) => {
		const server = serverFor(t);
		const { emit } = server;
		const counts = () => ['request', 'upgrade', 'error', 'listening'].map((event) => server.listenerCount(event));
		const before = counts();
		const master = masterOn(t, server);
		const port = await listening(server);
		await within(master.close(), 'the close');
		assert.equal(server.emit, emit);
		assert.deepEqual(counts(), before);
		assert.ok(server.listening);
		assert.equal((await ask(port, '/enslavism/client.js')).body, 'hello');
		assert.equal((await askUpgrade(port, '/enslavism/clients')).body, 'hello');
	});

	it('may be replaced by another', async (t) => {
		const server = serverFor(t);
		const port = await listening(server);
		const first = masterOn(t, server);
		masterOn(t, server);
		await first.close();
		await meet(t, `ws://localhost:${port}`);
		assert.equal((await ask(port, '/')).body, 'hello');
	});

	it('works over TLS', async (t) => {
		const server = createSecureServer(certificate(), (_, response) => response.end('secure'));
		const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
		t.mock.method(process, 'emitWarning', () => {});
		process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
		t.after(() => {
			if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
			else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
			server.close();
			server.closeAllConnections();
		});
		masterOn(t, server);
		const port = await listening(server);
		await meet(t, `wss://localhost:${port}`);
		await meet(t, `https://localhost:${port}`);
		assert.equal((await ask(port, '/', { secure: true })).body, 'secure');
		assert.equal((await ask(port, '/enslavism/client.mjs', { secure: true })).status, 200);
	});
});

describe('the options of a master', () => {
	const bad: unknown[][] = [
		[],
		['8080'],
		[-1],
		[65_536],
		[1.5],
		[Number.NaN],
		[null],
		[{}],
		[0, { tick: 0 }],
		[0, { tick: 1001 }],
		[0, { tick: Number.NaN }],
		[0, { limits: { clients: -1 } }],
		[0, { limits: { clients: '1' } }],
		[0, { limits: { clients: Number.NaN } }],
		[0, { limits: { customers: 1 } }],
		[0, { limits: { toString: 1 } }],
	];
	for (const args of bad) {
		it(`are refused: ${JSON.stringify(args)}`, (t) => {
			const make = () => {
				const master = new (Master as new (...args: unknown[]) => Master)(...args);
				t.after(() => master.close());
			};
			assert.throws(make, coded('bad-option'));
		});
	}
});
