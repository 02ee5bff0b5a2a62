import type { Socket } from 'node:net';
import type { Carrier } from '../host/index.js';
import { duplexCarrier } from './duplex-carrier.js';

/** Carries streams over a TCP or TLS socket, connected or connecting. */
export function tcpCarrier(socket: Socket): Carrier {
	// Frames are gathered here already; waiting for more would only delay the last one.
	socket.setNoDelay(true);
	return duplexCarrier(socket);
}
