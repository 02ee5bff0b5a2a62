import { Netlab, whyNoNetlab } from '../../test/netlab/netlab.js';
import type { Places } from './pair.js';

/** A network of two hosts, and what takes it down. */
export interface Network {
	places: Places;
	close(): Promise<void>;
}

/**
 * Two hosts that lose `loss` percent of the packets in each direction and take `delay` ms for the others; `undefined`
 * where this process may not make them.
 */
export async function openNetwork(delay: number, loss: number): Promise<Network | undefined> {
	if (whyNoNetlab() !== undefined) return undefined;
	const lab = Netlab.open();
	const [server, client] = [await lab.host('server'), await lab.host('client', { delay, loss })];
	return {
		places: { server: server.namespace, client: client.namespace, address: server.address },
		close: () => lab.close(),
	};
}
