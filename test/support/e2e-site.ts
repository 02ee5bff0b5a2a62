import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Master, type MasterOptions, Slave } from '../../src/index.js';

/** What tests use in every page; `e2e-globals.ts` has the types. */
export const HELPERS = `
	globalThis.seen = [];
	globalThis.next = (target, event) =>
		new Promise((resolve) => target.addEventListener(event, resolve, { once: true }));
	globalThis.meet = async (options) => {
		globalThis.master = new MasterConnection(undefined, options);
		await master.ready;
		globalThis.slaveCo = master.slaves[0] ?? (await next(master, 'slaveadded'));
		return slaveCo;
	};
	globalThis.failure = (promise) =>
		promise.then(() => undefined, ({ name, code, reason, message }) => ({ name, code, reason, message }));
`;

const HEAD = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script>${HELPERS}</script>`;

/** The pages of the site. */
const PAGES: Record<string, string> = {
	'/': `${HEAD}<script src="/enslavism/client.js?v=1"></script>`,
	'/module': `${HEAD}<script type="module">
		import * as enslavism from '/enslavism/client.mjs';
		Object.assign(globalThis, { enslavism });
	</script>`,
	'/slave': `${HEAD}<script src="/enslavism/slave.js"></script>`,
	'/slave-module': `${HEAD}<script type="module">
		import { Slave } from '/enslavism/slave.mjs';
		Object.assign(globalThis, { Slave });
	</script>`,
	'/both': `${HEAD}<script src="/enslavism/client.js"></script><script src="/enslavism/slave.js"></script>`,
	'/empty': HEAD,
};

/** A web server with a few pages and a master. */
export interface Site {
	master: Master;
	/** `http://localhost:…`, without a slash at its end. */
	readonly url: string;
	/** Closes the master, for a moment, and begins another one at the same place. */
	restart(): Promise<void>;
	/** Registers a slave that is closed with the site. */
	slave(userData?: unknown): Promise<Slave>;
	close(): Promise<void>;
}

/** Opens a site on a free port. */
export async function openSite(options?: MasterOptions): Promise<Site> {
	const server = createServer((request, response) => {
		const page = PAGES[(request.url ?? '').split('?')[0] ?? ''];
		response.writeHead(page === undefined ? 404 : 200, { 'content-type': 'text/html; charset=utf-8' }).end(page);
	});
	const first = new Master(server, options);
	server.listen(0);
	await first.ready;
	const slaves: Slave[] = [];
	const url = `http://localhost:${(server.address() as AddressInfo).port}`;
	const site: Site = {
		master: first,
		url,
		restart: async () => {
			await site.master.close({ spread: 0 });
			site.master = new Master(server, options);
			await site.master.ready;
		},
		slave: async (userData) => {
			const slave = await new Slave(url, userData);
			slaves.push(slave);
			return slave;
		},
		close: async () => {
			for (const slave of slaves) slave.close();
			await site.master.close();
			await closeServer(server);
		},
	};
	return site;
}

function closeServer(server: Server): Promise<void> {
	return new Promise((resolve) => {
		server.close(() => resolve());
		server.closeAllConnections();
	});
}
