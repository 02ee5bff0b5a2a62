import assert from 'node:assert/strict';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { describe, type TestContext, test } from 'node:test';
import { echo as echoService, relay as relayService } from '../../src/index.js';
import { streamOf as pairOf } from '../../src/signal/browser/stream.js';
import { Echo, type PipedSocket, relay, streamOf } from '../../src/signal/node.js';
import { CuttingProxy } from '../support/cutting-proxy.js';
import { later } from '../support/later.js';
import { textOf } from '../support/peers.js';
import { openMaster } from '../support/raw-socket.js';
import { next, within } from '../support/wait.js';

async function relayed(t: TestContext): Promise<[PipedSocket, PipedSocket]> {
	const { url } = await openMaster(t, [relayService()]);
	const one = relay(url, { namespace: 'room', local: 'a', remote: 'b' });
	const other = relay(url, { namespace: 'room', local: 'b', remote: 'a' });
	for (const each of [one, other]) later(t, () => each.close());
	return [one, other];
}

const LARGE = Buffer.alloc(3_000_000, 'abcdefg');

describe('a relayed socket as a Duplex', () => {
	test('may be written to before the other side is there, and carries whatever is piped into it', async (t) => {
		const [near, far] = (await relayed(t)).map((socket) => streamOf(socket));
		assert.ok(near !== undefined && far !== undefined);
		const closed = within(once(near, 'close'), 'the stream to close');
		near.resume().end(LARGE);
		const chunks: Buffer[] = [];
		for await (const chunk of far) chunks.push(chunk);
		assert.ok(Buffer.concat(chunks).equals(LARGE));
		await closed;
	});

	test('answers through a pipeline', async (t) => {
		const [near, far] = (await relayed(t)).map((socket) => streamOf(socket));
		assert.ok(near !== undefined && far !== undefined);
		pipeline(far, far).catch(() => {});
		let got = 0;
		near.on('data', (chunk: Buffer) => {
			got += chunk.length;
			if (got === LARGE.length) near.end();
		});
		near.write(LARGE);
		await within(once(near, 'close'), 'the stream to close');
		assert.equal(got, LARGE.length);
	});

	test('gives texts of a socket as bytes, and ends with it', async (t) => {
		const [near, socket] = await relayed(t);
		const stream = streamOf(near);
		await next(socket, 'open');
		socket.send('hällo ');
		socket.send(new TextEncoder().encode('wörld'));
		socket.close();
		assert.equal(await textOf(stream), 'hällo wörld');
	});

	test('is destroyed when the line is cut', async (t) => {
		const { url, port } = await openMaster(t, [relayService()]);
		const proxy = await CuttingProxy.open(t, port);
		const near = relay(proxy.url, { namespace: 'room', local: 'a', remote: 'b' });
		const socket = relay(url, { namespace: 'room', local: 'b', remote: 'a' });
		for (const each of [near, socket]) later(t, () => each.close());
		const stream = streamOf(near);
		stream.resume();
		await Promise.all([next(near, 'open'), next(socket, 'open')]);
		const failed = once(stream, 'error');
		socket.send('a last word');
		proxy.cut();
		assert.equal((await failed)[0].code, 'link-closed');
	});

	test('is destroyed when 16 MiB are not read, and ends no process', async (t) => {
		const [near, socket] = await relayed(t);
		const stream = streamOf(near);
		await next(socket, 'open');
		const closed = next(socket, 'close');
		const piece = new Uint8Array(512 * 1024);
		for (let sent = 0; sent < 40 && socket.readyState === 'open'; sent++) {
			socket.send(piece);
			while (socket.bufferedAmount > 0 && socket.readyState === 'open') await new Promise(setImmediate);
		}
		await closed;
		assert.ok(stream.destroyed);
		assert.equal((stream.errored as { code?: string } | null)?.code, 'unread-overflow');
	});
});

describe('a relayed socket as WHATWG streams', () => {
	test('carries bytes both ways, and ends for both', async (t) => {
		const [near, far] = (await relayed(t)).map((socket) => pairOf(socket));
		assert.ok(near !== undefined && far !== undefined);
		void far.readable.pipeTo(far.writable).catch(() => {});
		const writer = near.writable.getWriter();
		const reader = near.readable.getReader();
		await writer.write(new TextEncoder().encode('hello'));
		const { value } = await within(reader.read(), 'the echo');
		assert.equal(new TextDecoder().decode(value), 'hello');
		await writer.close();
		assert.equal((await reader.read()).done, true);
		await within(writer.closed, 'the writer to close');
	});

	test('can be cancelled', async (t) => {
		const [socket, other] = await relayed(t);
		const { readable } = pairOf(socket);
		await next(other, 'open');
		const closed = next(other, 'close');
		await readable.cancel();
		await closed;
		assert.equal(socket.readyState, 'closed');
	});
});

test('an echo as a stream gives back what is written, and what others write', async (t) => {
	const { url } = await openMaster(t, [echoService()]);
	const [one, other] = [new Echo(url, 'room'), new Echo(url, 'room')];
	await Promise.all([next(one, 'open'), next(other, 'open')]);
	const stream = streamOf(one);
	later(t, () => other.close());
	const heard: string[] = [];
	const both = new Promise<void>((resolve) => {
		stream.on('data', (chunk: Buffer) => {
			heard.push(String(chunk));
			if (heard.length === 2) resolve();
		});
	});
	stream.write('mine');
	await next(other, 'message');
	other.send('yours');
	await within(both, 'both messages');
	assert.deepEqual(heard, ['mine', 'yours']);
	stream.end();
	await within(once(stream, 'close'), 'the stream to close');
	assert.ok(one.closed);
});
