import * as CLOSE from '../wire/close-codes.js';
import {
	type ClientToMaster,
	type DirectoryEntry,
	type MasterToClient,
	type MasterToSlave,
	type Position,
	restartReason,
	type ServerName,
	type SlaveToMaster,
} from '../wire/index.js';
import * as WAITS from '../wire/waits.js';
import { addressBehind } from './addresses.js';
import type { Backplane, PeerMessage } from './backplane/backplane.js';
import type { IceServers } from './ice-servers.js';
import type { MasterLimits } from './limits.js';
import { Listing, type ListingOptions } from './listing.js';
import { type Client, type ClientLink, entryOf, lengthOf, type Peer, type Slave, type SlaveLink } from './members.js';
import { answerTo, isSameServer, type MayHave, Names } from './names.js';
import { offersOf } from './offers.js';
import type { RelayAllowances } from './relay.js';
import { Routing } from './routing.js';
import type { SessionRoute } from './sessions.js';
import { Timers } from './timers.js';

export interface HubOptions extends ListingOptions {
	backplane: Backplane;
	limits: MasterLimits;
	/** How long somebody who has lost the master is waited for, in milliseconds. */
	grace: number;
	/** What peers are told of the heartbeat, in milliseconds. */
	heartbeat: number;
	ice: IceServers;
	/** How much sessions may send through this master; `false` for nothing. */
	relay: RelayAllowances | false;
}

type Register = Extract<SlaveToMaster, { t: 'register' }>;
type Sessioned = Extract<ClientToMaster, { t: 'sessions' }>;

/**
 * The meeting point: knows every link, keeps the directory, and passes the messages of each session to its other
 * end, unread. A client reaches only slaves in the directory and those whose name it knows, a slave only clients that
 * have a session with it.
 *
 * A peer whose link is lost is kept for a while, with its sessions: a slave stays in the directory, marked `unreachable`.
 */
export class Hub {
	/** The names of stream servers. */
	readonly names: Names;
	readonly #clients = new Map<string, Client>();
	readonly #slaves = new Map<string, Slave>();
	readonly #routing: Routing;
	readonly #listing: Listing;
	readonly #options: HubOptions;
	readonly #timers = new Timers();
	#linked = { clients: 0, slaves: 0 };
	#directoryLength = 0;
	#closed = false;

