import { type DataChannel, PeerConnection } from 'node-datachannel';
import type { DataChannelOptions } from '../../src/client/node.js';
import { sendSignal } from './child.js';
import type { Bytes, End, Pipe } from './pipe.js';
import { wait } from './stats.js';

type Description = Parameters<PeerConnection['setRemoteDescription']>[1];

/** What two raw ends say to each other while they connect. */
type RawSignal = { connection: number } & ({ sdp: string; type: Description } | { candidate: string; mid: string });

/** A connection now and then does not open, and is tried again. */
const ATTEMPTS = 3;
const ATTEMPT_MS = 4000;

/** node-datachannel as it comes: its default settings and roles, signalling over the parent process. */
export function rawEnd(): End {
	const peers = new Map<number, PeerConnection>();
	let accept: (pipe: Pipe) => void = () => {};

	const create = (connection: number): PeerConnection => {
		const peer = new PeerConnection('raw', { iceServers: [] });
		peers.set(connection, peer);
		peer.onLocalDescription((sdp, type) => sendSignal({ connection, sdp, type }));
		peer.onLocalCandidate((candidate, mid) => sendSignal({ connection, candidate, mid }));
		peer.onDataChannel((channel) => accept(pipeOf(channel)));
		return peer;
	};

	return {
		serve: async (accepting) => {
			accept = accepting;
		},
		open: async (label, options) => {
			for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
				const channel = create(peers.size).createDataChannel(label, nativeOptions(options));
				const opened = new Promise<Pipe>((resolve) => channel.onOpen(() => resolve(pipeOf(channel))));
				const pipe = await Promise.race([opened, wait(ATTEMPT_MS)]);
				if (pipe !== undefined) return pipe;
			}
			throw new Error('the raw connection does not open');
		},
		signal: (signal) => {
			const message = signal as RawSignal;
			const peer = peers.get(message.connection) ?? create(message.connection);
			try {
				if ('sdp' in message) peer.setRemoteDescription(message.sdp, message.type);
				else peer.addRemoteCandidate(message.candidate, message.mid);
			} catch {
				// The connection has failed meanwhile, and is tried again.
			}
		},
	};
}

function nativeOptions({ ordered, maxRetransmits }: DataChannelOptions) {
	return { unordered: ordered === false, ...(maxRetransmits === undefined ? {} : { maxRetransmits }) };
}

function pipeOf(channel: DataChannel): Pipe {
	return {
		label: channel.getLabel(),
		send: (bytes) => {
			channel.sendMessageBinary(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes));
		},
		buffered: () => channel.bufferedAmount(),
		listen: (receive) => channel.onMessage((data) => receive(data as Bytes)),
		whenLow: (threshold, low) => {
			channel.setBufferedAmountLowThreshold(threshold);
			channel.onBufferedAmountLow(low);
		},
	};
}
