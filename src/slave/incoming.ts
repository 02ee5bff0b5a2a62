import { type CreatePeer, type RtcConfig, Session } from '../peer/index.js';
import {
	type Bound,
	type Candidate,
	cutReason,
	type Decision,
	decodeUserData,
	EnslavismError,
	type MasterToSlave,
	messageOf,
	type SlaveToMaster,
	withReason,
} from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import * as WAITS from '../wire/waits.js';
import { ClientConnection, type ClientInfo } from './client-connection.js';

export type OfferMessage = Extract<MasterToSlave, { t: 'offer' }>;

/** An offer of a client, before it is accepted. */
export interface Offer {
	/** The session it would open. */
	readonly session: string;
	/** Who asks. */
	readonly client: ClientInfo;
}

/** What an incoming session needs from its slave. */
export interface IncomingHost {
	readonly createPeer: CreatePeer;
	/** What a new session is made with. */
	readonly rtc: RtcConfig;
	send(message: SlaveToMaster): void;
	decide(offer: Offer, bound: Bound): Promise<Decision>;
	connected(connection: ClientConnection): void;
	disconnected(connection: ClientConnection): void;
	/** The session is over, whether it ever opened or not. */
	ended(session: string): void;
	/** Something failed that no listener of the session can be told. */
	report(thrown: unknown): void;
}

/**
 * One session at the slave, from the client's offer on.
 *
 *     deciding ──▶ connecting ──▶ open ──▶ ended
 *         └────────────┴──────────────────▲
 */
export class Incoming {
	/** Id of the client. */
	readonly client: string;
	readonly #host: IncomingHost;
	readonly #id: string;
	#opened = false;
	#ended = false;
	#peer: Session | undefined;
	/** Ends the wait for the listeners. */
	#hurry: (() => void) | undefined;
	/** Candidates that arrive before the session is accepted. */
	readonly #early: Candidate[] = [];

	constructor(host: IncomingHost, offer: OfferMessage) {
		this.#host = host;
		this.#id = offer.session;
		this.client = offer.client;
		void this.#decide(offer);
	}

	candidate(candidate: Candidate): void {
		if (this.#peer !== undefined) this.#peer.candidate(candidate);
		else if (this.#early.length < LIMITS.candidatesPerSession) this.#early.push(candidate);
	}

	/** The client, or the master for it, ended the session. */
	closed(reason: string): void {
		if (this.#peer !== undefined) this.#peer.closed(withReason('session-closed', reason));
		else this.#end();
	}

	/** The client's link to the master is gone: perhaps the client is, too. */
	gone(): void {
		if (this.#peer === undefined) this.#end();
		else if (this.#opened) this.#peer.probe();
		// A client that comes back begins anew what was not open.
		else this.#peer.fail(new EnslavismError('session-closed', 'the client has lost the master'));
	}

	/** The slave's own link has come back: the answer may have been lost with the old one, and the client begins anew. */
	relinked(): void {
		if (!this.#opened) this.#peer?.fail(new EnslavismError('rtc-failed', 'the slave had lost the master'));
	}

	/** The slave itself ends the session. */
	close(reason: string): void {
		if (this.#peer !== undefined) this.#peer.close(reason);
		else this.#refuse(reason || 'the slave has closed');
	}

	async #decide(message: OfferMessage): Promise<void> {
		const client: ClientInfo = { id: message.client, auth: this.#identity(message.auth) };
		const decision = await this.#host.decide({ session: this.#id, client }, (expire) => {
			this.#hurry = expire;
			const timer = setTimeout(expire, WAITS.offer);
			return () => clearTimeout(timer);
		});
		if ('error' in decision) this.#host.report(decision.error);
		if (this.#ended) return;
		if (decision.refusal === undefined) this.#accept(client, message.sdp);
		else this.#refuse(decision.refusal);
	}

	#accept(client: ClientInfo, sdp: string): void {
		const { createPeer, rtc, send } = this.#host;
		const session = this.#id;
		let peer: Session;
		try {
			peer = new Session({
				createPeer,
				rtc: { ...rtc },
				makes: 'answer',
				timeout: WAITS.accept,
				signals: {
					description: (_type, answer) => send({ t: 'answer', session, sdp: answer }),
					candidate: (candidate) => send({ t: 'candidate', session, ...candidate }),
				},
			});
		} catch (thrown) {
			this.#host.report(thrown);
			this.#refuse(`the slave cannot take the session: ${messageOf(thrown)}`);
			return;
		}
		this.#peer = peer;
		const connection = new ClientConnection(session, client, peer);
		peer.on('open', () => {
			this.#opened = true;
			this.#host.connected(connection);
		});
		peer.on('close', (error) => this.#over(connection, error));
		peer.start();
		peer.description('offer', sdp);
		for (const candidate of this.#early.splice(0)) peer.candidate(candidate);
	}

	#over(connection: ClientConnection, error: EnslavismError): void {
		this.#host.send({ t: 'close', session: this.#id, reason: cutReason(error.reason ?? error.message) });
		this.#end();
		this.#host.disconnected(connection);
	}

	#refuse(reason: string): void {
		this.#host.send({ t: 'reject', session: this.#id, reason: cutReason(reason) });
		this.#end();
	}

	#end(): void {
		if (this.#ended) return;
		this.#ended = true;
		this.#hurry?.();
		this.#host.ended(this.#id);
	}

	#identity(encoded: string | undefined): unknown {
		if (encoded === undefined) return undefined;
		try {
			return decodeUserData(encoded);
		} catch (thrown) {
			this.#host.report(thrown);
			return undefined;
		}
	}
}
