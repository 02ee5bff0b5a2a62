/** Stream servers and their clients in Node, over a real master and real WebRTC. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { buffer, text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { Master, streamServers, type StreamServersOptions } from '../../src/index.js';
import { type MuxStream, StreamClient, StreamServer } from '../../src/streams/node/index.js';
import { clientFor, coded, masterFor, slaveFor } from '../support/stage.js';
import { next, within } from '../support/wait.js';

/** A master with the service, and a connection to it. */
async function stage(t: TestContext, options?: StreamServersOptions) {
	const proxy = streamServers(options);
	const { master, url } = await masterFor(t, { services: [proxy] });
	return { proxy, master, url, con: clientFor(t, url) };
}

/** A server that listens; it sends back what it hears. */
async function echoFor(t: TestContext, con: Parameters<typeof StreamServer>[0], name: string): Promise<StreamServer> {
	const server = StreamServer(con, (stream) => void stream.pipe(stream)).listen(name);
	t.after(() => server.close());
	await within(server.ready, `"${name}" to listen`);
	return server;
}

/** Says something to an echo and ends; gives what comes back. */
function said(stream: MuxStream, words: string): Promise<string> {
	stream.end(words);
	return within(text(stream), 'the echo');
}

/** The error of a stream. */
async function failureOf(stream: MuxStream): Promise<unknown> {
	const [error] = await within(once(stream, 'error'), 'the stream to fail');
	return error;
}

describe('a stream server', { timeout: 30_000 }, () => {
	it('is reached by its name, and writing need not wait for it', async (t) => {
		const { con, url } = await stage(t);
		const server = StreamServer(con, (stream) => {
			stream.write('from server, ');
			stream.pipe(stream);
		}).listen('SERVER_NAME');
		t.after(() => server.close());
		const stream = StreamClient(clientFor(t, url)).connect('SERVER_NAME');
		assert.equal(await said(stream, 'from client'), 'from server, from client');
	});
});
