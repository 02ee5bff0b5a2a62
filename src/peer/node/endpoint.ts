/** Where a Node slave can be reached: one UDP port of the process for all its sessions, and the addresses that lead there. */
import { createSocket } from 'node:dgram';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { EnslavismError, messageOf } from '../../wire/index.js';
import * as LIMITS from '../../wire/limits.js';
import * as WAITS from '../../wire/waits.js';
import type { DirectInfo } from '../direct.js';
import type { Endpoint, EndpointOptions } from '../platform.js';
import type { CreatePeer, IceServer } from '../rtc.js';
import { type Certificate, ownCertificate, readCertificate } from './certificate.js';
import { publicCandidates, publishing } from './public-addresses.js';
import { createAnswerer, type Socket } from './rtc.js';

/** The process's port and who uses it: the native library knows but one. */
let shared: { port: number; bindAddress: string | undefined; users: number } | undefined;
/** The port that the process had last, and when its last user let go of it. */
let released: { port: number; at: number } | undefined;
/** Ports are taken one after the other, so that two slaves that start together have the same. */
let taking: Promise<unknown> = Promise.resolve();

/**
 * Takes the process's UDP port, and finds out the addresses.
 *
 * @throws EnslavismError `bad-option`, `listen-failed`
 */
export async function openEndpoint(options: EndpointOptions): Promise<Endpoint> {
	const certificate = certificateOf(options);
	const port = await inTurn(() => takePort(options));
	let endpoint: NodeEndpoint | undefined;
	try {
		const socket: Socket = { port, certificate, bindAddress: options.bindAddress };
		const { publicAddress } = options;
		const named = publicAddress === undefined ? undefined : await publicCandidates(publicAddress, port);
		endpoint = new NodeEndpoint(socket, options, named);
		await endpoint.ready;
		return endpoint;
	} catch (thrown) {
		if (endpoint) endpoint.close();
		else release();
		throw thrown;
	}
}

class NodeEndpoint implements Endpoint {
	readonly createPeer: CreatePeer;
	/** Resolves when the addresses are known, or take too long to find; rejects with what the library throws. */
	readonly ready: Promise<void>;
	#isReady!: () => void;
	readonly #socket: Socket;
	readonly #createAnchor: CreatePeer;
	/** Whether the addresses have to be found: the operator has not named them, and they are to be published. */
	readonly #finds: boolean;
	/** URLs of STUN servers, which tell an address outside. */
	#servers: string[];
	/** What they told last. */
	#outside: string[] = [];
	#candidates: string[];
	#changed: (() => void) | undefined;
	/** A connection to nobody: it holds the port, and tells this end's addresses. */
	#anchor: { close(): void } | undefined;
	#interfaces = '';
	/** Looks at the interfaces since the servers were asked. */
	#looks = 0;
	readonly #timer: NodeJS.Timeout;
	#closed = false;

	/** @param named the candidates of the addresses that the operator has named, if any */
	constructor(socket: Socket, options: EndpointOptions, named: string[] | undefined) {
		const isPublished = options.direct !== false;
		this.#socket = socket;
		this.#servers = stunServers(options.iceServers);
		this.#finds = named === undefined && isPublished;
		this.#candidates = isPublished ? (named ?? []) : [];
		this.#createAnchor = createAnswerer(socket);
		this.createPeer = named === undefined ? this.#createAnchor : createAnswerer(socket, publishing(named));
		const looked = this.#look();
		this.ready = new Promise((resolve, reject) => {
			looked.catch(reject);
			const bound = setTimeout(resolve, this.#finds ? WAITS.gathering : 0);
			this.#isReady = () => {
				clearTimeout(bound);
				resolve();
			};
		});
		this.#timer = setInterval(() => this.#tryToLook(), WAITS.addresses);
		this.#timer.unref();
	}

