import type {
	ClientToMaster,
	DirectoryEntry,
	MasterToClient,
	MasterToSlave,
	ServerName,
	SlaveToMaster,
} from '../wire/index.js';
import type { MayHave } from './names.js';
import type { PeerLink } from './peer-link.js';
import type { Returning } from './returning.js';
import type { TokenBucket } from './token-bucket.js';

export type ClientLink = PeerLink<ClientToMaster, MasterToClient>;
export type SlaveLink = PeerLink<SlaveToMaster, MasterToSlave>;

/** A client or slave that the hub knows, linked or waited for. */
export interface Peer<L> {
	/** The link; `undefined` while it is lost. */
	link: L | undefined;
	/** What the auth listener said of it, as others are told, and as it is. */
	auth: string | undefined;
	identity: unknown;
	/** Runs while the link is lost: then the peer is forgotten. */
	away: NodeJS.Timeout | undefined;
	returning: Returning;
}

export interface Client extends Peer<ClientLink> {
	offers: TokenBucket;
}

export interface Slave extends Peer<SlaveLink> {
	/** Its user data; `undefined` until it has registered for the first time. */
	data: string | undefined;
	/** Where it can be reached. */
	direct: DirectoryEntry['direct'];
	/** How long both are, in characters, as others are told. */
	length: number;
	draining: boolean;
	/** Runs until the link has registered. */
	unregistered: NodeJS.Timeout | undefined;
	/** Whether the link has been told that it is: it takes no binary frame before. */
	registered: boolean;
	/** Asks whether it may have a name; `undefined` for a slave that is to be listed. */
	mayHave: MayHave | undefined;
	/** The name that it has instead of being listed. */
	server: ServerName | undefined;
}

/** How long is what a slave says of itself, in characters. */
export function lengthOf(data: string, direct: DirectoryEntry['direct']): number {
	return data.length + (direct === undefined ? 0 : JSON.stringify(direct).length);
}

/** What others are told of a slave. */
export function entryOf({ link, auth, direct, draining }: Slave, id: string, data: string): DirectoryEntry {
	return { id, data, auth, direct, state: link === undefined ? 'unreachable' : draining ? 'draining' : undefined };
}
