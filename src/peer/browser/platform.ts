import type { OpenSocket } from '../../link/index.js';
import { joined } from '../../mux/pieces.js';
import type { Platform } from '../platform.js';
import type { RtcPeer } from '../rtc.js';
import { onBrowserWake } from './wake.js';

const openSocket: OpenSocket = (url, protocols, handlers) => {
	const socket = new WebSocket(url, protocols);
	socket.binaryType = 'arraybuffer';
	socket.onopen = () => handlers.opened();
	socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) =>
		handlers.message(typeof data === 'string' ? data : new Uint8Array(data));
	socket.onclose = ({ code, reason }) => handlers.closed(code, reason);
	return {
		get bufferedAmount() {
			return socket.bufferedAmount;
		},
		// The cast: a view of shared memory is refused by the browser itself.
		send: (data) => socket.send(Array.isArray(data) ? joined(data) : (data as string | Uint8Array<ArrayBuffer>)),
		close: (code, reason) => socket.close(code, reason),
	};
};

/** A browser page. */
export const browserPlatform: Platform = {
	openSocket,
	onWake: onBrowserWake,
	createPeer: (config) => new RTCPeerConnection(config as RTCConfiguration) as unknown as RtcPeer,
	defaultMasterUrl: () => location.origin,
};
