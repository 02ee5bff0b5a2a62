import type { ClientToMaster, SlaveToMaster } from '../wire/index.js';
import type { Backplane } from './backplane/backplane.js';
import type { MasterLimits } from './limits.js';
import type { Client, ClientLink } from './members.js';
import { type AskedOffer, refusalOf } from './offers.js';
import { Returning } from './returning.js';
import { type SessionRoute, Sessions } from './sessions.js';

/** Passes what is said in each session to its other end, unread, wherever that is linked. */
export class Routing {
	readonly sessions = new Sessions();
	readonly #backplane: Backplane;
	readonly #limits: MasterLimits;

	constructor(backplane: Backplane, limits: MasterLimits) {
		this.#backplane = backplane;
		this.#limits = limits;
	}

	/** A client asks for a session with a slave, which stands like that. */
	offer(
		link: ClientLink,
		client: Client | undefined,
		{ session, slave, sdp }: Extract<ClientToMaster, { t: 'offer' }>,
		standing: Pick<AskedOffer, 'slave' | 'registering' | 'settling'>,
	): void {
		const asked = {
			...standing,
			ofClient: this.sessions.count(link.id),
			ofSlave: this.sessions.count(slave),
			pending: this.sessions.pending(slave),
			offers: client?.offers,
		};
		const refusal = refusalOf(asked, this.#limits, performance.now());
		const route: SessionRoute = { id: session, client: link.id, slave };
		if (refusal !== undefined) link.say({ t: 'rejected', session, ...refusal });
		else if (!this.sessions.add(route, true))
			link.say({ t: 'rejected', session, code: 'limit-reached', reason: 'the session exists already' });
		else this.#backplane.send(slave, { t: 'offer', session, client: link.id, auth: client?.auth, sdp });
	}

	/** Passes a message of a session to its other end. A session that is over already loses it. */
	pass(from: string, message: Extract<SlaveToMaster, { t: 'answer' | 'candidate' }>): void {
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
		this.#backplane.send(route.client, { t: 'rejected', session, code: 'rejected', reason });
	}

	/** One end of a session has closed it. */
	close(from: string, session: string, reason: string): void {
		const route = this.sessions.of(from, session);
		if (route === undefined) return;
		this.sessions.delete(route);
		this.#backplane.send(otherEnd(route, from), { t: 'close', session, reason });
	}

	/** A link is lost. A session that is open may well go on without the master; the other end of each finds out. */
	tellOfLoss(peer: string): void {
		for (const route of this.sessions.all(peer)) {
			this.#backplane.send(otherEnd(route, peer), { t: 'gone', session: route.id });
		}
	}

	/** What a peer that has come just now says of the sessions that it has already. */
	returning(peer: string, kind: 'client' | 'slave'): Returning {
		const most = kind === 'client' ? this.#limits.sessionsPerClient : this.#limits.sessionsPerSlave;
		return new Returning(peer, this.sessions, most, {
			unknown: (session) => this.#backplane.send(peer, { t: 'gone', session }),
			ended: (route) => this.#backplane.send(otherEnd(route, peer), { t: 'close', session: route.id, reason: '' }),
		});
	}
}

function otherEnd(route: SessionRoute, from: string): string {
	return route.client === from ? route.slave : route.client;
}
