/** A process with a master of its own. */
import { Master, type MasterOptions } from '../../src/index.js';
import { answerCalls } from './child.js';

let master: Master | undefined;

const api = {
	/** Starts a master; tells its port. */
	start: async (port = 0, options: MasterOptions = {}) => {
		master = new Master(port, options);
		await master.ready;
		return master.address()?.port ?? 0;
	},

	/** Closes it; its links are told to come back over so many ms. */
	close: async (spread: number) => {
		await master?.close({ spread });
	},

	/** Memory after a collection in bytes, and CPU used until now in µs. */
	sample: () => {
		globalThis.gc?.();
		const { user, system } = process.cpuUsage();
		return { rss: process.memoryUsage.rss(), cpu: user + system, at: performance.now() };
	},
};

/** What a master's process answers. */
export type MasterApi = typeof api;

answerCalls(api);
