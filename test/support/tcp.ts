/** WebSocket frames by hand, on a plain TCP connection. */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { type LinkKind, PROTOCOL, pathOf } from '../../src/wire/index.js';
import { within } from './wait.js';

export const OPCODE = { continuation: 0, text: 1, binary: 2, reserved: 3, close: 8, ping: 9 } as const;

export interface FrameOptions {
	opcode?: number;
	/** Whether it is the last of its message. Default true. */
	final?: boolean;
	/** Whether it is masked, as every frame to a server must be. Default true. */
	masked?: boolean;
	/** The length that its header claims. Default: its real one. */
	claim?: bigint;
}

/** One frame, RFC 6455 section 5.2. */
export function frame(payload: string | Uint8Array, options: FrameOptions = {}): Buffer {
	const { opcode = OPCODE.text, final = true, masked = true, claim } = options;
	const bytes = Buffer.from(payload);
	const length = claim ?? BigInt(bytes.length);
	const head = [(final ? 0x80 : 0) | opcode];
	const extended = Buffer.alloc(8);
	extended.writeBigUInt64BE(length);
	const mask = masked ? 0x80 : 0;
	if (length < 126n) head.push(mask | Number(length));
	else if (length < 65_536n) head.push(mask | 126, ...extended.subarray(6));
	else head.push(mask | 127, ...extended);
	if (!masked) return Buffer.concat([Buffer.from(head), bytes]);
	const key = randomBytes(4);
	return Buffer.concat([Buffer.from(head), key, bytes.map((byte, at) => byte ^ (key[at % 4] ?? 0))]);
}

/** The upgrade request of a link. */
export function upgradeRequest(kind: LinkKind): string {
	const headers = [
		`GET ${pathOf(kind)} HTTP/1.1`,
		'Host: localhost',
		'Connection: Upgrade',
		'Upgrade: websocket',
		'Sec-WebSocket-Version: 13',
		`Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
		`Sec-WebSocket-Protocol: ${PROTOCOL}`,
	];
	return `${headers.join('\r\n')}\r\n\r\n`;
}

/** A TCP connection to a master, and when it is over. */
export function tcpFor(t: TestContext, port: number): { socket: Socket; over: Promise<void> } {
	const socket = connect(port, 'localhost');
	t.after(() => socket.destroy());
	socket.on('error', () => {}).resume();
	const over = new Promise<void>((resolve) => socket.once('close', () => resolve()));
	over.catch(() => {});
	return { socket, over: over };
}

/** A link on a plain TCP connection, open. */
export async function tcpLinkFor(t: TestContext, port: number, kind: LinkKind) {
	const { socket, over } = tcpFor(t, port);
	const opened = new Promise<void>((resolve) => socket.once('data', () => resolve()));
	socket.write(upgradeRequest(kind));
	await within(opened, 'the upgrade');
	return { socket, over };
}
