import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import {
	MuxClient,
	type MuxClientOptions,
	type MuxConnection,
	MuxServer,
	type MuxServerOptions,
	type MuxStream,
} from '../../src/mux/node/index.js';
import { cert, key } from './certificate.js';

const options: Record<string, [MuxServerOptions, MuxClientOptions]> = {
	TCP: [{ port: 0 }, {}],
	TLS: [{ port: 0, tls: { cert, key } }, { tls: { ca: cert } }],
};

for (const [name, [ofServer, ofClient]] of Object.entries(options)) {
	describe(`a MuxServer and a MuxClient over ${name}`, { timeout: 20_000 }, () => {
		const servers: MuxServer[] = [];

		async function serve(more: MuxServerOptions = {}): Promise<{ server: MuxServer; port: number }> {
			const server = new MuxServer({ ...ofServer, ...more });
			servers.push(server);
			await server.ready;
			return { server, port: server.address()?.port ?? 0 };
		}

		const connect = (port: number, connected?: () => void) => new MuxClient({ ...ofClient, port }, connected);

		const nextConnection = (server: MuxServer): Promise<MuxConnection> =>
			new Promise((resolve) => server.once('connection', resolve));

		const nextStream = (connection: MuxConnection): Promise<MuxStream> =>
			new Promise((resolve) => connection.once('stream', resolve));

		afterEach(async () => {
			await Promise.all(servers.splice(0).map((server) => server.close({ force: true })));
		});

		it('do what the document shows: the client opens, the server listens', async () => {
			const { server, port } = await serve();
			const got = new Promise<unknown[]>((resolve) => {
				server.on('connection', (con) => {
					con.on('stream', (stream) => {
						stream.on('data', (data) => resolve([stream.meta, data.toString()]));
					});
				});
			});
			const client = connect(port, () => {
				client.StreamPool.createStream({ type: 'update', file: 'xy.js' }, (stream) => {
					stream.write(Buffer.from("console.log('Hello');"));
				});
			});
			assert.deepEqual(await got, [{ type: 'update', file: 'xy.js' }, "console.log('Hello');"]);
			client.destroy();
		});

		it('do what the document shows: the server opens, the client listens', async () => {
			const { server, port } = await serve();
			server.on('connection', (con) => {
				con.StreamPool.createStream({ type: 'update' }, (stream) => {
					stream.end('from the server');
				});
			});
			const client = connect(port);
			const stream = await nextStream(client);
			assert.deepEqual(stream.meta, { type: 'update' });
			const ended = once(stream, 'end');
			const [data] = await once(stream, 'data');
			assert.equal(String(data), 'from the server');
			await ended;
			client.destroy();
		});

		it('open streams and write to them before the connection is open', async () => {
			const { server, port } = await serve();
			const accepted = nextConnection(server).then(nextStream);
			const client = connect(port);
			client.openStream('early').end('bird');
			const stream = await accepted;
			assert.equal(stream.meta, 'early');
			assert.equal(String((await once(stream, 'data'))[0]), 'bird');
			client.destroy();
		});

		it('resolve a creation with the stream once it is accepted', async () => {
			const { server, port } = await serve();
			server.on('connection', (con) => con.on('stream', (stream) => stream.pipe(stream)));
			const client = connect(port);
			const stream = await client.createStream();
			stream.end('echo');
			assert.equal(String((await once(stream, 'data'))[0]), 'echo');
			client.destroy();
		});

		it('refuse the stream past the limit with a code, and go on', async () => {
			const { server, port } = await serve({ maxStreams: 300 });
			server.on('connection', (con) => con.on('stream', (stream) => stream.pipe(stream)));
			const client = connect(port);
			const streams = await Promise.all(Array.from({ length: 300 }, () => client.createStream()));
			await assert.rejects(client.createStream(), { code: 'limit-reached' });
			const [first, second] = streams as [MuxStream, MuxStream];
			second.write('still');
			assert.equal(String((await once(second, 'data'))[0]), 'still');
			first.destroy();
			await client.createStream();
			client.destroy();
		});

		it('refuse meta that is no data, and meta that is too long', async () => {
			const { port } = await serve();
			const client = connect(port);
			await client.ready;
			await assert.rejects(
				client.createStream(() => {}),
				{ code: 'bad-meta' },
			);
			await assert.rejects(client.createStream('x'.repeat(20_000)), { code: 'bad-meta' });
			assert.equal(client.size, 0);
			client.destroy();
		});

		it('tell who opens a stream that nobody takes', async () => {
			const { port } = await serve();
			const client = connect(port);
			await assert.rejects(client.createStream(), { code: 'stream-refused' });
			client.destroy();
		});

		it('tell of a server that is not there', async () => {
			const { server, port } = await serve();
			await server.close();
			const client = connect(port);
			const failed = new Promise<string>((resolve) => client.once('error', ({ code }) => resolve(code)));
			const pending = assert.rejects(client.createStream(), { code: 'mux-lost' });
			await assert.rejects(client.ready, { code: 'unreachable' });
			assert.equal(await failed, 'mux-lost');
			await pending;
		});

		it('let streams finish when the server closes', async () => {
			const { server, port } = await serve();
			const accepted = nextConnection(server).then(nextStream);
			const client = connect(port);
			const mine = client.openStream();
			const theirs = await accepted;
			const closed = server.close();
			mine.end('last');
			assert.equal(String((await once(theirs, 'data'))[0]), 'last');
			theirs.end();
			mine.resume();
			await closed;
			assert.equal(server.connections.size, 0);
		});

		it('use a server of the caller and leave it open', async () => {
			if (name === 'TLS') return;
			const own = createServer().listen(0);
			await once(own, 'listening');
			const server = new MuxServer({ server: own });
			await server.ready;
			const accepted = nextConnection(server);
			const client = connect(server.address()?.port ?? 0);
			await accepted;
			await Promise.all([server.close(), new Promise<void>((resolve) => client.once('close', () => resolve()))]);
			assert.ok(own.listening);
			own.close();
		});
	});
}

describe('a MuxServer', () => {
	it('tells when its port is taken, and does not bring the process down', async () => {
		const first = new MuxServer(0);
		await first.ready;
		const second = new MuxServer(first.address()?.port ?? 0);
		const failed = new Promise<string>((resolve) => second.once('error', ({ code }) => resolve(code)));
		await assert.rejects(second.ready, { code: 'listen-failed' });
		assert.equal(await failed, 'listen-failed');
		await first.close();
	});

	it('goes on when one client sends garbage', async () => {
		const server = new MuxServer(0);
		await server.ready;
		const port = server.address()?.port ?? 0;
		server.on('connection', (con) => con.on('stream', (stream) => stream.pipe(stream)));
		const good = new MuxClient(port);
		const stream = await good.createStream();
		const bad = (await import('node:net')).connect(port);
		bad.on('error', () => {});
		bad.write(Buffer.alloc(4000, 0xee));
		await once(bad.resume(), 'close');
		stream.write('fine');
		assert.equal(String((await once(stream, 'data'))[0]), 'fine');
		await server.close({ force: true });
	});
});
