import WebSocket from 'ws';
import type { Bytes, End, Pipe } from './pipe.js';

/**
 * Bare `ws` sockets, joined two by two by the "bare" server of `signal-server-process.ts`: one hop, as a relay is. The
 * serving end always has one socket that waits for its other end.
 */
export function hopEnd(url: string): End {
	return {
		serve: async (accept) => {
			const stand = async (): Promise<void> => {
				const socket = await connect(url);
				socket.once('message', (label) => {
					accept(pipeOf(socket, String(label)));
					void stand().then(() => socket.send('joined'));
				});
			};
			await stand();
		},
		open: async (label) => {
			const socket = await connect(url);
			socket.send(label);
			await new Promise((resolve) => socket.once('message', resolve));
			return pipeOf(socket, label);
		},
		signal: () => {},
	};
}

async function connect(url: string): Promise<WebSocket> {
	const socket = new WebSocket(url, { perMessageDeflate: false });
	await new Promise((resolve, reject) => {
		socket.once('open', resolve);
		socket.once('error', reject);
	});
	return socket;
}

function pipeOf(socket: WebSocket, label: string): Pipe {
	let threshold = -1;
	let low: () => void = () => {};
	/** A frame has left: perhaps few enough wait now. */
	const left = (): void => {
		if (socket.bufferedAmount <= threshold) low();
	};
	return {
		label,
		send: (bytes) => socket.send(bytes, left),
		buffered: () => socket.bufferedAmount,
		listen: (receive) => {
			socket.on('message', (data) => receive(data as Bytes));
		},
		whenLow: (bytes, then) => {
			threshold = bytes;
			low = then;
		},
	};
}
