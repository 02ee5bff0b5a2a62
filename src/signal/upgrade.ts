import type { StreamHandler } from '../mux/index.js';
import {
	type Channel,
	type CreatePeer,
	type IceServer,
	Session,
	type SessionOptions,
	type Signals,
} from '../peer/index.js';
import * as CLOSE from '../wire/close-codes.js';
import { EnslavismError } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import * as WAITS from '../wire/waits.js';
import { type Agreement, readAgreement } from './agreement.js';
import type { SignalHost } from './host.js';
import { type CreateMux, PeerConnection } from './peer-connection.js';
import type { PipedSocket, SocketMessageEvent } from './piped-socket.js';
import { socketRelay } from './socket-relay.js';

/** What connections between peers need from their host. */
export interface PeerHost<Face extends StreamHandler> extends SignalHost {
	/** Makes the connection of a side that answers. */
	createAnswerer: CreatePeer;
	createMux: CreateMux<Face>;
}

/** How connections between peers are made. */
export interface PathOptions {
	/** STUN and TURN servers. Default: none. */
	iceServers?: IceServer[];
	/** Whether to try WebRTC at all. Default `true`. */
	rtc?: boolean;
}

/** What a socket to a peer is upgraded with. */
export interface UpgradeOptions<Face extends StreamHandler> extends PathOptions {
	readonly host: PeerHost<Face>;
	/** To the other side; open or opening. */
	readonly socket: PipedSocket;
	/** The other side's id. */
	readonly id: string;
	/** Whether this side begins; the other one does not. */
	readonly opens: boolean;
	/** Told once: the connection, or why there is none. Not told after {@link Upgrade.abort}. */
	done(result: PeerConnection<Face> | EnslavismError): void;
}

/** The channel that carries the streams. Both sides create it, so that it costs no round trip. */
const STREAMS = { label: 'enslavism.streams', negotiated: true, id: LIMITS.channelIdMost + 1 } as const;

/** One session that may become the connection. */
interface Attempt {
	readonly n: number;
	readonly path: 'rtc' | 'relay';
	readonly session: Session;
	readonly began: number;
	/** What the other side opened meanwhile. */
	readonly early: Channel[];
	/** The channel for the streams, once it is open. */
	streams: Channel | undefined;
	failed: boolean;
}

/**
 * Makes a connection out of a socket between two peers: over WebRTC, which the two agree on over the socket, or else over
 * the socket itself.
 *
 *     opens:    attempt ──▶ attempt … ──▶ rtc, or relay
 *     answers:  as the other side says
 *
 * The side that opens decides, so that both take the same path.
 */
export class Upgrade<Face extends StreamHandler> {
	readonly #options: UpgradeOptions<Face>;
	readonly #bound: unknown;
	/** The end of trying WebRTC, at the side that opens. */
	#patience: unknown;
	#attempt: Attempt | undefined;
	/** The attempt that the other side has decided for. */
	#decided: number | undefined;
	#over = false;

	constructor(options: UpgradeOptions<Face>) {
		this.#options = options;
		const { socket, opens } = options;
		this.#bound = setTimeout(() => this.#fail(new EnslavismError('connect-timeout')), WAITS.peerOpen);
		socket.on('message', this.#hear).on('close', this.#lost);
		if (opens && socket.readyState === 'open') this.#begin();
		else if (opens) socket.once('open', this.#begin);
		if (socket.readyState === 'closed') queueMicrotask(this.#lost);
	}

	/**
	 * Gives up, on both sides.
	 *
	 * @param code of the close of the socket
	 */
	abort(code: number = CLOSE.normal, reason = ''): void {
		this.#end();
		this.#attempt?.session.fail(new EnslavismError('session-closed'));
		this.#options.socket.close(code, reason);
	}

	readonly #begin = (): void => {
		if (this.#over) return;
		if (this.#options.rtc === false) this.#relay(1);
		else this.#offer(1);
	};

	readonly #hear = ({ data }: SocketMessageEvent): void => {
		const message = readAgreement(data);
		if (message === undefined) {
			this.#fail(new EnslavismError('bad-message', NO_AGREEMENT), CLOSE.badMessage);
		} else if (this.#options.opens) this.#heardByOpener(message);
		else this.#heardByAnswerer(message);
	};

	#heardByOpener(message: Agreement): void {
		const attempt = this.#attempt;
		if (attempt === undefined || message.n !== attempt.n) return;
		if (message.t === 'answer') attempt.session.paths.description('answer', message.sdp);
		else if (message.t === 'candidate') attempt.session.paths.candidate(message);
		else if (message.t === 'failed') attempt.session.fail(new EnslavismError('rtc-failed'));
	}

	#heardByAnswerer(message: Agreement): void {
		if (message.t === 'offer') this.#answer(message.n, message.sdp);
		else if (message.t === 'relay') this.#relay(message.n);
		else if (message.t === 'rtc') this.#agreed(message.n);
		else if (message.t === 'candidate' && message.n === this.#attempt?.n)
			this.#attempt.session.paths.candidate(message);
	}

	#offer(n: number): void {
		this.#attempt = this.#direct(n);
		if (this.#attempt === undefined) {
			this.#relay(n + 1);
			return;
		}
		// For all attempts together.
		this.#patience ??= setTimeout(() => this.#relay((this.#attempt?.n ?? 0) + 1), WAITS.peerDirect);
		this.#attempt.session.start();
	}

	#answer(n: number, sdp: string): void {
		if (n <= (this.#attempt?.n ?? 0) || n > LIMITS.retries + 1) return;
		this.#drop();
		this.#attempt = this.#options.rtc === false ? undefined : this.#direct(n);
		if (this.#attempt === undefined) {
			this.#say({ t: 'failed', n });
			return;
		}
		this.#attempt.session.start();
		this.#attempt.session.paths.description('offer', sdp);
	}

	/** An attempt at WebRTC; `undefined` where this host cannot make one. */
	#direct(n: number): Attempt | undefined {
		const { host, opens } = this.#options;
		try {
			return this.#try(n, 'rtc', {
				createPeer: opens ? host.createPeer : host.createAnswerer,
				signals: {
					description: (t, sdp = '') => this.#say({ t, n, sdp }),
					candidate: ({ candidate, mid }) => this.#say({ t: 'candidate', n, candidate, mid }),
				},
			});
		} catch {
			return undefined;
		}
	}

