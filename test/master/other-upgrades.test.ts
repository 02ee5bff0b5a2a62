/** Requests that would rather speak another protocol, but for WebSockets: `Upgrade: h2c`, as curl and Java send it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { connect as connectSecurely } from 'node:tls';
import { Master } from '../../src/index.js';
import { ask, askUpgrade, certificate } from '../support/http.js';
import { masterFor } from '../support/stage.js';
import { within } from '../support/wait.js';

const H2C = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQCAAAAAAIAAAAA' };

const OFFER = Object.entries(H2C)
	.map(([name, value]) => `${name}: ${value}\r\n`)
	.join('');

/** Answers with what it was asked. */
const tell: RequestListener = async (request, response) => {
	const body = await text(request);
	const { connection, upgrade, 'http2-settings': settings } = request.headers;
	response.end(`${JSON.stringify([request.method, request.url, body, connection, upgrade, settings])}\n`);
};

/** A server of the user with a master on it; its port. */
async function serverFor(t: TestContext, server: Server = createServer(tell)): Promise<number> {
	const master = new Master(server);
	t.after(async () => {
		await master.close();
		server.close();
		server.closeAllConnections();
	});
	await once(server.listen(0), 'listening');
	return (server.address() as AddressInfo).port;
}

/** What a server says to these bytes, until it closes the connection. */
async function answersTo(socket: Socket, ...parts: (string | Buffer)[]): Promise<string> {
	const answers = text(socket);
	for (const part of parts) {
		socket.write(part);
		// Each arrives by itself.
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
	return within(answers, 'the answers');
}

const told = (answers: string): unknown[][] => [...answers.matchAll(/^\[.*\]$/gm)].map(([line]) => JSON.parse(line));

const LAST = 'GET /last HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n';

const last = ['GET', '/last', '', 'close', null, null];

describe('a request that offers an upgrade to another protocol than WebSockets', () => {
	it('is answered as if it did not', async (t) => {
		const port = await serverFor(t);
		const { status, body } = await ask(port, '/page?x=1', { headers: { ...H2C, 'x-name': 'Zoë' } });
		assert.deepEqual([status, told(body)], [200, [['GET', '/page?x=1', '', null, null, null]]]);
	});

	it('is answered by a master on a port of its own', async (t) => {
		const { port } = await masterFor(t);
		for (const path of ['/', '/enslavism/client.js', '/enslavism/client.mjs.map']) {
			assert.equal((await ask(port, path, { headers: H2C })).status, 200, path);
		}
		assert.equal((await ask(port, '/x', { headers: H2C })).status, 404);
		assert.equal((await askUpgrade(port, '/x')).status, 404);
	});

	it('keeps its body, and the connection for those that follow', async (t) => {
		const port = await serverFor(t);
		const head = `POST /form HTTP/1.1\r\nHost: localhost\r\n${OFFER}`;
		const answers = await answersTo(
			connect(port, 'localhost'),
			`${head}Content-Length: 10\r\n\r\nhello`,
			'world',
			`${head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`,
			`0\r\n\r\n${head}Content-Length: 1\r\n\r\nx${LAST}`,
		);
		const post = (body: string) => ['POST', '/form', body, null, null, null];
		assert.deepEqual(told(answers), [post('helloworld'), post('hello'), post('x'), last]);
	});

	it('keeps a body of many pieces', async (t) => {
		const port = await serverFor(
			t,
			createServer(async (request, response) => response.end(String((await text(request)).length))),
		);
		const size = 10_000_000;
		const head = `POST / HTTP/1.1\r\nHost: localhost\r\n${OFFER}Content-Length: ${size}\r\n\r\n`;
		const answers = await answersTo(connect(port, 'localhost'), head + 'x'.repeat(size), LAST);
		assert.match(answers, /\r\n10000000HTTP/);
	});

	it('waits for the answers to those before it, however long they are', async (t) => {
		const long = Buffer.alloc(5_000_000, '.');
		const server = createServer((request, response) => {
			if (request.url !== '/long') void tell(request, response);
			else setTimeout(() => response.write(long) || response.once('drain', () => response.end('\n')), 50);
		});
		const port = await serverFor(t, server);
		const before = 'GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(2);
		const offer = `GET /next HTTP/1.1\r\nHost: localhost\r\n${OFFER}\r\n`;
		const answers = await answersTo(connect(port, 'localhost'), before + offer + LAST);
		assert.deepEqual(told(answers), [['GET', '/next', '', null, null, null], last]);
		assert.ok(answers.indexOf('[') > 2 * long.length);
	});

	it('is answered over TLS', async (t) => {
		const port = await serverFor(t, createSecureServer(certificate(), tell));
		const socket = connectSecurely({ port, host: 'localhost', rejectUnauthorized: false });
		const head = `POST / HTTP/1.1\r\nHost: localhost\r\n${OFFER}Content-Length: 10\r\n\r\n`;
		const answers = await answersTo(socket, `${head}hello`, `world${head}0123456789`, LAST);
		const post = (body: string) => ['POST', '/', body, null, null, null];
		assert.deepEqual(told(answers), [post('helloworld'), post('0123456789'), last]);
	});

	it('leaves nothing behind on a connection, however many there are', async (t) => {
		const sockets = new Set<Socket>();
		const listeners = () => [...sockets].map((socket) => socket.eventNames().map((name) => socket.listenerCount(name)));
		const seen: unknown[] = [];
		const server = createServer((request, response) => {
			sockets.add(request.socket);
			seen.push(listeners());
			response.end();
		});
		const port = await serverFor(t, server);
		const agent = new Agent({ keepAlive: true, maxSockets: 1 });
		t.after(() => agent.destroy());
		for (let count = 0; count < 20; count++) await ask(port, '/', { agent, headers: H2C });
		assert.equal(sockets.size, 1);
		assert.deepEqual(seen.at(-1), seen[1]);
	});

	it('may have no larger head than others, and no more headers than are told', async (t) => {
		const port = await serverFor(t);
		const ended = (headers: string) =>
			answersTo(connect(port, 'localhost'), `GET / HTTP/1.1\r\nHost: localhost\r\n${OFFER}${headers}\r\n`);
		assert.match(await ended(`x: ${'x'.repeat(20_000)}\r\n`), /^HTTP\/1\.1 431 /);
		// The length of the body is not told any more: what it holds is no request.
		const smuggled = `${'x:\r\n'.repeat(1000)}Content-Length: ${LAST.length}\r\n\r\n${LAST}`;
		const answers = await ended(smuggled);
		assert.match(answers, /^HTTP\/1\.1 431 /);
		assert.deepEqual(told(answers), []);
	});

	it('ends with its connection, also while it waits', async (t) => {
		const server = createServer(() => {});
		const port = await serverFor(t, server);
		const socket = connect(port, 'localhost');
		const asked = once(server, 'request');
		socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HTTP/1.1\r\nHost: localhost\r\n${OFFER}\r\n`);
		const [request] = await within(asked, 'the first request');
		await new Promise(setImmediate);
		const closed = new Promise<void>((resolve) => request.socket.once('close', () => resolve()));
		socket.resetAndDestroy();
		await within(closed, 'the end');
	});

	it('goes to a listener for upgrades if there is one', async (t) => {
		const server = createServer(tell);
		const port = await serverFor(t, server);
		server.on('upgrade', (_, socket) => socket.end('HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n'));
		assert.equal((await ask(port, '/', { headers: H2C })).status, 418);
	});
});
