import type { ClientToMaster, MasterToSlave, SlaveToMaster } from '../wire/index.js';
import type { Backplane } from './backplane/backplane.js';
import type { MasterLimits } from './limits.js';
import type { Client, ClientLink, SlaveLink } from './members.js';
import { type AskedOffer, refusalOf } from './offers.js';
import { Relay, type RelayAllowances } from './relay.js';
import { Returning } from './returning.js';
import { type SessionRoute, Sessions } from './sessions.js';

/** Passes what is said in each session to its other end, unread, wherever that is linked. */
export class Routing {
	readonly sessions = new Sessions();
	readonly #backplane: Backplane;
	readonly #limits: MasterLimits;
	/** The way of sessions through this master; `undefined` where the operator wants none. */
	readonly relay: Relay | undefined;

	/** @param linkOf the link of a slave, while there is one */
	constructor(
		backplane: Backplane,
		limits: MasterLimits,
		relay: RelayAllowances | false,
		linkOf: (slave: string) => SlaveLink | undefined,
	) {
		this.#backplane = backplane;
		this.#limits = limits;
		if (relay === false) return;
		this.relay = new Relay(relay, (client, session) => {
			const route = this.sessions.of(client, session);
			const slave = route?.client === client ? linkOf(route.slave) : undefined;
			if (route === undefined || slave === undefined) return undefined;
			return { id: session, key: route, slave, accepted: () => this.sessions.isDecided(route) };
		});
	}

	/** A client asks for a session with a slave, which stands like that. */
	offer(
		link: ClientLink,
		client: Client | undefined,
		{ session, slave, attempt, sdp, ice, known: accepted }: Extract<ClientToMaster, { t: 'offer' }>,
		standing: Pick<AskedOffer, 'slave' | 'registering' | 'settling'>,
	): void {
		// Another attempt of a session adds none.
		const known = this.sessions.of(link.id, session);
		const again = known?.slave === slave ? 1 : 0;
		const asked = {
			...standing,
			ofClient: this.sessions.count(link.id) - again,
			ofSlave: this.sessions.count(slave) - again,
			pending: this.sessions.pending(slave) - again,
			offers: client?.offers,
		};
		const refusal = refusalOf(asked, this.#limits, performance.now());
		const route: SessionRoute = { id: session, client: link.id, slave };
		if (refusal !== undefined) link.say({ t: 'rejected', session, ...refusal });
		else if (again === 0 && !this.sessions.add(route, true))
			link.say({ t: 'rejected', session, code: 'limit-reached', reason: 'the session exists already' });
		else {
			if (known !== undefined) this.sessions.again(known);
			const { auth } = client ?? {};
			this.#backplane.send(slave, { t: 'offer', session, client: link.id, auth, attempt, sdp, ice, known: accepted });
		}
	}

	/** Passes a message of a session to its other end. A session that is over already loses it. */
	pass(from: string, message: Extract<SlaveToMaster | MasterToSlave, { t: 'answer' | 'candidate' }>): void {
		const route = this.sessions.of(from, message.session);
		if (route === undefined) return;
		if (message.t === 'answer') this.sessions.decided(route);
		else if (!this.sessions.candidate(route, from)) return;
		this.#backplane.send(otherEnd(route, from), message);
	}

	/** A slave does not want a session. */
	reject(slave: string, session: string, reason: string): void {
		const route = this.sessions.of(slave, session);
		if (route === undefined) return;
		this.sessions.delete(route);
		this.relay?.ended(session);
		this.#backplane.send(route.client, { t: 'rejected', session, code: 'rejected', reason });
	}

	/** One end of a session has closed it. */
	close(from: string, session: string, reason: string): void {
		const route = this.sessions.of(from, session);
		if (route === undefined) return;
		this.sessions.delete(route);
		this.relay?.ended(session);
		this.#backplane.send(otherEnd(route, from), { t: 'close', session, reason });
	}

	/** A peer is gone for good, and its sessions with it. */
	drop(peer: string): void {
		this.tellOfLoss(peer, true);
		for (const route of this.sessions.drop(peer)) this.relay?.ended(route.id);
	}

	/** A link is lost. A session that is open may well go on without the master; the other end of each finds out. */
	tellOfLoss(peer: string, final = false): void {
		for (const route of this.sessions.all(peer)) {
			this.#backplane.send(otherEnd(route, peer), { t: 'gone', session: route.id, final: final || undefined });
		}
	}

	/** What a peer that has come just now says of the sessions that it has already. */
	returning(peer: string, kind: 'client' | 'slave'): Returning {
		const most = kind === 'client' ? this.#limits.sessionsPerClient : this.#limits.sessionsPerSlave;
		return new Returning(peer, this.sessions, most, {
			unknown: (session) => this.#backplane.send(peer, { t: 'gone', session }),
			ended: (route) => {
				this.relay?.ended(route.id);
				this.#backplane.send(otherEnd(route, peer), { t: 'close', session: route.id, reason: '' });
			},
		});
	}
}

function otherEnd(route: SessionRoute, from: string): string {
	return route.client === from ? route.slave : route.client;
}
