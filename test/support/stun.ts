/** A STUN server (RFC 8489) that knows one method, Binding, and says what a test wants. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { Inbox } from './wait.js';

const BINDING_REQUEST = 0x0001;
const BINDING_RESPONSE = 0x0101;
const BINDING_ERROR = 0x0111;
const ERROR_CODE = 0x0009;
const XOR_MAPPED_ADDRESS = 0x0020;
const MAGIC_COOKIE = 0x2112a442;

export interface StunServer {
	readonly url: string;
	/** The requests that were answered, each by the port that it came from. */
	readonly asked: Inbox<number>;
	/** What it says of whoever asks from now on: `error` that it cannot tell, `undefined` nothing. */
	says: { address: string; port: number } | 'error' | undefined;
}

/** Starts a server on loopback. */
export async function stunServerFor(t: TestContext, says: StunServer['says']): Promise<StunServer> {
	const socket = createSocket('udp4');
	socket.bind(0, '127.0.0.1');
	await once(socket, 'listening');
	t.after(() => socket.close());
	const server: StunServer = { url: `stun:127.0.0.1:${socket.address().port}`, asked: new Inbox<number>(), says };
	socket.on('message', (request, from) => {
		const { says } = server;
		if (says === undefined || request.readUInt16BE(0) !== BINDING_REQUEST) return;
		socket.send(says === 'error' ? errorTo(request) : answerTo(request, says), from.port, from.address);
		server.asked.put(from.port);
	});
	return server;
}

/** The same header, and one attribute: class and number of the error, 500. */
function errorTo(request: Buffer): Buffer {
	const answer = Buffer.alloc(28);
	answer.writeUInt16BE(BINDING_ERROR, 0);
	answer.writeUInt16BE(8, 2);
	request.copy(answer, 4, 4, 20);
	answer.writeUInt16BE(ERROR_CODE, 20);
	answer.writeUInt16BE(4, 22);
	answer.writeUInt16BE(0x0500, 26);
	return answer;
}

/** Header: type, length, cookie, 12 bytes of transaction; one attribute: type, length, family, port and address, both XORed. */
function answerTo(request: Buffer, { address, port }: { address: string; port: number }): Buffer {
	const answer = Buffer.alloc(32);
	answer.writeUInt16BE(BINDING_RESPONSE, 0);
	answer.writeUInt16BE(12, 2);
	request.copy(answer, 4, 4, 20);
	answer.writeUInt16BE(XOR_MAPPED_ADDRESS, 20);
	answer.writeUInt16BE(8, 22);
	answer.writeUInt16BE(1, 24);
	answer.writeUInt16BE(port ^ (MAGIC_COOKIE >>> 16), 26);
	const number = Buffer.from(address.split('.').map(Number)).readUInt32BE(0);
	answer.writeUInt32BE((number ^ MAGIC_COOKIE) >>> 0, 28);
	return answer;
}
