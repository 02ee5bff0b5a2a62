/**
 * A program on a host of the test network: `actor-program.ts`. It answers the calls of the test, and is what the test
 * asks it to be: a site with a master, a game server, or a client in a browser or in Node.
 */
import { answerCalls } from '../../bench/support/child.js';
import { MasterConnection } from '../../src/client/node.js';
import { type MasterOptions, Slave } from '../../src/index.js';
import { type Browser, type BrowserName, launch, type Page } from '../support/browsers.js';
import { HELPERS, openSite, type Site } from '../support/e2e-site.js';
import { play } from './game.js';

let browser: Browser | undefined;
let page: Page | NodePage | undefined;
let site: Site | undefined;
const slaves: Slave[] = [];

/** A Node program that a test drives as it does a page. */
class NodePage {
	readonly problems: string[] = [];

	open(url: string): void {
		class Here extends MasterConnection {
			constructor(masterUrl: string | undefined, options?: ConstructorParameters<typeof MasterConnection>[1]) {
				super(masterUrl ?? url, options);
			}
		}
		Object.assign(globalThis, { MasterConnection: Here, master: undefined, load: (file: string) => import(file) });
		this.value(HELPERS);
	}

	/** The value of an expression in the global scope, as in a page. */
	async value(expression: string): Promise<unknown> {
		// biome-ignore lint/security/noGlobalEval: the point of it, for the test's own scripts
		const evaluate = globalThis.eval;
		return evaluate(expression);
	}

	async close(): Promise<void> {
		(globalThis as { master?: MasterConnection }).master?.close();
	}
}

const api = {
	/** Opens a site with a master; tells its port. */
	site: async (options: MasterOptions) => {
		site = await openSite(options);
		return Number(new URL(site.url).port);
	},

	/** Registers a game server, see `game.ts`; tells its id. */
	slave: async (url: string, name: string, options: object) => {
		const slave = await new Slave(url, name, undefined, options);
		slave.on('connection', play);
		slaves.push(slave);
		return slave.id;
	},

	/** Starts a browser, which has its pages from now on; without one they are Node programs. */
	browser: async (name: BrowserName) => {
		browser = await launch(name);
	},

	/** Opens a new page; the one before is closed. */
	visit: async (url: string) => {
		await page?.close();
		page = browser === undefined ? new NodePage() : await browser.newPage();
		await page.open(url);
	},

	/** The value of an expression in the page. */
	value: (expression: string) => page?.value(expression),

	/** What has gone wrong in the page, for the message of a test that fails. */
	problems: () => page?.problems ?? [],

	/** Ends what would not end with the process. */
	close: async () => {
		for (const slave of slaves) slave.close();
		await page?.close();
		await browser?.close();
		await site?.close();
	},
};

/** What an actor answers. */
export type ActorApi = typeof api;

answerCalls(api);
