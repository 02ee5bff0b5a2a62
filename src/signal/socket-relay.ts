import { readFrame, writeFrame } from '../peer/frames.js';
import type { OpenRelay } from '../peer/index.js';
import type { PipedSocket, SocketMessageEvent } from './piped-socket.js';

/** A session's way over a socket that two peers have already: each binary message is a frame; texts belong to somebody else. */
export function socketRelay(socket: PipedSocket): OpenRelay {
	return (handlers) => {
		const hear = ({ data }: SocketMessageEvent): void => {
			if (typeof data !== 'string') handlers.frame(readFrame(new Uint8Array(data)));
		};
		const lost = (): void => handlers.lost(true);
		socket.on('message', hear).on('close', lost);
		return {
			kind: 'relay',
			get queued() {
				return socket.bufferedAmount;
			},
			send: (kind, channel, number, payload) => {
				// A socket that has just died takes messages and loses them: `lost` is on its way.
				socket.write(writeFrame(kind, channel, number, payload));
			},
			close: () => {
				socket.off('message', hear).off('close', lost);
				socket.close();
			},
		};
	};
}
