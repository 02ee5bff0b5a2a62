import { Backoff, type LastingSocket } from '../link/index.js';
import * as CLOSE from '../wire/close-codes.js';
import { Emitter, EnslavismError, fitsInPath, isName, newId } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import * as WAITS from '../wire/waits.js';
import { openService, protocolsFor, type SignalHost, type SignalOptions, serviceUrl } from './host.js';
import { PipedSocket } from './piped-socket.js';

/** A peer that has joined the same key, and the socket to it. */
export interface IntroducedPeer {
	/** The id that the peer gave itself. */
	readonly id: string;
	readonly key: string;
	/** Whether this side is to begin where one of the two has to: it has the greater id. */
	readonly opens: boolean;
	readonly socket: PipedSocket;
}

export type IntroducerEvents = {
	/** The service is reached, for the first time or again. */
	open: [];
	/** A peer is there, with an open socket. */
	peer: [peer: IntroducedPeer];
	/** Its socket is closed, by whichever side. */
	peerleft: [peer: IntroducedPeer];
	/** The service was lost; it will be tried again in `delay` milliseconds. Sockets to peers may live on. */
	lost: [error: EnslavismError, delay: number];
	/** The end: `close()` was called, or the master does not want this peer. */
	close: [error: EnslavismError];
};

/** How a socket is lost that both sides still want: not by a word of the peer. */
const BROKEN: readonly number[] = [CLOSE.goingAway, 1006, CLOSE.timeout];

/** Keys in one message: of the longest, less than a master reads. */
const KEYS_AT_ONCE = 100;

/**
 * Finds peers that have joined the same keys, and connects to each. It meets the clients of `cevitxe-signal-server`
 * and `@localfirst/relay` as well as its own kind.
 */
export class BaseIntroducer extends Emitter<IntroducerEvents> {
	/** The id that others see. */
	readonly id: string;
	readonly #host: SignalHost;
	readonly #masterUrl: string;
	readonly #protocols: string[];
	readonly #service: LastingSocket;
	readonly #keys = new Set<string>();
	/** By {@link placeOf}. */
	readonly #peers = new Map<string, IntroducedPeer>();
	readonly #backoff = new Backoff();
	/** Keys to join again, since a socket was lost. */
	readonly #again = new Set<string>();
	#timer: unknown;

	protected constructor(host: SignalHost, masterUrl = '', id = newId(), options: SignalOptions = {}) {
		super();
		checkName('an id', id, LIMITS.introductionIdLength);
		this.id = id;
		this.#host = host;
		this.#masterUrl = masterUrl;
		this.#protocols = protocolsFor(options);
		this.#service = openService(host, masterUrl, ['introduction', id], options, {
			opened: () => {
				this.#say('Join', [...this.#keys]);
				this.emit('open');
			},
			message: (data) => this.#hear(data),
			lost: (error, delay) => this.emit('lost', error, delay),
			closed: (error) => {
				this.#end();
				this.emit('close', error);
			},
		});
	}

	/** Whether the service is reached now. */
	get open(): boolean {
		return this.#service.state === 'open';
	}

	/** The keys that are joined. */
	get keys(): string[] {
		return [...this.#keys];
	}

	/** The peers whose sockets are open. */
	get peers(): IntroducedPeer[] {
		return [...this.#peers.values()].filter(({ socket }) => socket.readyState === 'open');
	}

	/**
	 * Meets everybody who has joined this key or will.
	 *
	 * @param key 1 to 1024 characters, not `.` or `..`
	 * @throws EnslavismError `bad-option`
	 */
	join(key: string): this {
		checkName('a key', key, LIMITS.introductionKeyLength);
		this.#keys.add(key);
		this.#say('Join', [key]);
		return this;
	}

	/** Meets nobody any more for this key, and closes the sockets that were opened for it. */
	leave(key: string): this {
		if (!this.#keys.delete(key)) return this;
		this.#say('Leave', [key]);
		for (const peer of [...this.#peers.values()]) if (peer.key === key) peer.socket.close();
		return this;
	}

	/** Leaves everything. */
	close(): void {
		this.#service.close();
	}

	#say(type: 'Join' | 'Leave', keys: string[]): void {
		for (let at = 0; at < keys.length; at += KEYS_AT_ONCE) {
			this.#service.send(JSON.stringify({ type, [type.toLowerCase()]: keys.slice(at, at + KEYS_AT_ONCE) }));
		}
	}

	#hear(data: string | Uint8Array): void {
		const introduced = readIntroduction(data);
		if (introduced === undefined) {
			this.#service.close(CLOSE.badMessage, 'that is no introduction');
			return;
		}
		for (const key of introduced.keys) if (this.#keys.has(key)) this.#meet(introduced.id, key);
	}

	#meet(id: string, key: string): void {
		const place = placeOf(id, key);
		if (id === this.id || this.#peers.has(place) || this.#peers.size >= LIMITS.introducedSockets) return;
		const url = serviceUrl(this.#host, this.#masterUrl, ['connection', this.id, id, key]);
		const peer = { id, key, opens: this.id > id, socket: new PipedSocket(this.#host.openSocket, url, this.#protocols) };
		this.#peers.set(place, peer);
		let openedAt: number | undefined;
		peer.socket.on('open', () => {
			openedAt = performance.now();
			this.emit('peer', peer);
		});
		peer.socket.on('close', ({ code }) => {
			this.#peers.delete(place);
			if (openedAt !== undefined) this.emit('peerleft', peer);
			if (BROKEN.includes(code)) this.#joinAgain(key, openedAt);
		});
	}

	/** Has everybody with this key introduced once more, in a while: those who are still connected pass it over. */
	#joinAgain(key: string, openedAt: number | undefined): void {
		if (this.#service.state === 'closed' || !this.#keys.has(key)) return;
		if (openedAt !== undefined && performance.now() - openedAt >= WAITS.backoffReset) this.#backoff.reset();
		this.#again.add(key);
		this.#timer ??= setTimeout(() => {
			this.#timer = undefined;
			this.#say(
				'Join',
				[...this.#again].filter((each) => this.#keys.has(each)),
			);
			this.#again.clear();
		}, this.#backoff.next());
	}

	#end(): void {
		clearTimeout(this.#timer);
		for (const { socket } of [...this.#peers.values()]) socket.close();
	}
}

/** Ids and keys may have any character in them. */
function placeOf(id: string, key: string): string {
	return JSON.stringify([id, key]);
}

/** Names that cannot be in the path of a connection are passed over: their peers cannot be met. */
function readIntroduction(data: string | Uint8Array): { id: string; keys: string[] } | undefined {
	if (typeof data !== 'string') return undefined;
	try {
		const { type, id, keys } = JSON.parse(data) ?? {};
		if (type !== 'Introduction' || !Array.isArray(keys)) return undefined;
		if (!canMeet(id, LIMITS.introductionIdLength)) return { id: '', keys: [] };
		return { id, keys: keys.filter((key) => canMeet(key, LIMITS.introductionKeyLength)) };
	} catch {
		return undefined;
	}
}

function canMeet(name: unknown, length: number): name is string {
	return isName(name, length) && fitsInPath(name);
}

function checkName(what: string, name: unknown, length: number): void {
	if (canMeet(name, length)) return;
	throw new EnslavismError('bad-option', `${what} is a text of 1 to ${length} characters, and not "." or ".."`);
}
