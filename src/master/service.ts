import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import type { MasterToSlave } from '../wire/index.js';
import type { Names } from './names.js';

/** Who opened a socket to a service. */
export interface ServicePeer {
	/** The upgrade request. */
	readonly request: IncomingMessage;
	/** Address that the request came from. */
	readonly address: string;
	/** What the `clientauth` listeners returned, merged; `undefined` if nothing. */
	readonly identity: object | undefined;
}

/** What a master does for a service that asks for more than sockets. */
export interface ServiceHost {
	/** The names of stream servers. */
	readonly names: Names;
	/** Says something to a slave, wherever it is linked. */
	tell(slave: string, message: MasterToSlave): void;
}

/**
 * An optional endpoint of a master, given as `new Master(port, { services: […] })`. Its sockets are admitted like clients:
 * `clientauth` listeners decide (`info.service` names the service), and the master's limit `serviceLinks` holds.
 */
export interface Service {
	/** Name of the service, for listeners and status. */
	readonly name: string;
	/** Largest frame that it reads, in bytes. */
	readonly maxFrameBytes: number;
	/**
	 * Whether an upgrade request is for this service: what to do with its socket once it is admitted, or `undefined`.
	 *
	 * @param path the path of the request as it was sent, percent-encoded, without query
	 */
	route(path: string): ServiceRoute | undefined;
	/** Called once, by the master that the service is given to. What it throws, the master's constructor throws. */
	start?(host: ServiceHost): void;
	/** The master is closing; it closes the sockets itself. Leaves no timer. */
	close(): void;
}

/** Takes an admitted socket. What it throws closes that socket with 4500. */
export type ServiceRoute = (socket: WebSocket, peer: ServicePeer) => void;
