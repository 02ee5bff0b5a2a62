/** UDP ports of this machine. */
import { type BindOptions, createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { Inbox } from './wait.js';

/** A socket with a port that nobody else can have. Default: any, at all addresses. */
export async function udpFor(t: TestContext, at: BindOptions = {}): Promise<{ socket: Socket; port: number }> {
	const socket = createSocket('udp4');
	t.after(() => socket.close());
	socket.bind({ exclusive: true, ...at });
	await once(socket, 'listening');
	return { socket, port: socket.address().port };
}

/** A port that nobody has. */
export async function freePort(): Promise<number> {
	const socket = createSocket('udp4').bind(0);
	await once(socket, 'listening');
	const { port } = socket.address();
	await new Promise<void>((resolve) => socket.close(resolve));
	return port;
}

/** A port of a gateway that is mapped to another one. */
export interface Gateway {
	readonly port: number;
	/** The size of each packet that went in, and came back. */
	readonly inward: Inbox<number>;
	readonly outward: Inbox<number>;
}

/** Maps a port as a gateway does: whoever talks to it talks to `port`, from a port of the gateway's own. */
export async function gatewayFor(t: TestContext, port: number): Promise<Gateway> {
	const { socket: outer, port: mapped } = await udpFor(t);
	const inner = new Map<number, Socket>();
	const [inward, outward] = [new Inbox<number>(), new Inbox<number>()];
	outer.on('message', (bytes, { port: from, address }) => {
		let socket = inner.get(from);
		if (socket === undefined) {
			socket = createSocket('udp4').on('message', (answer) => {
				outward.put(answer.length);
				outer.send(answer, from, address);
			});
			inner.set(from, socket);
		}
		socket.send(bytes, port, '127.0.0.1');
		inward.put(bytes.length);
	});
	t.after(() => {
		for (const socket of inner.values()) socket.close();
	});
	return { port: mapped, inward, outward };
}
