import * as CLOSE from '../wire/close-codes.js';
import type {
	ClientToMaster,
	DirectoryEntry,
	MasterToClient,
	MasterToSlave,
	ServerName,
	SlaveToMaster,
} from '../wire/index.js';
import * as WAITS from '../wire/waits.js';
import type { Backplane, PeerMessage } from './backplane/backplane.js';
import { Directory } from './directory.js';
import { FanOut } from './fan-out.js';
import type { IceServers } from './ice-servers.js';
import type { MasterLimits } from './limits.js';
import { answerTo, type MayHave, Names } from './names.js';
import type { PeerLink } from './peer-link.js';
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
	unregistered: NodeJS.Timeout | undefined;
	/** Asks whether it may have a name; `undefined` for a slave that is to be listed. */
	mayHave: MayHave | undefined;
	/** The name that it has instead of being listed, or is about to get. */
	server: ServerName | undefined;
}

/**
 * The meeting point: knows every link, keeps the directory, and passes the messages of each session to its other
 * end, unread. A client reaches only slaves in the directory, and those whose name it knows, a slave only clients that have a session with it.
 */
export class Hub {
	/** The names of stream servers. */
	readonly names: Names;
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
	#directoryLength = 0;

	constructor(backplane: Backplane, limits: MasterLimits, tick: number, ice: IceServers, events: HubEvents) {
		this.#backplane = backplane;
		this.#limits = limits;
		this.#ice = ice;
		this.#events = events;
		this.#fanOut = new FanOut(this.#directory, tick);
		this.names = new Names(backplane);
		backplane.start({
			slave: (entry) => this.#listed(entry),
			slaveLeft: (id) => this.#unlisted(id),
			claimed: (name, entry) => this.names.claimed(name, entry),
			released: (name) => this.names.released(name),
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
		link.say({ t: 'welcome', id: link.id });
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
				return;
			case 'find':
				this.names.find(link.id, message, message.wait, (found) => link.say(answerTo(message.n, found)));
		}
	}

	clientLeft(link: ClientLink): void {
		this.#fanOut.leave(link);
		this.names.forget(link.id);
		this.#ice.leave(link);
		this.#clients.delete(link.id);
		this.#orphan(link.id);
	}

	/** @param mayHave for a link of a slave that has a name instead of being listed */
	slaveJoined(link: SlaveLink, auth: string | undefined, identity: unknown, mayHave?: MayHave): void {
		const unregistered = setTimeout(
			() => link.close(CLOSE.timeout, 'the slave did not register in time'),
			WAITS.register,
		);
		this.#slaves.set(link.id, { link, auth, identity, data: undefined, unregistered, mayHave, server: undefined });
	}

	slaveSaid(link: SlaveLink, message: SlaveToMaster): void {
		const slave = this.#slaves.get(link.id);
		if (slave === undefined) return;
		if (message.t === 'register') {
			this.#register(slave, message);
			return;
		}
		if (slave.data === undefined) {
			link.close(CLOSE.badMessage, `${message.t} before register`);
			return;
		}
		switch (message.t) {
			case 'update':
				if (slave.mayHave === undefined) this.#publish(slave, message.data);
				else link.close(CLOSE.badMessage, 'a stream server has nothing to update');
				return;
			case 'answer':
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
		this.#directoryLength -= slave.data?.length ?? 0;
		this.#orphan(link.id);
		if (slave.server === undefined) this.#backplane.withdraw(link.id);
		else this.names.release(slave.server, link.id);
	}

	/** Says something to a client or slave, wherever it is linked. */
	tell(peer: string, message: PeerMessage): void {
		this.#backplane.send(peer, message);
	}

	/** Closes every link. */
	close(reason: string): void {
		this.#fanOut.close();
		this.names.close();
		this.#ice.close();
		for (const { link } of this.#clients.values()) link.close(CLOSE.goingAway, reason);
		for (const { link } of this.#slaves.values()) link.close(CLOSE.goingAway, reason);
		this.#backplane.close();
	}

	#register(slave: Slave, { data, server }: Extract<SlaveToMaster, { t: 'register' }>): void {
		const { link, mayHave } = slave;
		if (slave.data !== undefined) {
			link.close(CLOSE.badMessage, 'register twice');
			return;
		}
		clearTimeout(slave.unregistered);
		if ((server === undefined) !== (mayHave === undefined)) {
			link.close(CLOSE.badMessage, 'only stream servers have a name, and all of them');
		} else if (server !== undefined && mayHave !== undefined) {
			void this.#name(slave, server, mayHave, data);
		} else if (this.#publish(slave, data)) {
			this.#registered(slave);
		}
	}

	#registered({ link, identity }: Slave): void {
		link.say({ t: 'registered', id: link.id });
		this.#ice.join(link, 'slave', identity);
	}

	/** Gives a slave a name instead of a place in the list. */
	async #name(slave: Slave, server: ServerName, mayHave: MayHave, data: string): Promise<void> {
		if (!this.#keep(slave, data)) return;
		const { link, auth } = slave;
		const refusal = await this.names.give(server, { id: link.id, data, auth }, mayHave);
		if (refusal !== undefined) link.close(refusal.code, refusal.reason);
		else if (this.#slaves.has(link.id)) {
			slave.server = server;
			this.#registered(slave);
		} else this.names.release(server, link.id);
	}

	#publish(slave: Slave, data: string): boolean {
		if (!this.#keep(slave, data)) return false;
		this.#backplane.announce({ id: slave.link.id, data, auth: slave.auth });
		return true;
	}

	/** Keeps what a slave says of itself, if there is room. */
	#keep(slave: Slave, data: string): boolean {
		const length = this.#directoryLength + data.length - (slave.data?.length ?? 0);
		if (length > this.#limits.directoryLength) {
			slave.link.close(CLOSE.limit, 'the directory is full');
			return false;
		}
		this.#directoryLength = length;
		slave.data = data;
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

	#offer(link: ClientLink, { session, slave, sdp }: Extract<ClientToMaster, { t: 'offer' }>): void {
		const refuse = (code: 'slave-gone' | 'limit-reached', reason: string): void =>
			link.say({ t: 'rejected', session, code, reason });
		if (!this.#entries.has(slave) && !this.names.has(slave)) {
			refuse('slave-gone', 'the slave is not in the directory');
		} else if (this.#sessions.count(link.id) >= this.#limits.sessionsPerClient) {
			refuse('limit-reached', `a client may have ${this.#limits.sessionsPerClient} sessions`);
		} else if (this.#sessions.count(slave) >= this.#limits.sessionsPerSlave) {
			refuse('limit-reached', `the slave has ${this.#limits.sessionsPerSlave} sessions already`);
		} else if (!this.#sessions.add({ id: session, client: link.id, slave })) {
			refuse('limit-reached', 'the session exists already');
		} else {
			const auth = this.#clients.get(link.id)?.auth;
			this.#backplane.send(slave, { t: 'offer', session, client: link.id, auth, sdp });
		}
	}

	/** Passes a message of a session to its other end. A session that is over already loses it. */
	#pass(from: string, message: Extract<SlaveToMaster, { t: 'answer' | 'candidate' }>): void {
		const route = this.#sessions.of(from, message.session);
		if (route !== undefined) this.#backplane.send(otherEnd(route, from), message);
	}

	#reject(slave: string, session: string, reason: string): void {
		const route = this.#sessions.of(slave, session);
		if (route === undefined) return;
		this.#sessions.delete(route);
		this.#backplane.send(route.client, { t: 'rejected', session, code: 'rejected', reason });
	}

	#close(from: string, session: string, reason: string): void {
		const route = this.#sessions.of(from, session);
		if (route === undefined) return;
		this.#sessions.delete(route);
		this.#backplane.send(otherEnd(route, from), { t: 'close', session, reason });
	}

	/** A session that is open may well go on without the master; the other end of each finds out. */
	#orphan(peer: string): void {
		for (const route of this.#sessions.drop(peer)) {
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
