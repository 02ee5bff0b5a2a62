import type { StreamHandler } from '../mux/index.js';
import { Emitter, EnslavismError, isName, newId } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import type { SignalOptions } from './host.js';
import { Peer, type PeerOffice, type PeerPresence } from './peer.js';
import type { PeerConnection } from './peer-connection.js';
import { BaseSharedState, type Presence } from './shared-state.js';
import type { PathOptions, PeerHost } from './upgrade.js';

/** Options of {@link BasePeers}. */
export interface PeersOptions<Face extends StreamHandler> extends SignalOptions, PathOptions {
	/** Called with every connection: the same as a listener of `connection` that is there from the beginning. */
	onconnection?: (connection: PeerConnection<Face>, peer: Peer<Face>) => void;
	/** What others see, 1 to 256 characters; a random one by default. Whoever comes with an id takes it over. */
	id?: string;
	/** What others see of this peer beside its id: a value of JSON, best a small one. */
	data?: unknown;
}

export type PeersEvents<Face extends StreamHandler> = {
	/** Somebody is in the namespace, who was there before too. */
	join: [peer: Peer<Face>];
	/** Somebody says something else of itself. */
	update: [peer: Peer<Face>];
	/** Somebody is not there any more, and not connected either. */
	leave: [peer: Peer<Face>];
	/** There is a connection to somebody. Its own `close` event says when it ends. */
	connection: [connection: PeerConnection<Face>, peer: Peer<Face>];
	/** Everybody who is there is known, for the first time or again. */
	sync: [];
	/** The master was lost; it will be tried again in `delay` milliseconds. Connections live on. */
	lost: [error: EnslavismError, delay: number];
	/** The end: `close()` was called, or the master does not want this peer, or another one has come with its id. */
	close: [error: EnslavismError];
};

/** Namespaces of peers are not those that applications use themselves. */
const PREFIX = 'peers:';

interface PresenceValue {
	i: string;
	d?: unknown;
}

/**
 * Everybody in a namespace, and a connection to each.
 *
 * Who is there stands in a shared state of the master; two who are meet at its relay service, and agree there on a WebRTC
 * connection, which the one with the greater id opens. Where WebRTC finds no path within 10 s, the connection stays
 * with the relay. A connection that is lost is made again.
 */
export class BasePeers<Face extends StreamHandler> extends Emitter<PeersEvents<Face>> {
	readonly namespace: string;
	/** What others see. */
	readonly id: string;
	/** Resolves when everybody who is there is known; rejects if the end comes before. */
	readonly ready: Promise<void>;
	readonly #state: BaseSharedState<PresenceValue>;
	readonly #peers = new Map<string, Peer<Face>>();
	readonly #office: PeerOffice<Face>;
	readonly #presence: Presence<PresenceValue>;
	#value: PresenceValue;
	#hidden = false;
	#end: EnslavismError | undefined;

	/** @throws EnslavismError `bad-url`, `bad-option`, `bad-auth` */
	protected constructor(host: PeerHost<Face>, masterUrl: string, namespace: string, options: PeersOptions<Face> = {}) {
		super();
		const { id = newId(), data, onconnection } = options;
		if (id === '') throw new EnslavismError('bad-option', 'an id has at least one character');
		const instance = newId();
		this.namespace = namespace;
		this.id = id;
		this.#office = {
			host,
			masterUrl,
			namespace: PREFIX + namespace,
			id,
			instance,
			options,
			busy: new Set(),
			wanted: false,
			connected: (peer, connection) => this.emit('connection', connection, peer),
			changed: (peer) => this.#changed(peer),
		};
		if (onconnection !== undefined) this.on('connection', onconnection);
		this.#state = new BaseSharedState<PresenceValue>(host, masterUrl, PREFIX + namespace, options);
		this.ready = this.#state.ready;
		this.#value = { i: instance, d: data };
		try {
			this.#presence = this.#state.heartbeat(id, this.#value);
		} catch (thrown) {
			this.#state.close();
			throw thrown;
		}
		this.#state.on('change', (key, value) => this.#heard(key, value));
		this.#state.on('sync', () => this.emit('sync'));
		this.#state.on('lost', (error, delay) => this.emit('lost', error, delay));
		this.#state.on('close', (error) => this.#closed(error));
	}

	/** Everybody else who is there. */
	get peers(): Peer<Face>[] {
		return [...this.#peers.values()];
	}

	/** The connections that are open. */
	get connections(): PeerConnection<Face>[] {
		return this.peers.flatMap(({ connection }) => connection ?? []);
	}

	/** Whether this is the end. */
	get closed(): boolean {
		return this.#state.closed;
	}

	/** Somebody else who is there. */
	get(id: string): Peer<Face> | undefined {
		return this.#peers.get(id);
	}

	/**
	 * Says something else of oneself.
	 *
	 * @param data a value of JSON
	 * @throws EnslavismError `bad-option`, `link-closed`
	 */
	update(data: unknown): void {
		const value = { ...this.#value, d: data };
		this.#presence.set(value);
		this.#value = value;
	}

	/** This program may end any moment: takes it out of the namespace, and leaves its connections. @internal */
	protected hide(): void {
		if (this.closed) return;
		this.#hidden = true;
		this.#state.delete(this.id);
	}

	/** It has not ended. @internal */
	protected show(): void {
		this.#hidden = false;
		this.#presence.set(this.#value);
	}

	/** Leaves, and closes every connection; the other sides see `reason`. */
	close(reason = ''): void {
		if (this.closed) return;
		this.#stop(reason);
		this.#state.close();
	}

	#heard(id: string, value: unknown): void {
		const presence = readPresence(value);
		if (id === this.id) this.#heardOfMyself(presence);
		else if (presence !== undefined) this.#appeared(id, presence);
		else this.#vanished(id);
	}

	/** Somebody writes over one's own key. */
	#heardOfMyself(presence: PeerPresence | undefined): void {
		if (presence === undefined) {
			if (!this.#hidden) this.#presence.set(this.#value);
		} else if (presence.instance !== this.#office.instance) {
			this.#end = new EnslavismError('link-closed', 'another one has come with this id');
			this.#presence.release();
			this.close('another one has come with this id');
		}
	}

	#appeared(id: string, presence: PeerPresence): void {
		const known = this.#peers.get(id);
		const peer = known ?? new Peer<Face>(this.#office, id);
		this.#peers.set(id, peer);
		peer.take(presence);
		this.emit(known === undefined ? 'join' : 'update', peer);
	}

	#vanished(id: string): void {
		const peer = this.#peers.get(id);
		peer?.take(undefined);
		if (peer !== undefined) this.#changed(peer);
	}

	#changed(peer: Peer<Face>): void {
		if (!peer.isThere && this.#peers.get(peer.id) === peer) {
			this.#peers.delete(peer.id);
			this.emit('leave', peer);
		}
		if (!this.#office.wanted) return;
		this.#office.wanted = false;
		for (const each of this.#peers.values()) each.meet();
	}

	#closed(error: EnslavismError): void {
		this.#stop(error.reason ?? '');
		this.emit('close', this.#end ?? error);
	}

	#stop(reason: string): void {
		const peers = this.peers;
		this.#peers.clear();
		for (const peer of peers) peer.stop(reason);
	}
}

/** What others say of themselves is not trusted to have a form. */
function readPresence(value: unknown): PeerPresence | undefined {
	if (typeof value !== 'object' || value === null) return undefined;
	const { i, d } = value as Record<string, unknown>;
	return isName(i, LIMITS.idLength) ? { instance: i, data: d } : undefined;
}
