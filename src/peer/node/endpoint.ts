/** Where a Node slave can be reached: one UDP port of the process for all its sessions, and the addresses that lead there. */
import { networkInterfaces } from 'node:os';
import { EnslavismError, messageOf } from '../../wire/index.js';
import * as WAITS from '../../wire/waits.js';
import type { DirectInfo } from '../direct.js';
import type { Endpoint, EndpointOptions } from '../platform.js';
import type { CreatePeer, IceServer } from '../rtc.js';
import { type Certificate, ownCertificate, readCertificate } from './certificate.js';
import { Outside } from './outside.js';
import { PublicAddresses, publishing } from './public-addresses.js';
import { createAnswerer, type Socket } from './rtc.js';
import { takePort, type UdpPort } from './udp-port.js';

/**
 * Takes the process's UDP port, and finds out the addresses.
 *
 * @throws EnslavismError `bad-option`, `listen-failed`
 */
export async function openEndpoint(options: EndpointOptions): Promise<Endpoint> {
	const certificate = certificateOf(options);
	const port = await takePort(options);
	let endpoint: NodeEndpoint | undefined;
	try {
		const { publicAddress } = options;
		const named = publicAddress === undefined ? undefined : new PublicAddresses(publicAddress, port.port);
		await named?.resolve();
		endpoint = new NodeEndpoint(port, certificate, options, named);
		await endpoint.ready;
		return endpoint;
	} catch (thrown) {
		if (endpoint) endpoint.close();
		else port.letGo();
		throw thrown;
	}
}

class NodeEndpoint implements Endpoint {
	readonly createPeer: CreatePeer;
	/** Resolves when the addresses are known, or take too long to find; rejects with what the library throws. */
	readonly ready: Promise<void>;
	#isReady!: () => void;
	readonly #port: UdpPort;
	readonly #certificate: Certificate;
	readonly #createAnchor: CreatePeer;
	/** Those that the operator has named. */
	readonly #named: PublicAddresses | undefined;
	readonly #isPublished: boolean;
	/** Whether the addresses have to be found: the operator has not named them, and they are to be published. */
	readonly #finds: boolean;
	readonly #outside: Outside;
	#candidates: string[];
	#changed: (() => void) | undefined;
	/** A connection to nobody: it holds the port, and tells this end's addresses. */
	#anchor: { close(): void } | undefined;
	#interfaces = '';
	/** Looks at the interfaces since servers were asked. */
	#looks = 0;
	readonly #timer: NodeJS.Timeout;
	#closed = false;

	constructor(port: UdpPort, certificate: Certificate, options: EndpointOptions, named: PublicAddresses | undefined) {
		this.#port = port;
		this.#certificate = certificate;
		this.#outside = new Outside(options.iceServers);
		this.#named = named;
		this.#isPublished = options.direct !== false;
		this.#finds = named === undefined && this.#isPublished;
		this.#candidates = this.#isPublished ? (named?.candidates ?? []) : [];
		const { bindAddress } = port;
		const socket: Socket = { port: port.port, bindAddress, certificate, hold: () => port.hold() };
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
		return candidates.length === 0 ? undefined : { fingerprint: this.#certificate.fingerprint, candidates };
	}

	onchange(changed: () => void): void {
		this.#changed = changed;
	}

	use(iceServers: IceServer[]): void {
		if (this.#closed || !this.#outside.use(iceServers)) return;
		this.#looks = Number.POSITIVE_INFINITY;
		this.#tryToLook();
	}

	close(): void {
		if (this.#closed) return;
		this.#closed = true;
		clearInterval(this.#timer);
		this.#anchor?.close();
		this.#port.letGo();
	}

	#tryToLook(): void {
		this.#look().catch(() => {
			// What was found before stays, until next time.
		});
	}

	/** Looks for addresses when there are others than before, and where servers tell them, now and then. */
	async #look(): Promise<void> {
		const interfaces = JSON.stringify(
			Object.values(networkInterfaces()).flatMap((each) => each?.map(({ address }) => address)),
		);
		const isOld = ++this.#looks * WAITS.addresses >= WAITS.reflexive;
		if (isOld) this.#looks = 0;
		if (isOld && this.#named?.mayChange) {
			await this.#named.resolve();
			this.#publish(this.#named.candidates);
		}
		const isElsewhere = interfaces !== this.#interfaces;
		const asks = this.#finds && ((isOld && this.#outside.mayChange) || this.#outside.isOpen);
		if (this.#closed || (!isElsewhere && !asks)) return;
		if (isElsewhere) this.#outside.moved();
		await this.#gather();
		this.#interfaces = interfaces;
	}

	/** Rejects with what the library throws. */
	async #gather(): Promise<void> {
		const server = this.#finds ? this.#outside.ask() : undefined;
		if (server !== undefined) this.#looks = 0;
		let inside: string[] = [];
		const outside: string[] = [];
		const tell = (isWhole: boolean): void => {
			if (outside.length > 0) this.#outside.told(outside);
			else if (isWhole) this.#outside.silent();
			if (isWhole) this.#isReady();
			if (this.#finds) this.#publish(this.#outside.beside(inside));
		};
		const peer = this.#createAnchor({ iceServers: server === undefined ? [] : [{ urls: server }] });
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
		tell(server === undefined);
	}

	#publish(candidates: string[]): void {
		if (!this.#isPublished || this.#closed || candidates.join() === this.#candidates.join()) return;
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
