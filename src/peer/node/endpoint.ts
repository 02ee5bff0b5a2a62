/** Where a Node slave can be reached: one UDP port of the process for all its sessions, and the addresses that lead there. */
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { EnslavismError, messageOf } from '../../wire/index.js';
import * as LIMITS from '../../wire/limits.js';
import * as WAITS from '../../wire/waits.js';
import type { DirectInfo } from '../direct.js';
import type { Endpoint, EndpointOptions } from '../platform.js';
import type { IceServer } from '../rtc.js';
import { type Certificate, ownCertificate, readCertificate } from './certificate.js';
import { createAnswerer, type Socket } from './rtc.js';

/** The process's port and who uses it: the native library knows but one. */
let shared: { port: number; bindAddress: string | undefined; users: number } | undefined;
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
	try {
		const socket: Socket = { port, certificate, bindAddress: options.bindAddress };
		const candidates = options.direct === false ? undefined : await publicCandidates(options, port);
		const endpoint = new NodeEndpoint(socket, options, candidates);
		await endpoint.ready;
		return endpoint;
	} catch (thrown) {
		release();
		throw thrown;
	}
}

class NodeEndpoint implements Endpoint {
	readonly createPeer: Endpoint['createPeer'];
	/** Resolves when the addresses are known, or take too long to find. */
	readonly ready: Promise<void>;
	#isReady!: () => void;
	readonly #socket: Socket;
	readonly #servers: () => IceServer[];
	readonly #isPublic: boolean;
	#candidates: string[] | undefined;
	#changed: (() => void) | undefined;
	/** A connection to nobody: it holds the port, and tells this end's addresses. */
	#anchor: { close(): void } | undefined;
	#interfaces = '';
	#looked = 0;
	readonly #timer: NodeJS.Timeout;
	#closed = false;

	constructor(socket: Socket, options: EndpointOptions, candidates: string[] | undefined) {
		this.#socket = socket;
		this.#servers = options.iceServers;
		this.#isPublic = candidates !== undefined || options.direct === false;
		this.#candidates = candidates;
		this.createPeer = createAnswerer(socket);
		this.#look();
		this.ready = new Promise((resolve) => {
			const bound = setTimeout(resolve, this.#isPublic ? 0 : WAITS.gathering);
			this.#isReady = () => {
				clearTimeout(bound);
				resolve();
			};
		});
		this.#timer = setInterval(() => {
			try {
				this.#look();
			} catch {
				// What was found before stays, until next time.
			}
		}, WAITS.addresses);
		this.#timer.unref();
	}

	get direct(): DirectInfo | undefined {
		const candidates = this.#candidates;
		if (candidates === undefined || candidates.length === 0) return undefined;
		return { fingerprint: this.#socket.certificate.fingerprint, candidates };
	}

	onchange(changed: () => void): void {
		this.#changed = changed;
	}

	close(): void {
		if (this.#closed) return;
		this.#closed = true;
		clearInterval(this.#timer);
		this.#anchor?.close();
		release();
	}

	/** Looks for addresses when there are others than before, and where a server tells them, now and then. */
	#look(): void {
		const interfaces = JSON.stringify(
			Object.values(networkInterfaces()).flatMap((each) => each?.map(({ address }) => address)),
		);
		const hasServers = this.#servers().length > 0 && !this.#isPublic;
		const isOld = hasServers && performance.now() - this.#looked > WAITS.reflexive;
		if (interfaces === this.#interfaces && !isOld && this.#anchor !== undefined) return;
		const before = this.#anchor;
		this.#anchor = this.#gather();
		this.#interfaces = interfaces;
		this.#looked = performance.now();
		before?.close();
	}

	/** @throws whatever the library throws */
	#gather(): { close(): void } {
		const found: string[] = [];
		const config = { iceServers: this.#isPublic ? [] : this.#servers() };
		const peer = this.createPeer(config, {
			description: (_type, sdp) => {
				for (const [, candidate] of sdp.matchAll(/^a=candidate:(.*?)\r?$/gm)) found.push(candidate ?? '');
				this.#found(found);
			},
			candidate: (candidate) => {
				if (!candidate.includes('typ srflx')) return;
				found.push(candidate.replace(/^(a=)?candidate:/, ''));
				this.#found(found);
			},
			state: () => {},
			failed: () => {},
		});
		try {
			peer.createChannel('anchor', 0, {});
			peer.offer();
		} catch (thrown) {
			peer.close();
			throw thrown;
		}
		return peer;
	}

	#found(found: string[]): void {
		if (this.#isPublic || this.#closed) return;
		this.#isReady();
		const candidates = found.slice(0, LIMITS.directCandidates);
		if (candidates.join() === this.#candidates?.join()) return;
		this.#candidates = candidates;
		this.#changed?.();
	}
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
	if (shared !== undefined && --shared.users === 0) shared = undefined;
}

/** The port that the process has, or takes now. */
async function takePort({ port, portRange, bindAddress }: EndpointOptions): Promise<number> {
	const [first, last] = portRange ?? [port ?? 0, port ?? 0];
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
	for (let tried = first; ; tried++) {
		try {
			const free = await probe(tried, bindAddress);
			shared = { port: free, bindAddress, users: 1 };
			return free;
		} catch (cause) {
			if (tried < last) continue;
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

/** The candidates of the addresses that the operator named; `undefined` if none. */
async function publicCandidates({ publicAddress }: EndpointOptions, port: number): Promise<string[] | undefined> {
	if (publicAddress === undefined) return undefined;
	const candidates: string[] = [];
	for (const named of [publicAddress].flat()) {
		const [host, ownPort] = splitAddress(named, port);
		for (const address of await resolved(host)) {
			const preference = isIP(address) === 6 ? 65_535 : 65_534;
			const number = candidates.length + 1;
			// RFC 8445 section 5.1.2.1, for a host candidate.
			const priority = 126 * 2 ** 24 + preference * 2 ** 8 + 255 - number;
			candidates.push(`${number} 1 UDP ${priority} ${address} ${ownPort} typ host`);
		}
	}
	return candidates.slice(0, LIMITS.directCandidates);
}

async function resolved(host: string): Promise<string[]> {
	if (isIP(host) !== 0) return [host];
	try {
		return (await lookup(host, { all: true })).map(({ address }) => address);
	} catch (cause) {
		throw new EnslavismError('bad-option', `publicAddress "${host}" cannot be resolved: ${messageOf(cause)}`, {
			cause,
		});
	}
}

/** `address`, `address:port`, `[IPv6]:port`. */
function splitAddress(named: unknown, port: number): [host: string, port: number] {
	if (typeof named === 'string' && isIP(named) !== 0) return [named, port];
	const [, six, four, digits] =
		(typeof named === 'string' && /^(?:\[(.+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(named)) || [];
	const host = six ?? four;
	const own = digits === undefined ? port : Number(digits);
	if (host === undefined || own < 1 || own > 65_535) {
		throw new EnslavismError('bad-option', `publicAddress takes "address" or "address:port", not "${String(named)}"`);
	}
	return [host, own];
}
