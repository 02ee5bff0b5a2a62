import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OpenSocket, SocketHandlers } from '../../src/link/index.js';
import { PONG, TEXT } from '../../src/peer/frames.js';
import { PipedSocket } from '../../src/signal/piped-socket.js';
import { socketRelay } from '../../src/signal/socket-relay.js';
import * as LIMITS from '../../src/wire/limits.js';
import { coded } from '../support/stage.js';

function stage() {
	const sent: unknown[] = [];
	const line = { bufferedAmount: 0, send: (data: unknown) => void sent.push(data), close: () => {} };
	let handlers: SocketHandlers | undefined;
	const openSocket: OpenSocket = (_url, _protocols, given) => {
		handlers = given;
		return line;
	};
	const socket = new PipedSocket(openSocket, 'ws://x', [], Number.POSITIVE_INFINITY);
	handlers?.opened();
	const lost: boolean[] = [];
	const pipe = socketRelay(socket)({ frame: () => {}, lost: (final) => lost.push(final) });
	assert.ok(pipe !== undefined);
	return { sent, line, socket, pipe, lost };
}

describe('a session over a socket of two peers', () => {
	it('says what it has to say where the socket is full: how much may wait is its own to bound', () => {
		const { sent, line, socket, pipe } = stage();
		line.bufferedAmount = LIMITS.channelBufferedBytes + 1;
		assert.throws(() => socket.send('x'), coded('buffer-full'), 'as a user is told');
		assert.equal(pipe.queued, line.bufferedAmount);
		pipe.send(PONG, 0, 1);
		pipe.send(TEXT, 0, 0, 'about the session');
		assert.equal(sent.length, 2);
	});

	it('says nothing over a socket that is closed, and is told once that it is', () => {
		const { sent, socket, pipe, lost } = stage();
		socket.close();
		pipe.send(PONG, 0, 1);
		assert.deepEqual([sent, lost], [[], [true]]);
	});
});