	get direct(): DirectInfo | undefined {
		const candidates = this.#candidates;
		return candidates.length === 0 ? undefined : { fingerprint: this.#socket.certificate.fingerprint, candidates };
	}

	onchange(changed: () => void): void {
		this.#changed = changed;
	}

	use(iceServers: IceServer[]): void {
		const servers = stunServers(iceServers);
		if (this.#closed || servers.join() === this.#servers.join()) return;
		this.#servers = servers;
		// They are asked with the next look.
		if (this.#finds) this.#interfaces = '';
		this.#tryToLook();
	}

	close(): void {
		if (this.#closed) return;
		this.#closed = true;
		clearInterval(this.#timer);
		this.#anchor?.close();
		release();
	}

	#tryToLook(): void {
		this.#look().catch(() => {
			// What was found before stays, until next time.
		});
	}

	/** Looks for addresses when there are others than before, and where a server tells them, now and then. */
	async #look(): Promise<void> {
		const interfaces = JSON.stringify(
			Object.values(networkInterfaces()).flatMap((each) => each?.map(({ address }) => address)),
		);
		const isOld = this.#finds && this.#servers.length > 0 && ++this.#looks * WAITS.addresses >= WAITS.reflexive;
		if (interfaces === this.#interfaces && !isOld) return;
		await this.#gather();
		this.#interfaces = interfaces;
	}

	/** Rejects with what the library throws. */
	async #gather(): Promise<void> {
		const urls = this.#finds ? this.#servers : [];
		this.#looks = 0;
		let inside: string[] = [];
		const outside: string[] = [];
		const tell = (isWhole: boolean): void => {
			// What is known of outside is true until the servers have had their time to answer.
			if (isWhole || outside.length > 0) this.#outside = outside;
			if (isWhole) this.#isReady();
			this.#found([...inside, ...this.#outside]);
		};
		const peer = this.#createAnchor(urls.length === 0 ? NO_SERVERS : { iceServers: [{ urls }] });
		peer.onicecandidate = ({ candidate: own }) => {
			const candidate = own?.candidate ?? '';
			if (candidate.includes('typ srflx')) outside.push(candidate.replace(/^(a=)?candidate:/, ''));
			if (candidate === '' || candidate.includes('typ srflx')) tell(candidate === '');
		};
		try {
			peer.createDataChannel('anchor', { negotiated: true, id: 0 });
			await peer.setLocalDescription();
		} catch (thrown) {
			peer.close();
			throw thrown;
		}
		this.#anchor?.close();
		this.#anchor = peer;
		if (this.#closed) peer.close();
		const lines = peer.localDescription?.sdp.matchAll(/^a=candidate:(.*? typ host.*?)\r?$/gm) ?? [];
		inside = Array.from(lines, ([, candidate]) => candidate ?? '');
		tell(urls.length === 0);
	}

	#found(found: string[]): void {
		if (!this.#finds || this.#closed) return;
		const candidates = found.slice(0, LIMITS.directCandidates);
		if (candidates.join() === this.#candidates.join()) return;
		this.#candidates = candidates;
		this.#changed?.();
	}
}

/** How often a port that should come free is tried again, in milliseconds. */
const RETRY_MS = 20;

const NO_SERVERS = { iceServers: [] };

/** The URLs of servers that tell an address outside, which TURN servers do as STUN servers do: over UDP, to everybody. */
function stunServers(servers: IceServer[]): string[] {
	const urls = servers.flatMap(({ urls }) => urls).filter((url) => /^(stun|turn):(?!.*=tcp$)/.test(url));
	return [...new Set(urls.map((url) => url.replace(/^turn:/, 'stun:').replace(/\?.*/, '')))];
}

function certificateOf({ certificate }: EndpointOptions): Certificate {
	if (certificate === undefined) return ownCertificate();
	try {
		return readCertificate(certificate);
	} catch (cause) {
		throw new EnslavismError('bad-option', `the certificate cannot be used: ${messageOf(cause)}`, { cause });
	}
}

async function inTurn<T>(action: () => Promise<T>): Promise<T> {
	const turn = taking.then(action);
	taking = turn.catch(() => {});
	return turn;
}

function release(): void {
	if (shared === undefined || --shared.users > 0) return;
	released = { port: shared.port, at: performance.now() };
	shared = undefined;
}

/** Whether this process itself may still have a port, because sessions say their last words over it. */
async function mayComeFree(port: number): Promise<boolean> {
	if (port !== released?.port || performance.now() - released.at > WAITS.portFree) return false;
	await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
	return true;
}

/** The port that the process has, or takes now. */
async function takePort({ port, portRange, bindAddress }: EndpointOptions): Promise<number> {
	const [first, last] = Array.isArray(portRange ?? []) ? (portRange ?? [port ?? 0, port ?? 0]) : [Number.NaN, 0];
	const isPort = (value: unknown) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535;
	if (
		!isPort(first) ||
		!isPort(last) ||
		first > last ||
		(portRange !== undefined && (first === 0 || port !== undefined))
	) {
		throw new EnslavismError('bad-option', 'a slave takes a UDP port (0 to 65535), or a portRange [first, last]');
	}
	if (bindAddress !== undefined && isIP(bindAddress) === 0) {
		throw new EnslavismError('bad-option', `bindAddress must be an IP address, not "${bindAddress}"`);
	}
	if (shared !== undefined) {
		if ((first !== 0 && (shared.port < first || shared.port > last)) || shared.bindAddress !== bindAddress) {
			throw new EnslavismError(
				'listen-failed',
				`a process has one UDP port for all its slaves: another one uses ${shared.port} already`,
			);
		}
		shared.users++;
		return shared.port;
	}
	for (let tried = first; ; ) {
		try {
			const free = await probe(tried, bindAddress);
			shared = { port: free, bindAddress, users: 1 };
			return free;
		} catch (cause) {
			if (tried < last) {
				tried++;
				continue;
			}
			if (await mayComeFree(tried)) continue;
			const which = first === last ? `UDP port ${first}` : `a UDP port from ${first} to ${last}`;
			throw new EnslavismError('listen-failed', `${which} cannot be used: ${messageOf(cause)}`, { cause });
		}
	}
}

/** Whether a port can be had; 0 stands for any. Gives the port. */
function probe(port: number, address: string | undefined): Promise<number> {
	return new Promise((resolve, reject) => {
		const socket = createSocket(address !== undefined && isIP(address) === 6 ? 'udp6' : 'udp4');
		socket.once('error', (error) => {
			socket.close();
			reject(error);
		});
		socket.bind({ port, exclusive: true, ...(address === undefined ? {} : { address }) }, () => {
			const { port: bound } = socket.address();
			socket.close(() => resolve(bound));
		});
	});
}
