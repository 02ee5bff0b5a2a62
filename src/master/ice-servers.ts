import { createHmac } from 'node:crypto';
import { EnslavismError, type IceServer, iceServersFrom, type MasterToClient } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';

/** A TURN server that the master makes credentials for, as coturn understands them (`use-auth-secret`). */
export interface TurnOptions {
	/** Such as `turn:turn.example.com:3478` or `turns:turn.example.com?transport=tcp`; one or several. */
	urls: string | string[];
	/** What the server calls `static-auth-secret`. It never leaves the master. */
	secret: string;
	/** How long credentials are valid, in seconds, 1 to 2 592 000. A peer always has some that are for half as long. Default 3600. */
	ttl?: number;
}

/** Chooses servers for a peer by its identity: what the auth listener returned, `undefined` if nothing. */
export type ChooseIceServers = (identity: unknown, kind: 'client' | 'slave') => IceServer[] | Promise<IceServer[]>;

/** The part of a master's options that is about ICE servers. */
export interface IceOptions {
	/** STUN and TURN servers for the sessions of all clients and slaves, or what chooses them for each. Default: none. */
	iceServers?: IceServer[] | ChooseIceServers;
	/** A TURN server with short-lived credentials, another pair for each client and slave. Default: none. */
	turn?: TurnOptions;
}

/** A link that is told of servers. */
export interface IceLink {
	readonly id: string;
	say(message: Extract<MasterToClient, { t: 'ice' }>): void;
}

interface Told {
	kind: 'client' | 'slave';
	identity: unknown;
	/** When it was told last, in ms. */
	at: number;
	/** Whether it knows of servers, and would have to be told that there are none any more. */
	knows: boolean;
}

const DEFAULT_TTL = 3600;

/**
 * Tells every link which STUN and TURN servers its sessions may use, once when it comes and, where credentials run
 * out, again at half of their time. One timer serves all links, and there is none without `turn`.
 */
export class IceServers {
	readonly #choose: ChooseIceServers;
	readonly #turn: TurnOptions | undefined;
	readonly #report: (error: unknown) => void;
	/** In the order in which they were told. */
	readonly #links = new Map<IceLink, Told>();
	#timer: NodeJS.Timeout | undefined;

	/** @throws EnslavismError `bad-option` */
	constructor({ iceServers = [], turn }: IceOptions, report: (error: unknown) => void) {
		this.#choose = typeof iceServers === 'function' ? iceServers : always(iceServersFrom(iceServers));
		this.#turn = turn;
		this.#report = report;
		if (turn !== undefined) checkTurn(turn);
	}

	/** A link is there: it is told at once, unless the servers are chosen by a promise. */
	join(link: IceLink, kind: 'client' | 'slave', identity: unknown): void {
		const told: Told = { kind, identity, at: 0, knows: false };
		this.#links.set(link, told);
		this.#tell(link, told);
		this.#schedule();
	}

	leave(link: IceLink): void {
		this.#links.delete(link);
		if (this.#links.size === 0) this.close();
	}

	close(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		this.#links.clear();
	}

	#tell(link: IceLink, told: Told): void {
		told.at = performance.now();
		// Behind all others: the first link is always the one that is due next.
		this.#links.delete(link);
		this.#links.set(link, told);
		try {
			const chosen = this.#choose(told.identity, told.kind);
			if (!(chosen instanceof Promise)) this.#say(link, told, chosen);
			else chosen.then((servers) => this.#say(link, told, servers)).catch((error) => this.#failed(link, told, error));
		} catch (error) {
			this.#failed(link, told, error);
		}
	}

	/** What the operator chose cannot be used; the master's own TURN server can. */
	#failed(link: IceLink, told: Told, error: unknown): void {
		this.#report(error);
		this.#say(link, told, []);
	}

	#say(link: IceLink, told: Told, chosen: IceServer[]): void {
		if (this.#links.get(link) !== told) return;
		const servers = [...iceServersFrom(chosen), ...this.#minted(link.id)];
		if (servers.length > 0 || told.knows) link.say({ t: 'ice', servers });
		told.knows = servers.length > 0;
	}

	/** A user name that says when it runs out, and its signature: "A REST API For Access To TURN Services", section 2.2. */
	#minted(id: string): IceServer[] {
		if (this.#turn === undefined) return [];
		const { urls, secret, ttl = DEFAULT_TTL } = this.#turn;
		const username = `${Math.ceil(Date.now() / 1000) + ttl}:${id}`;
		return [{ urls, username, credential: createHmac('sha1', secret).update(username).digest('base64') }];
	}

	#schedule(): void {
		const [first] = this.#links.values();
		if (this.#turn === undefined || this.#timer !== undefined || first === undefined) return;
		const half = ((this.#turn.ttl ?? DEFAULT_TTL) * 1000) / 2;
		this.#timer = setTimeout(
			() => {
				this.#timer = undefined;
				const now = performance.now();
				// Those that are told go to the end of the map, where they are not due.
				for (const [link, told] of this.#links) {
					if (told.at + half > now) break;
					this.#tell(link, told);
				}
				this.#schedule();
			},
			Math.max(1, first.at + half - performance.now()),
		);
	}
}

function always(servers: IceServer[]): ChooseIceServers {
	return () => servers;
}

function checkTurn({ urls, secret, ttl = DEFAULT_TTL }: TurnOptions): void {
	const refuse = (problem: string): never => {
		throw new EnslavismError('bad-option', `turn: ${problem}`);
	};
	if (typeof secret !== 'string' || secret === '') refuse('secret must be a string');
	if (!(Number.isInteger(ttl) && ttl >= 1 && ttl <= LIMITS.turnTtl)) {
		refuse(`ttl must be a whole number of seconds from 1 to ${LIMITS.turnTtl}`);
	}
	iceServersFrom([{ urls, username: 'anybody', credential: 'anything' }]);
	if ([urls].flat().some((url) => !/^turns?:/.test(url))) refuse('urls must be of TURN servers');
}
