import type { OnWake, OpenSocket } from '../link/index.js';
import type { DirectInfo } from './direct.js';
import type { CreatePeer, IceServer } from './rtc.js';

/** What a session and a link need from their host, a browser or Node. */
export interface Platform {
	openSocket: OpenSocket;
	onWake: OnWake;
	createPeer: CreatePeer;
	/** Opens the place where a slave is reached. Without it, a slave connects from wherever its host likes. */
	openEndpoint?(options: EndpointOptions): Promise<Endpoint>;
	/** The master to use when none is named: the page's own origin in a browser, none in Node. */
	defaultMasterUrl(): string;
}

/** Where a slave in Node is to be reached. */
export interface AddressOptions {
	/** UDP port of all slaves and sessions of this process. Default: a free one. */
	port?: number;
	/** The first free port from a first to a last one, instead. */
	portRange?: readonly [first: number, last: number];
	/** IP address of the interface to use. Default: that of the other slaves of this process, or all. */
	bindAddress?: string;
	/**
	 * Where clients reach the port from outside, if that is not an address of this machine: `address` or `address:port`,
	 * one or several; names are resolved again every minute. Told in place of this machine's addresses, in the directory
	 * and in every session. Default: the addresses of this machine, and what a STUN server tells.
	 */
	publicAddress?: string | readonly string[];
	/** Whether clients may learn the addresses from the directory, and so connect sooner. Default `true`. */
	direct?: boolean;
	/** Files with a certificate and its key, in PEM: P-256, or RSA of 1024 bits or more. Default: made for this process. */
	certificate?: { cert: string; key: string };
}

/** What an endpoint is opened with. */
export interface EndpointOptions extends AddressOptions {
	/** Servers that may tell addresses outside. */
	iceServers: IceServer[];
}

/** The place where a slave is reached. */
export interface Endpoint {
	readonly createPeer: CreatePeer;
	/** What clients may know in advance. */
	readonly direct: DirectInfo | undefined;
	/** Tells when `direct` is another. */
	onchange(changed: () => void): void;
	/** The servers that may tell addresses outside are these from now on. */
	use(iceServers: IceServer[]): void;
	close(): void;
}