	constructor(options: HubOptions) {
		this.#options = options;
		const { backplane, limits } = options;
		this.#listing = new Listing(options);
		this.names = new Names(backplane);
		this.#routing = new Routing(backplane, limits, options.relay, (id) => {
			const slave = this.#slaves.get(id);
			return slave?.registered ? slave.link : undefined;
		});
		backplane.start({
			slave: (entry) => this.#listing.set(entry),
			slaveLeft: (id) => this.#listing.delete(id),
			claimed: (name, entry) => this.names.claimed(name, entry),
			released: (name) => this.names.released(name),
			message: (peer, message) => this.#deliver(peer, message),
		});
	}

	/** The slaves of every master. */
	get entries(): Iterable<DirectoryEntry> {
		return this.#listing.entries;
	}

	/** How many links there are. */
	get counts(): { clients: number; slaves: number } {
		return { ...this.#linked };
	}

	/** Whether there is room for this peer: always for one that is known. */
	hasRoom(kind: 'clients' | 'slaves', id: string | undefined): boolean {
		const peers: Map<string, unknown> = kind === 'clients' ? this.#clients : this.#slaves;
		return (id !== undefined && peers.has(id)) || peers.size < this.#options.limits[kind];
	}

	/** The master listens: those who were here before its restart have the grace time from now on to come back. */
	listening(): void {
		if (this.#listing.settling) this.#timers.start(this.#options.grace, () => this.#listing.settle());
	}

	/** @param since where the list of a client stands that comes back */
	clientJoined(link: ClientLink, auth: string | undefined, identity: unknown, since: Position | undefined): void {
		const known = this.#clients.get(link.id);
		const offers = known?.offers ?? offersOf(this.#options.limits);
		const returning = this.#routing.returning(link.id, 'client');
		this.#clients.set(link.id, { link, auth, identity, away: undefined, returning, offers });
		this.#linked.clients++;
		if (known !== undefined) {
			this.names.forget(link.id);
			this.#replace(known);
		}
		link.say({ t: 'welcome', ...this.#greeting(link) });
		// Before the list: the first session may begin with it.
		this.#options.ice.join(link, 'client', identity);
		this.#listing.join(link, since);
	}

	/** @param address where the client is */
	clientSaid(link: ClientLink, message: ClientToMaster, address = ''): void {
		switch (message.t) {
			case 'offer':
				this.#offer(link, message);
				return;
			case 'candidate':
				this.#routing.pass(link.id, { ...message, address: addressBehind(message.candidate, address) });
				return;
			case 'close':
				this.#routing.close(link.id, message.session, message.reason);
				return;
			case 'find':
				this.names.find(link.id, message, message.wait, (found) => link.say(answerTo(message.n, found)));
				return;
			case 'sessions':
				this.#returned(this.#clients.get(link.id), message, (session, slave) => ({
					id: session,
					client: link.id,
					slave,
				}));
		}
	}

	/** A binary frame arrived on either kind of link. */
	bytes(link: ClientLink | SlaveLink, bytes: Uint8Array): void {
		if (this.#routing.relay === undefined) link.broken();
		else this.#routing.relay.receive(link, bytes);
	}

	#greeting(link: ClientLink | SlaveLink) {
		const { heartbeat } = this.#options;
		return { id: link.id, resume: link.token(), heartbeat, relay: this.#routing.relay !== undefined };
	}

	clientLeft(link: ClientLink, final: boolean): void {
		this.#routing.relay?.left(link);
		this.#listing.leave(link);
		this.#options.ice.leave(link);
		this.#linked.clients--;
		const client = this.#clients.get(link.id);
		if (client?.link !== link || this.#closed) return;
		// It asks again when it is back.
		this.names.forget(link.id);
		client.link = undefined;
		client.returning.abandon();
		const gone = (): void => {
			this.#clients.delete(link.id);
			this.#routing.drop(link.id);
		};
		this.#routing.tellOfLoss(link.id);
		if (final || this.#patience === 0 || this.#routing.sessions.count(link.id) === 0) gone();
		else client.away = this.#timers.start(this.#patience, gone);
	}

	/** @param mayHave for a link of a slave that has a name instead of being listed */
	slaveJoined(link: SlaveLink, auth: string | undefined, identity: unknown, mayHave?: MayHave): void {
		const unregistered = this.#timers.start(WAITS.register, () =>
			link.close(CLOSE.timeout, 'the slave did not register in time'),
		);
		const known = this.#slaves.get(link.id);
		const { data, direct, length = 0, draining = false, server } = known ?? {};
		const returning = this.#routing.returning(link.id, 'slave');
		const peer = { link, auth, identity, away: undefined, returning, registered: false };
		this.#slaves.set(link.id, { ...peer, data, direct, length, draining, unregistered, mayHave, server });
		this.#linked.slaves++;
		if (known === undefined) return;
		this.#timers.stop(known.unregistered);
		this.#replace(known);
	}

	slaveSaid(link: SlaveLink, message: SlaveToMaster): void {
		const slave = this.#slaves.get(link.id);
		if (slave === undefined) return;
		if (message.t === 'register') {
			this.#register(slave, link, message);
			return;
		}
		if (slave.unregistered !== undefined || slave.data === undefined) {
			link.close(CLOSE.badMessage, `${message.t} before register`);
			return;
		}
		switch (message.t) {
			case 'update':
				if (slave.mayHave === undefined) this.#publish(slave, link.id, message.data, slave.direct);
				else link.close(CLOSE.badMessage, 'a stream server has nothing to update');
				return;
			case 'drain':
				slave.draining = true;
				this.#announce(slave, link.id, slave.data);
				return;
			case 'moved':
				this.#publish(slave, link.id, slave.data, message.direct);
				return;
			case 'answer':
			case 'candidate':
				this.#routing.pass(link.id, message);
				return;
			case 'reject':
				this.#routing.reject(link.id, message.session, message.reason);
				return;
			case 'close':
				this.#routing.close(link.id, message.session, message.reason);
				return;
			case 'sessions':
				this.#returned(slave, message, (session, client) => ({ id: session, client, slave: link.id }));
		}
	}

	slaveLeft(link: SlaveLink, final: boolean): void {
		this.#routing.relay?.left(link);
		this.#options.ice.leave(link);
		this.#linked.slaves--;
		const slave = this.#slaves.get(link.id);
		if (slave?.link !== link) return;
		this.#timers.stop(slave.unregistered);
		slave.unregistered = undefined;
		slave.link = undefined;
		slave.returning.abandon();
		if (!this.#closed) this.#routing.tellOfLoss(link.id);
		const { data } = slave;
		// One that waits for its name has nothing to come back to.
		const isNameless = slave.mayHave !== undefined && slave.server === undefined;
		if (this.#closed || final || data === undefined || isNameless || this.#patience === 0) {
			this.#removeSlave(link.id);
			this.#routing.drop(link.id);
			return;
		}
		const { grace } = this.#options;
		slave.away = this.#timers.start(grace, () => {
			this.#removeSlave(link.id);
			if (this.#routing.sessions.count(link.id) === 0) return;
			this.#timers.start(this.#patience - grace, () => {
				if (!this.#slaves.has(link.id)) this.#routing.drop(link.id);
			});
		});
		this.#announce(slave, link.id, data);
	}

	/** Says something to a client or slave, wherever it is linked. */
	tell(peer: string, message: PeerMessage): void {
		this.#options.backplane.send(peer, message);
	}

	/**
	 * Closes every link.
	 *
	 * @param delayOf when each may come back, in milliseconds
	 */
	close(delayOf: (kind: 'client' | 'slave') => number): void {
		this.#closed = true;
		this.#listing.close();
		this.names.close();
		this.#routing.relay?.close();
		this.#options.ice.close();
		for (const { link } of [...this.#slaves.values()]) link?.close(CLOSE.restart, restartReason(delayOf('slave')));
		for (const id of [...this.#slaves.keys()]) {
			this.#removeSlave(id);
			this.#routing.drop(id);
		}
		for (const { link } of this.#clients.values()) link?.close(CLOSE.restart, restartReason(delayOf('client')));
		this.#timers.close();
		this.#options.backplane.close();
	}

	#register(slave: Slave, link: SlaveLink, message: Register): void {
		if (slave.unregistered === undefined) {
			link.close(CLOSE.badMessage, 'register twice');
			return;
		}
		this.#timers.stop(slave.unregistered);
		slave.unregistered = undefined;
		slave.draining = message.draining ?? false;
		const { data, direct, server } = message;
		if ((server === undefined) !== (slave.mayHave === undefined)) {
			link.close(CLOSE.badMessage, 'only stream servers have a name, and all of them');
		} else if (server !== undefined) void this.#name(slave, link, server, message);
		else if (this.#publish(slave, link.id, data, direct)) this.#registered(slave, link);
	}

	#registered(slave: Slave, link: SlaveLink): void {
		link.say({ t: 'registered', ...this.#greeting(link) });
		slave.registered = true;
		this.#options.ice.join(link, 'slave', slave.identity);
	}

	/** Gives a slave a name instead of a place in the list, or its own name again. */
	async #name(slave: Slave, link: SlaveLink, server: ServerName, { data, direct }: Register): Promise<void> {
		const { mayHave } = slave;
		if (mayHave === undefined || !this.#keep(slave, data, direct)) return;
		const mayStill: MayHave = async (server) => {
			const decision = await mayHave(server);
			return this.#slaves.get(link.id) === slave ? decision : { refusal: 'the link is gone' };
		};
		const before = slave.server;
		if (before !== undefined && !isSameServer(before, server)) this.#release(slave, link.id);
		const refusal = await this.names.give(server, entryOf(slave, link.id, data), mayStill);
		if (refusal !== undefined) link.close(refusal.code, refusal.reason);
		else if (this.#slaves.get(link.id) === slave) {
			slave.server = server;
			if (slave.link === link) this.#registered(slave, link);
			else this.#announce(slave, link.id, data);
		} else if (!this.#slaves.has(link.id)) this.names.release(server, link.id);
	}

	#release(slave: Slave, id: string): void {
		if (slave.server === undefined) return;
		this.names.release(slave.server, id);
		slave.server = undefined;
	}

	#publish(slave: Slave, id: string, data: string, direct: Register['direct']): boolean {
		if (!this.#keep(slave, data, direct)) return false;
		this.#announce(slave, id, data);
		return true;
	}

	/** Keeps what a slave says of itself, if there is room. */
	#keep(slave: Slave, data: string, direct: Register['direct']): boolean {
		const length = lengthOf(data, direct);
		// What it showed before is not true any more, and makes room for others.
		this.#directoryLength -= slave.length;
		slave.length = 0;
		if (this.#directoryLength + length > this.#options.limits.directoryLength) {
			slave.data = undefined;
			slave.link?.close(CLOSE.limit, 'the directory is full');
			return false;
		}
		this.#directoryLength += length;
		Object.assign(slave, { data, direct, length });
		return true;
	}

	#announce(slave: Slave, id: string, data: string): void {
		const entry = entryOf(slave, id, data);
		if (slave.mayHave === undefined) this.#options.backplane.announce(entry);
		else if (slave.server !== undefined) this.names.update(slave.server, entry);
	}

	#removeSlave(id: string): void {
		const slave = this.#slaves.get(id);
		this.#directoryLength -= slave?.length ?? 0;
		if (slave !== undefined) this.#release(slave, id);
		this.#slaves.delete(id);
		this.#options.backplane.withdraw(id);
	}

	/**
	 * How long the sessions of a peer that is away are known: as long as they wait for a path themselves. An operator who gives no
	 * grace waits for nobody.
	 */
	get #patience(): number {
		const { grace } = this.#options;
		return grace === 0 ? 0 : Math.max(grace, WAITS.pathless);
	}

	#offer(link: ClientLink, offer: Extract<ClientToMaster, { t: 'offer' }>): void {
		this.#routing.offer(link, this.#clients.get(link.id), offer, {
			slave: this.#listing.get(offer.slave) ?? this.names.ownerOf(offer.slave),
			registering: this.#slaves.get(offer.slave)?.unregistered !== undefined,
			settling: this.#listing.settling,
		});
	}

	#returned(
		peer: Peer<ClientLink | SlaveLink> | undefined,
		{ list, more = false }: Sessioned,
		routeOf: (session: string, peer: string) => SessionRoute,
	): void {
		const { link, returning } = peer ?? {};
		const routes = list.map((each) => routeOf(each.session, each.peer));
		if (returning?.take(routes, more) === false) link?.close(CLOSE.badMessage, 'sessions twice');
		else if (!more && returning?.waits) {
			this.#timers.start(this.#options.grace, () => returning.doubt());
			this.#timers.start(this.#patience, () => returning.abandon());
		}
	}

	/** A peer has come back, perhaps before its older link was found to be lost. */
	#replace(known: Peer<ClientLink | SlaveLink>): void {
		this.#timers.stop(known.away);
		known.returning.abandon();
		known.link?.close(CLOSE.replaced, 'a newer link has taken the place of this one');
	}

	#deliver(peer: string, message: PeerMessage): void {
		// A message goes to the kind of peer that its sender's route names; ids of the two kinds never collide.
		this.#clients.get(peer)?.link?.say(message as MasterToClient);
		this.#slaves.get(peer)?.link?.say(message as MasterToSlave);
	}
}