	#relay(n: number): void {
		const { socket, opens } = this.#options;
		clearTimeout(this.#patience);
		this.#drop();
		this.#stopHearing();
		if (opens) this.#say({ t: 'relay', n });
		const open = socketRelay(socket);
		const attempt = this.#try(n, 'relay', {
			createPeer: this.#options.host.createPeer,
			signals: NO_SIGNALS,
			openRelay: open,
		});
		this.#attempt = attempt;
		this.#decided = n;
		attempt.session.start();
		// Both have agreed on it.
		if (opens) attempt.session.paths.accept();
		else attempt.session.paths.openRelay(open);
	}

	#try(n: number, path: Attempt['path'], how: Pick<SessionOptions, 'createPeer' | 'signals' | 'openRelay'>): Attempt {
		const { opens, iceServers = [] } = this.#options;
		const session = new Session({
			...how,
			rtc: () => ({ iceServers }),
			makes: opens ? 'offer' : 'answer',
			timeout: WAITS.peerOpen,
			paths: [path],
			retries: false,
		});
		const early: Channel[] = [];
		const attempt: Attempt = { n, path, session, began: performance.now(), early, streams: undefined, failed: false };
		session.on('datachannel', (channel) => {
			if (!this.#over) early.push(channel);
		});
		session.on('close', (error) => this.#closed(attempt, error));
		const { label, ...options } = STREAMS;
		session.createDataChannel(label, options).then(
			(streams) => {
				attempt.streams = streams;
				this.#opened(attempt);
			},
			// The session is closed, and says so itself.
			() => {},
		);
		return attempt;
	}

	#opened(attempt: Attempt): void {
		if (attempt !== this.#attempt || this.#over) return;
		if (this.#decided === attempt.n) this.#finish(attempt);
		else if (this.#options.opens) {
			this.#say({ t: 'rtc', n: attempt.n });
			this.#finish(attempt);
		}
	}

	/** The other side's end of this attempt is open. */
	#agreed(n: number): void {
		const attempt = this.#attempt;
		if (n !== attempt?.n) return;
		this.#decided = n;
		// Its end here has just failed: the connection was open, and is lost.
		if (attempt.failed) this.#fail(new EnslavismError('session-closed'));
		else this.#opened(attempt);
	}

	#closed(attempt: Attempt, error: EnslavismError): void {
		attempt.failed = true;
		if (attempt !== this.#attempt || this.#over) return;
		if (this.#decided !== undefined) this.#fail(error);
		else if (!this.#options.opens) this.#say({ t: 'failed', n: attempt.n });
		else if (this.#isAccident(attempt, error)) this.#offer(attempt.n + 1);
		else this.#relay(attempt.n + 1);
	}

	/** Two programs of one machine may fail in their first moments; see ARCHITECTURE.md. */
	#isAccident({ n, began }: Attempt, { code }: EnslavismError): boolean {
		return code === 'rtc-failed' && n <= LIMITS.retries && performance.now() - began < WAITS.retry;
	}

	#finish({ path, session, streams, early }: Attempt): void {
		const { host, socket, id, opens, done } = this.#options;
		if (streams === undefined || this.#over) return;
		this.#end();
		if (path === 'rtc') socket.close();
		done(new PeerConnection({ id, opened: opens, path, session, streams, early, createMux: host.createMux }));
	}

	readonly #lost = (): void => {
		// Once the other side has decided for WebRTC it needs the socket no more.
		if (this.#decided === undefined) this.#fail(new EnslavismError('link-closed', 'the socket to the peer is closed'));
	};

	/** Forgets the attempt that there is. */
	#drop(): void {
		const dropped = this.#attempt;
		this.#attempt = undefined;
		dropped?.session.fail(new EnslavismError('rtc-failed'));
	}

	#say(message: Agreement): void {
		const { socket } = this.#options;
		if (socket.readyState === 'open') socket.send(JSON.stringify(message));
	}

	#fail(error: EnslavismError, code?: number): void {
		if (this.#over) return;
		this.abort(code, error.message);
		this.#options.done(error);
	}

	#stopHearing(): void {
		this.#options.socket.off('message', this.#hear).off('close', this.#lost).off('open', this.#begin);
	}

	#end(): void {
		this.#over = true;
		clearTimeout(this.#bound);
		clearTimeout(this.#patience);
		this.#stopHearing();
	}
}

const NO_AGREEMENT = 'that is not how peers agree on a connection';

const NO_SIGNALS: Signals = { description: () => {}, candidate: () => {} };
