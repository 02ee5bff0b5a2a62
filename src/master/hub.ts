import * as CLOSE from '../wire/close-codes.js';
import type { ClientToMaster, DirectoryEntry, MasterToClient, MasterToSlave, SlaveToMaster } from '../wire/index.js';
import * as WAITS from '../wire/waits.js';
import type { Backplane, PeerMessage } from './backplane/backplane.js';
import { Directory } from './directory.js';
import { FanOut } from './fan-out.js';
import type { IceServers } from './ice-servers.js';
import type { MasterLimits } from './limits.js';
import type { PeerLink } from './peer-link.js';
import { Relay, type RelayLimits } from './relay.js';
import { type SessionRoute, Sessions } from './sessions.js';

export type ClientLink = PeerLink<ClientToMaster, MasterToClient>;
export type SlaveLink = PeerLink<SlaveToMaster, MasterToSlave>;

/** What the hub tells of its directory: every slave of every master. */
export interface HubEvents {
	added(entry: DirectoryEntry): void;
	updated(entry: DirectoryEntry): void;
	removed(entry: DirectoryEntry): void;
}

interface Client {
	link: ClientLink;
	auth: string | undefined;
}

interface Slave {
	link: SlaveLink;
	auth: string | undefined;
	identity: unknown;
	/** Its user data; `undefined` until it has registered. */
	data: string | undefined;
	/** Where it can be reached. */
	direct: DirectoryEntry['direct'];
	unregistered: NodeJS.Timeout | undefined;
}

/**
 * The meeting point: knows every link, keeps the directory, and passes the messages of each session to its other
 * end, unread. A client reaches only slaves in the directory, a slave only clients that have a session with it.
 */
export class Hub {
	readonly #clients = new Map<string, Client>();
	readonly #slaves = new Map<string, Slave>();
	readonly #entries = new Map<string, DirectoryEntry>();
	readonly #directory = new Directory();
	readonly #sessions = new Sessions();
	readonly #fanOut: FanOut;
	readonly #backplane: Backplane;
	readonly #limits: MasterLimits;
	readonly #ice: IceServers;
	readonly #events: HubEvents;
	/** `undefined` where the operator wants none. */
	readonly #relay: Relay | undefined;
	#directoryLength = 0;

