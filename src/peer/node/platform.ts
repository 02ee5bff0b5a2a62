import type { IncomingMessage } from 'node:http';
import WebSocket from 'ws';
import type { OpenSocket } from '../../link/index.js';
import { packed, sendTogether } from '../../mux/node/together.js';
import * as CLOSE from '../../wire/close-codes.js';
import * as LIMITS from '../../wire/limits.js';
import * as WAITS from '../../wire/waits.js';
import type { Platform } from '../platform.js';
import { openEndpoint } from './endpoint.js';
import { createNodePeer } from './rtc.js';

/** Bytes of a refusal's body that are read. */
const REFUSAL_BYTES = LIMITS.reasonLength;

/** `closeTimeout` is newer than the types of ws. */
const SOCKET_OPTIONS: WebSocket.ClientOptions & { closeTimeout: number } = {
	perMessageDeflate: false,
	maxPayload: LIMITS.masterFrameBytes,
	closeTimeout: WAITS.socketClose,
};

const openSocket: OpenSocket = (url, protocols, handlers) => {
	const socket = new WebSocket(url, protocols, SOCKET_OPTIONS);
	let problem = '';
	let over = false;
	const end = (code: number, reason: string): void => {
		if (over) return;
		over = true;
		handlers.closed(code, reason);
	};
	socket.on('open', () => handlers.opened());
	socket.on('message', (data: Buffer, isBinary: boolean) => handlers.message(isBinary ? data : data.toString()));
	socket.on('error', (error) => {
		problem = error.message;
	});
	socket.on('unexpected-response', (request, response) => {
		void refusalOf(response).then(([code, reason]) => {
			end(code, reason);
			request.destroy();
		});
	});
	socket.on('close', (code, reason) => end(code, reason.toString() || problem));
	return {
		get bufferedAmount() {
			return socket.bufferedAmount;
		},
		send: (data) => {
			if (socket.readyState !== WebSocket.OPEN) return;
			if (Array.isArray(data)) sendTogether(socket, packed(data));
			else socket.send(data);
		},
		close: (code, reason) => {
			if (socket.readyState === WebSocket.CONNECTING) socket.terminate();
			else socket.close(code, reason);
		},
	};
};

/** A master that refuses a slave answers the upgrade with 401 and the reason; anything else is no master. */
async function refusalOf(response: IncomingMessage): Promise<[code: number, reason: string]> {
	let body = '';
	try {
		for await (const chunk of response.setEncoding('utf8')) {
			body += chunk;
			if (body.length >= REFUSAL_BYTES) break;
		}
	} catch {
		// A cut answer: what came of it has to do.
	}
	const reason = body.slice(0, REFUSAL_BYTES);
	if (response.statusCode === 401) return [CLOSE.refused, reason];
	return [
		1006,
		`the server answered ${response.statusCode} ${response.statusMessage ?? ''}; is it an Enslavism master?`,
	];
}

/** Node, with ws and node-datachannel. */
export const nodePlatform: Platform = {
	openSocket,
	// A server does not sleep, and nothing tells it that its network is back.
	onWake: () => () => {},
	createPeer: createNodePeer,
	openEndpoint,
	defaultMasterUrl: () => '',
};
