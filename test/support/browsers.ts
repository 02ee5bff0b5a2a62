/**
 * Real browsers, Chromium and Firefox, behind one small interface. Chromium is driven by playwright-core, Firefox by
 * puppeteer-core over WebDriver BiDi; both use the browser that the system has.
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, afterEach, before, describe } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MasterOptions } from '../../src/index.js';
import { launchChromium } from './e2e-chromium.js';
import { launchFirefox } from './e2e-firefox.js';
import { openSite, type Site } from './e2e-site.js';

/** What a page is opened with. */
export interface PageOptions {
	/** In CSS pixels. Default 1280. */
	width?: number;
	/** In CSS pixels. Default 800. */
	height?: number;
	/** Whether the page has a touch screen. Default no. */
	touch?: boolean;
	/** By name, sent to `cookiesFor`. */
	cookies?: Record<string, string>;
	/** The site of the cookies. */
	cookiesFor?: string;
}

/** One page, with cookies of its own. */
export interface Page {
	/** What a person would see in red in the console: errors that were logged, and exceptions nobody caught. */
	readonly problems: string[];
	open(url: string): Promise<void>;
	/** The value of an expression in the page, awaited there. Use {@link run} for functions. */
	value(expression: string): Promise<unknown>;
	click(selector: string): Promise<void>;
	tap(x: number, y: number): Promise<void>;
	/** Puts a finger down, moves it in steps and calls `held` before it is lifted. */
	drag(from: [number, number], to: [number, number], held: () => Promise<void>): Promise<void>;
	type(text: string): Promise<void>;
	keyDown(key: string): Promise<void>;
	keyUp(key: string): Promise<void>;
	/** As PNG. */
	screenshot(): Promise<Buffer>;
	close(): Promise<void>;
}

/** A running browser. */
export interface Browser {
	newPage(options?: PageOptions): Promise<Page>;
	/** Ends it as the system would, with no chance to say goodbye. */
	kill(): void;
	close(): Promise<void>;
}

/** The browsers that tests run in: the Debian package, the names of its program, how to start it. */
export const BROWSERS = {
	Chromium: { package: 'chromium', programs: ['chromium', 'chromium-browser'], launch: launchChromium },
	Firefox: { package: 'firefox-esr', programs: ['firefox-esr', 'firefox'], launch: launchFirefox },
} as const;

export type BrowserName = keyof typeof BROWSERS;

/** Where a browser's program is, `undefined` if the system has none. */
export function findBrowser(name: BrowserName): string | undefined {
	const folders = ['/usr/bin', ...(process.env.PATH ?? '').split(delimiter)];
	const files = BROWSERS[name].programs.flatMap((program) => folders.map((folder) => join(folder, program)));
	return files.find(isExecutable);
}

function isExecutable(file: string): boolean {
	try {
		accessSync(file, constants.X_OK);
		return true;
	} catch {
		return false;
	}
}

/** Starts a browser without a window. */
export async function launch(name: BrowserName): Promise<Browser> {
	const program = findBrowser(name);
	if (program === undefined) throw new Error(`${name} is missing: install the package ${BROWSERS[name].package}`);
	return BROWSERS[name].launch(program);
}

/** What the tests of one browser are given. */
export interface BrowserSuite {
	readonly name: BrowserName;
	/** The browser of the suite; there is one while its tests run. */
	readonly browser: Browser;
	/** A new page, closed after the test. */
	page(url: string, options?: PageOptions): Promise<Page>;
	/** A new site, closed after the test. */
	site(options?: MasterOptions): Promise<Site>;
}

/** Defines the same tests for each browser; all tests of a suite share one browser. */
export function inEachBrowser(title: string, define: (suite: BrowserSuite) => void): void {
	for (const name of Object.keys(BROWSERS) as BrowserName[]) {
		describe(`${title} (${name})`, () => {
			let running: Browser | undefined;
			const opened: (Page | Site)[] = [];
			const suite: BrowserSuite = {
				name,
				get browser() {
					if (running === undefined) throw new Error('the browser runs only while tests do');
					return running;
				},
				async page(url, options) {
					const page = await suite.browser.newPage(options);
					opened.push(page);
					await page.open(url);
					return page;
				},
				async site(options) {
					const site = await openSite(options);
					opened.push(site);
					return site;
				},
			};
			before(async () => {
				running = await launch(name);
			}, BOUND);
			afterEach(async () => {
				await Promise.all(opened.splice(0).map((each) => each.close()));
			}, BOUND);
			after(() => running?.close(), BOUND);
			define(suite);
		});
	}
}

/** How long one test may take, and what it needs around it. */
export const BOUND = { timeout: 30_000 };

/** Runs a function in the page. Arguments and result are copied as JSON. */
export async function run<Args extends unknown[], Result>(
	page: Pick<Page, 'value'>,
	body: (...args: Args) => Result,
	...args: Args
): Promise<Awaited<Result>> {
	// tsx lets esbuild keep names of functions, by a helper that a page does not have.
	const call = `Promise.resolve((${body})(...${JSON.stringify(args)}))`;
	const json = await page.value(
		`(() => { const __name = (it) => it; return ${call}.then((value) => JSON.stringify(value)); })()`,
	);
	return (json === undefined ? undefined : JSON.parse(String(json))) as Awaited<Result>;
}

/** Waits until a function in the page gives something that is true, and returns it. */
export function waitIn<Args extends unknown[], Result>(
	page: Pick<Page, 'value' | 'problems'>,
	body: (...args: Args) => Result,
	...args: Args
): Promise<Awaited<Result>> {
	return waitLongIn(WAIT_MS, page, body, ...args);
}

/** The same within a bound of its own, in milliseconds. */
export async function waitLongIn<Args extends unknown[], Result>(
	bound: number,
	page: Pick<Page, 'value' | 'problems'>,
	body: (...args: Args) => Result,
	...args: Args
): Promise<Awaited<Result>> {
	// Asked from outside: a page in the background has slow timers and no frames.
	for (const until = performance.now() + bound; ; await sleep(POLL_MS)) {
		const result = await run(page, body, ...args);
		if (result) return result;
		if (performance.now() > until)
			throw new Error(`waited in vain in the page for ${body}\n${page.problems.join('\n')}`);
	}
}

const WAIT_MS = 15_000;
const POLL_MS = 25;
