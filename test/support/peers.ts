/** Peers that end with the test they belong to. */
import type { TestContext } from 'node:test';
import type { MuxStream } from '../../src/mux/node/index.js';
import { type PeerConnection, Peers, type PeersOptions } from '../../src/signal/node.js';
import { later } from './later.js';
import { next } from './wait.js';

export type NodeConnection = PeerConnection<MuxStream>;

/** One in a namespace. */
export function peersFor(
	t: TestContext,
	url: string,
	id: string,
	options: PeersOptions<MuxStream> = {},
	namespace = 'room',
): Peers {
	const peers = new Peers(url, namespace, { id, ...options });
	later(t, () => peers.close());
	return peers;
}

/** The connection to somebody, once there is one. */
export async function connectionTo(peers: Peers, id: string): Promise<NodeConnection> {
	while (peers.get(id)?.connection === undefined) await next(peers, 'connection');
	return peers.get(id)?.connection as NodeConnection;
}

/** Both ends of the connection of two. */
export function bothEnds(one: Peers, other: Peers): Promise<[NodeConnection, NodeConnection]> {
	return Promise.all([connectionTo(one, other.id), connectionTo(other, one.id)]);
}

/** Everything that a stream brings, as text. */
export async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
	let text = '';
	for await (const chunk of stream) text += chunk;
	return text;
}
