import {
	type CreatePeer,
	inPlaceOfName,
	type OpenRelay,
	type PathKind,
	type RtcConfig,
	Session,
} from '../peer/index.js';
import {
	type Bound,
	type Candidate,
	cutReason,
	type Decision,
	decodeUserData,
	type EnslavismError,
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
	/** What a new WebRTC connection is made with. */
	readonly rtc: RtcConfig;
	readonly paths: readonly PathKind[];
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
	/** Offers after the first: attempts to connect that come before the session is accepted. */
	#offer: OfferMessage;
	/** Candidates that arrive before the session is accepted. */
	readonly #early: Candidate[] = [];
	/** The client's way through the master, until the session is accepted. */
	#relay: OpenRelay | undefined;

	constructor(host: IncomingHost, offer: OfferMessage) {
		this.#host = host;
		this.#id = offer.session;
		this.#offer = offer;
		this.client = offer.client;
		void this.#decide(offer);
	}

	/** The client tries again to connect over WebRTC: it is the same session, and nobody is asked again. */
	again(offer: OfferMessage): void {
		this.#offer = offer;
		this.#confirm();
		this.#answer();
	}

	/** The client has opened a way through the master. */
	relay(open: OpenRelay): boolean {
		if (this.#ended || !this.#host.paths.includes('relay')) return false;
		if (this.#peer !== undefined) this.#peer.paths.openRelay(open);
		else this.#relay = open;
		return true;
	}

	/** Whether it needs the way through the master. */
	get relayed(): boolean {
		return this.#peer?.relayed ?? false;
	}

	candidate({ address, ...candidate }: Extract<MasterToSlave, { t: 'candidate' }>): void {
		if (address !== undefined)
			this.#candidate({ ...candidate, candidate: inPlaceOfName(candidate.candidate, address) });
		this.#candidate(candidate);
	}

	#candidate(candidate: Candidate): void {
		if (this.#peer !== undefined) this.#peer.paths.candidate(candidate, candidate.attempt);
		else if (this.#early.length < LIMITS.candidatesPerSession) this.#early.push(candidate);
	}

	/** The client, or the master for it, ended the session. */
	closed(reason: string): void {
		if (this.#peer !== undefined) this.#peer.closed(withReason('session-closed', reason));
		else this.#end();
	}

	/** The client's link to the master is gone: perhaps the client is, too. */
	gone(final = false): void {
		// A client that comes back goes on with what was being opened.
		if (this.#peer === undefined) this.#end();
		else if (this.#opened) this.#peer.probe(final);
	}

	/** The slave's own link has come back: the answer may have been lost with the old one. */
	relinked(): void {
		if (!this.#opened) this.#confirm();
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
		if (this.#ended) return;
		if (decision.refusal === undefined) this.#accept(client);
		else this.#refuse(decision.refusal);
	}

	#accept(client: ClientInfo): void {
		const { createPeer, paths, send } = this.#host;
		const session = this.#id;
		let peer: Session;
		try {
			peer = new Session({
				createPeer,
				rtc: () => this.#host.rtc,
				makes: 'answer',
				timeout: WAITS.accept,
				paths,
				signals: {
					// With credentials of its own making the client has written the answer itself.
					description: (_type, sdp, attempt) => {
						if (this.#offer.ice === undefined) send({ t: 'answer', session, attempt, sdp, ...this.#wants });
					},
					candidate: (candidate, attempt) => send({ t: 'candidate', session, attempt, ...candidate }),
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
		// At once, so that the client may speak before there is a description.
		this.#confirm();
		this.#answer();
		for (const candidate of this.#early.splice(0)) peer.paths.candidate(candidate, candidate.attempt);
		if (this.#relay !== undefined) peer.paths.openRelay(this.#relay);
	}

	/** Tells the client that it is accepted. */
	#confirm(): void {
		if (this.#peer === undefined) return;
		this.#host.send({ t: 'answer', session: this.#id, attempt: this.#offer.attempt, ...this.#wants });
	}

	/** Which paths this slave takes. */
	get #wants(): { relay: boolean; rtc: boolean } {
		const { paths } = this.#host;
		return { relay: paths.includes('relay'), rtc: paths.includes('rtc') };
	}

	#answer(): void {
		const { sdp, attempt, ice } = this.#offer;
		if (sdp !== undefined && this.#host.paths.includes('rtc'))
			this.#peer?.paths.description('offer', sdp, attempt, ice);
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