	constructor(
		backplane: Backplane,
		limits: MasterLimits,
		tick: number,
		ice: IceServers,
		relay: RelayLimits | false,
		events: HubEvents,
	) {
		this.#backplane = backplane;
		this.#limits = limits;
		this.#ice = ice;
		this.#events = events;
		this.#fanOut = new FanOut(this.#directory, tick);
		if (relay !== false) {
			this.#relay = new Relay(relay, (client, session) => {
				const route = this.#sessions.of(client, session);
				const slave = route?.client === client ? this.#slaves.get(route.slave)?.link : undefined;
				return (
					route &&
					slave && {
						id: session,
						slave,
						get accepted() {
							return route.accepted;
						},
					}
				);
			});
		}
		backplane.start({
			slave: (entry) => this.#listed(entry),
			slaveLeft: (id) => this.#unlisted(id),
			message: (peer, message) => this.#deliver(peer, message),
		});
	}

	/** The slaves of every master. */
	get entries(): Iterable<DirectoryEntry> {
		return this.#entries.values();
	}

	/** How many links there are. */
	get counts(): { clients: number; slaves: number } {
		return { clients: this.#clients.size, slaves: this.#slaves.size };
	}

	clientJoined(link: ClientLink, auth: string | undefined, identity: unknown): void {
		this.#clients.set(link.id, { link, auth });
		link.say({ t: 'welcome', id: link.id, relay: this.#relay !== undefined });
		// Before the list: the first session may begin with it.
		this.#ice.join(link, 'client', identity);
		this.#fanOut.join(link);
	}

	clientSaid(link: ClientLink, message: ClientToMaster): void {
		switch (message.t) {
			case 'offer':
				this.#offer(link, message);
				return;
			case 'candidate':
				this.#pass(link.id, message);
				return;
			case 'close':
				this.#close(link.id, message.session, message.reason);
		}
	}

	clientLeft(link: ClientLink): void {
		this.#fanOut.leave(link);
		this.#ice.leave(link);
		this.#clients.delete(link.id);
		this.#relay?.left(link.id);
		this.#orphan(link.id);
	}

	/** A binary frame arrived on either kind of link. */
	bytes(link: ClientLink | SlaveLink, bytes: Uint8Array): void {
		if (this.#relay === undefined) link.broken();
		else this.#relay.receive(link, bytes);
	}

	slaveJoined(link: SlaveLink, auth: string | undefined, identity: unknown): void {
		const unregistered = setTimeout(
			() => link.close(CLOSE.timeout, 'the slave did not register in time'),
			WAITS.register,
		);
		this.#slaves.set(link.id, { link, auth, identity, data: undefined, direct: undefined, unregistered });
	}

	slaveSaid(link: SlaveLink, message: SlaveToMaster): void {
		const slave = this.#slaves.get(link.id);
		if (slave === undefined) return;
		if (message.t === 'register') {
			slave.direct = message.direct;
			this.#register(slave, message.data);
			return;
		}
		if (slave.data === undefined) {
			link.close(CLOSE.badMessage, `${message.t} before register`);
			return;
		}
		switch (message.t) {
			case 'update':
				this.#publish(slave, message.data);
				return;
			case 'moved':
				slave.direct = message.direct;
				this.#publish(slave, slave.data);
				return;
			case 'answer':
				this.#accepted(link.id, message.session);
				this.#pass(link.id, message);
				return;
			case 'candidate':
				this.#pass(link.id, message);
				return;
			case 'reject':
				this.#reject(link.id, message.session, message.reason);
				return;
			case 'close':
				this.#close(link.id, message.session, message.reason);
		}
	}

	slaveLeft(link: SlaveLink): void {
		const slave = this.#slaves.get(link.id);
		if (slave === undefined) return;
		clearTimeout(slave.unregistered);
		this.#ice.leave(link);
		this.#slaves.delete(link.id);
		this.#relay?.left(link.id);
		this.#directoryLength -= slave.data?.length ?? 0;
		this.#orphan(link.id);
		this.#backplane.withdraw(link.id);
	}

	/** Closes every link. */
	close(reason: string): void {
		this.#fanOut.close();
		this.#ice.close();
		this.#relay?.close();
		for (const { link } of this.#clients.values()) link.close(CLOSE.goingAway, reason);
		for (const { link } of this.#slaves.values()) link.close(CLOSE.goingAway, reason);
		this.#backplane.close();
	}

	#register(slave: Slave, data: string): void {
		if (slave.data !== undefined) {
			slave.link.close(CLOSE.badMessage, 'register twice');
			return;
		}
		clearTimeout(slave.unregistered);
		if (!this.#publish(slave, data)) return;
		slave.link.say({ t: 'registered', id: slave.link.id, relay: this.#relay !== undefined });
		this.#ice.join(slave.link, 'slave', slave.identity);
	}

	#publish(slave: Slave, data: string): boolean {
		const length = this.#directoryLength + data.length - (slave.data?.length ?? 0);
		if (length > this.#limits.directoryLength) {
			slave.link.close(CLOSE.limit, 'the directory is full');
			return false;
		}
		this.#directoryLength = length;
		slave.data = data;
		this.#backplane.announce({ id: slave.link.id, data, auth: slave.auth, direct: slave.direct });
		return true;
	}

	#listed(entry: DirectoryEntry): void {
		const known = this.#entries.has(entry.id);
		this.#entries.set(entry.id, entry);
		this.#directory.set(entry);
		this.#fanOut.changed();
		if (known) this.#events.updated(entry);
		else this.#events.added(entry);
	}

	#unlisted(id: string): void {
		const entry = this.#entries.get(id);
		if (entry === undefined) return;
		this.#entries.delete(id);
		this.#directory.delete(id);
		this.#fanOut.changed();
		this.#events.removed(entry);
	}

	#offer(link: ClientLink, { session, slave, attempt, sdp, ice }: Extract<ClientToMaster, { t: 'offer' }>): void {
		const refuse = (code: 'slave-gone' | 'limit-reached', reason: string): void =>
			link.say({ t: 'rejected', session, code, reason });
		const route = this.#sessions.of(link.id, session);
		const again = route?.slave === slave;
		if (!this.#entries.has(slave)) {
			refuse('slave-gone', 'the slave is not in the directory');
		} else if (!again && this.#sessions.count(link.id) >= this.#limits.sessionsPerClient) {
			refuse('limit-reached', `a client may have ${this.#limits.sessionsPerClient} sessions`);
		} else if (!again && this.#sessions.count(slave) >= this.#limits.sessionsPerSlave) {
			refuse('limit-reached', `the slave has ${this.#limits.sessionsPerSlave} sessions already`);
		} else if (!again && !this.#sessions.add({ id: session, client: link.id, slave, accepted: false })) {
			refuse('limit-reached', 'the session exists already');
		} else {
			const auth = this.#clients.get(link.id)?.auth;
			this.#backplane.send(slave, { t: 'offer', session, client: link.id, auth, attempt, sdp, ice });
		}
	}

	/** Passes a message of a session to its other end. A session that is over already loses it. */
	#pass(from: string, message: Extract<SlaveToMaster, { t: 'answer' | 'candidate' }>): void {
		const route = this.#sessions.of(from, message.session);
		if (route !== undefined) this.#backplane.send(otherEnd(route, from), message);
	}

	#accepted(slave: string, session: string): void {
		const route = this.#sessions.of(slave, session);
		if (route?.slave === slave) route.accepted = true;
	}

	#reject(slave: string, session: string, reason: string): void {
		const route = this.#sessions.of(slave, session);
		if (route === undefined) return;
		this.#sessions.delete(route);
		this.#relay?.ended(session);
		this.#backplane.send(route.client, { t: 'rejected', session, code: 'rejected', reason });
	}

	#close(from: string, session: string, reason: string): void {
		const route = this.#sessions.of(from, session);
		if (route === undefined) return;
		this.#sessions.delete(route);
		this.#relay?.ended(session);
		this.#backplane.send(otherEnd(route, from), { t: 'close', session, reason });
	}

	/** A session that is open may well go on without the master; the other end of each finds out. */
	#orphan(peer: string): void {
		for (const route of this.#sessions.drop(peer)) {
			this.#relay?.ended(route.id);
			this.#backplane.send(otherEnd(route, peer), { t: 'gone', session: route.id });
		}
	}

	#deliver(peer: string, message: PeerMessage): void {
		// A message goes to the kind of peer that its sender's route names; ids of the two kinds never collide.
		this.#clients.get(peer)?.link.say(message as MasterToClient);
		this.#slaves.get(peer)?.link.say(message as MasterToSlave);
	}
}

function otherEnd(route: SessionRoute, from: string): string {
	return route.client === from ? route.slave : route.client;
}
