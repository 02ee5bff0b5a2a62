import type { StreamHandler } from '../mux/index.js';
import { EnslavismError } from '../wire/index.js';
import type { IntroducedPeer } from './introducer.js';
import type { PeerConnection } from './peer-connection.js';
import { type PathOptions, type PeerHost, Upgrade } from './upgrade.js';

/** Upgrades the socket to an introduced peer. Rejects with `connect-timeout`, `bad-message`, `link-closed`. */
export function upgradePeer<Face extends StreamHandler>(
	host: PeerHost<Face>,
	{ socket, id, opens }: IntroducedPeer,
	options: PathOptions = {},
): Promise<PeerConnection<Face>> {
	return new Promise((resolve, reject) => {
		new Upgrade<Face>({
			...options,
			host,
			socket,
			id,
			opens,
			done: (result) => (result instanceof EnslavismError ? reject(result) : resolve(result)),
		});
	});
}
