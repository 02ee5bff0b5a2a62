import { Backoff } from '../link/index.js';
import type { StreamHandler } from '../mux/index.js';
import { EnslavismError } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import * as WAITS from '../wire/waits.js';
import type { SignalOptions } from './host.js';
import type { PeerConnection } from './peer-connection.js';
import type { PipedSocket } from './piped-socket.js';
import { openRelay } from './relay.js';
import { type PathOptions, type PeerHost, Upgrade } from './upgrade.js';

/** What a peer says of itself in the namespace. */
export interface PeerPresence {
	/** Tells the lives of one id apart: a program that starts again has another. */
	readonly instance: string;
	readonly data: unknown;
}

/** What a peer needs from those that it belongs to. @internal */
export interface PeerOffice<Face extends StreamHandler> {
	readonly host: PeerHost<Face>;
	readonly masterUrl: string;
	/** Where two meet at the relay service. */
	readonly namespace: string;
	/** One's own id and instance. */
	readonly id: string;
	readonly instance: string;
	readonly options: SignalOptions & PathOptions;
	/** Those that take the room of a connection. */
	readonly busy: Set<Peer<Face>>;
	/** Whether somebody looked for room in vain. */
	wanted: boolean;
	connected(peer: Peer<Face>, connection: PeerConnection<Face>): void;
	/** The peer has made room, or is gone. */
	changed(peer: Peer<Face>): void;
}

/**
 * Another one in the namespace, and the connection to it.
 *
 *     apart ──▶ meeting ──▶ connected ──▶ parted
 *       ▲          └─▶ resting ◀─┘
 *       └─────────────────┘
 *
 * `meeting` waits at the relay service and agrees on a path there. A connection that is lost is followed by the next, in
 * a while; one that was closed by a side is not, as long as neither begins anew.
 */
export class Peer<Face extends StreamHandler = StreamHandler> {
	readonly id: string;
	readonly #office: PeerOffice<Face>;
	readonly #backoff = new Backoff();
	#presence: PeerPresence | undefined;
	/** Of the connection, or of the attempts at one. */
	#instance = '';
	#data: unknown;
	#state: 'apart' | 'meeting' | 'connected' | 'resting' | 'parted' = 'apart';
	#socket: PipedSocket | undefined;
	#upgrade: Upgrade<Face> | undefined;
	#connection: PeerConnection<Face> | undefined;
	#timer: unknown;

	/** @internal */
	constructor(office: PeerOffice<Face>, id: string) {
		this.#office = office;
		this.id = id;
	}

	/** What the peer says of itself: the `data` that it gave, a value of JSON. */
	get data(): unknown {
		return this.#data;
	}

	/** The connection to it; `undefined` while there is none. */
	get connection(): PeerConnection<Face> | undefined {
		return this.#connection;
	}

	/** Whether it is in the namespace, or connected still. @internal */
	get isThere(): boolean {
		return this.#presence !== undefined || this.#connection !== undefined;
	}

	/** The namespace says this of it; `undefined`: it is not there any more. @internal */
	take(presence: PeerPresence | undefined): void {
		this.#presence = presence;
		if (presence === undefined) {
			// An open connection needs nobody else: the master may be gone. But so may the peer.
			if (this.#connection !== undefined) this.#connection.probe();
			else this.#part('apart');
			return;
		}
		this.#data = presence.data;
		if (presence.instance !== this.#instance) this.#part('apart');
		this.#instance = presence.instance;
		this.meet();
	}

	/** Looks for a connection, if there is room for it. @internal */
	meet(): void {
		if (this.#state !== 'apart' || this.#presence === undefined) return;
		if (this.#office.busy.size >= LIMITS.peerConnections) {
			this.#office.wanted = true;
			return;
		}
		const { host, masterUrl, namespace, instance, options } = this.#office;
		this.#state = 'meeting';
		this.#office.busy.add(this);
		const meeting = { ...options, namespace, local: instance, remote: this.#instance };
		const socket = openRelay(host, masterUrl, meeting);
		this.#socket = socket;
		socket.once('open', () => this.#met(socket));
		socket.once('close', () => {
			if (this.#socket === socket && this.#upgrade === undefined) this.#rest();
		});
	}

	/** Ends everything with this peer. @internal */
	stop(reason: string): void {
		this.#presence = undefined;
		this.#part('parted', reason);
	}

	#met(socket: PipedSocket): void {
		if (this.#socket !== socket) return;
		const { host, options, id } = this.#office;
		const upgrade = new Upgrade<Face>({
			host,
			socket,
			id: this.id,
			opens: id > this.id,
			...(options.iceServers === undefined ? {} : { iceServers: options.iceServers }),
			...(options.rtc === undefined ? {} : { rtc: options.rtc }),
			done: (result) => {
				if (this.#upgrade !== upgrade) return;
				this.#upgrade = undefined;
				if (result instanceof EnslavismError) this.#rest();
				else this.#connected(result);
			},
		});
		this.#upgrade = upgrade;
	}

	#connected(connection: PeerConnection<Face>): void {
		const began = performance.now();
		this.#socket = undefined;
		this.#state = 'connected';
		this.#connection = connection;
		connection.on('close', ({ reason }) => {
			if (this.#connection !== connection) return;
			this.#connection = undefined;
			if (performance.now() - began >= WAITS.backoffReset) this.#backoff.reset();
			if (reason === undefined && this.#presence !== undefined) this.#rest();
			else this.#part('parted');
			this.#office.changed(this);
		});
		this.#office.connected(this, connection);
	}

	/** Tries again, in a while. */
	#rest(): void {
		this.#part('resting');
		this.#timer = setTimeout(() => {
			this.#state = 'apart';
			this.meet();
		}, this.#backoff.next());
		this.#office.changed(this);
	}

	/** Leaves whatever there is for another state. */
	#part(state: 'apart' | 'resting' | 'parted', reason = 'it is here anew'): void {
		const [socket, upgrade, connection] = [this.#socket, this.#upgrade, this.#connection];
		this.#state = state;
		this.#office.busy.delete(this);
		this.#socket = undefined;
		this.#upgrade = undefined;
		this.#connection = undefined;
		clearTimeout(this.#timer);
		upgrade?.abort();
		socket?.close();
		connection?.close(reason);
	}
}
