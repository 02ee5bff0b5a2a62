import type { OnWake, OpenSocket } from '../link/index.js';
import type { CreatePeer } from './rtc.js';

/** What a session and a link need from their host, a browser or Node. */
export interface Platform {
	openSocket: OpenSocket;
	onWake: OnWake;
	createPeer: CreatePeer;
	/** The master to use when none is named: the page's own origin in a browser, none in Node. */
	defaultMasterUrl(): string;
}
