/** The names that scripts of a test page find there: those of Enslavism's bundles, and the helpers of `e2e-site.ts`. */
import type * as Client from '../../src/client/index.js';
import type * as SlaveModule from '../../src/slave/index.js';

/** A failure as it is copied out of a page. */
export interface Failure {
	name: string;
	code?: string;
	reason?: string;
	message: string;
}

declare global {
	var MasterConnection: typeof Client.MasterConnection;
	var SlaveConnection: typeof Client.SlaveConnection;
	var EnslavismError: typeof Client.EnslavismError;
	var Slave: typeof SlaveModule.Slave;
	var enslavism: typeof Client;

	/** What a test notes in the page. */
	var seen: unknown[];
	/** Kept by a test from one call to the next. */
	var master: Client.MasterConnection;
	var slaveCo: Client.SlaveConnection;
	var channel: Client.Channel;
	var slave: Awaited<ReturnType<typeof SlaveModule.Slave.connect>>;
	/** The argument of the next event. */
	var next: (target: { addEventListener: unknown }, event: string) => Promise<unknown>;
	/** Opens `master` and waits for its first slave, which becomes `slaveCo`. */
	var meet: (options?: Client.MasterConnectionOptions) => Promise<Client.SlaveConnection>;
	/** What a promise rejects with, `undefined` if it resolves. */
	var failure: (promise: Promise<unknown>) => Promise<Failure | undefined>;
}
