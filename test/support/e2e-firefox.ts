import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer, { type KeyInput, type Page as NativePage } from 'puppeteer-core';
import type { Browser, Page, PageOptions } from './browsers.js';

const PREFERENCES = {
	// Pages of a test live side by side; those behind the front one must not get slow timers.
	'dom.min_background_timeout_value': 4,
	'dom.timeout.enable_budget_timer_throttling': false,
};

/** Starts Firefox. */
export async function launchFirefox(executablePath: string): Promise<Browser> {
	// Firefox as root refuses a home of somebody else, and writes caches into its own.
	const home = mkdtempSync(join(tmpdir(), 'enslavism-firefox-'));
	const native = await puppeteer.launch({
		browser: 'firefox',
		executablePath,
		headless: true,
		defaultViewport: null,
		extraPrefsFirefox: PREFERENCES,
		env: { ...process.env, HOME: home },
	});
	const cleanUp = (): void => {
		letGo(native.process());
		rmSync(home, { recursive: true, force: true, maxRetries: 5 });
	};
	return {
		newPage: async (options: PageOptions = {}) => {
			const { width = 1280, height = 800, touch = false, cookies = {}, cookiesFor = '' } = options;
			const context = await native.createBrowserContext();
			for (const [name, value] of Object.entries(cookies)) {
				await context.setCookie({ name, value, domain: new URL(cookiesFor).hostname });
			}
			const page = await context.newPage();
			await page.setViewport({ width, height, hasTouch: touch });
			return new FirefoxPage(page);
		},
		kill: () => {
			native.process()?.kill('SIGKILL');
			cleanUp();
		},
		close: async () => {
			try {
				await native.close();
			} finally {
				cleanUp();
			}
		},
	};
}

/** Processes that Firefox leaves behind may keep its pipes open, and those would keep the test's process from ending. */
function letGo(child: ChildProcess | null): void {
	for (const pipe of [child?.stdin, child?.stdout, child?.stderr]) pipe?.destroy();
	child?.unref();
}

class FirefoxPage implements Page {
	readonly problems: string[] = [];
	readonly #native: NativePage;
	#closed: Promise<void> | undefined;

	constructor(native: NativePage) {
		this.#native = native;
		native.on('pageerror', (error) => this.problems.push(String(error)));
		native.on('console', (message) => {
			if (message.type() === 'error') this.problems.push(message.text());
		});
	}

	async open(url: string): Promise<void> {
		await this.#native.goto(url);
	}

	value(expression: string): Promise<unknown> {
		return this.#native.evaluate(expression);
	}

	click(selector: string): Promise<void> {
		return this.#native.click(selector);
	}

	tap(x: number, y: number): Promise<void> {
		return this.#native.touchscreen.tap(x, y);
	}

	async drag(from: [number, number], to: [number, number], held: () => Promise<void>): Promise<void> {
		const touch = await this.#native.touchscreen.touchStart(...from);
		await touch.move(...to);
		await held();
		await touch.end();
	}

	type(text: string): Promise<void> {
		return this.#native.keyboard.type(text);
	}

	keyDown(key: string): Promise<void> {
		return this.#native.keyboard.down(key as KeyInput);
	}

	keyUp(key: string): Promise<void> {
		return this.#native.keyboard.up(key as KeyInput);
	}

	async screenshot(): Promise<Buffer> {
		return Buffer.from(await this.#native.screenshot());
	}

	close(): Promise<void> {
		this.#closed ??= this.#native.browserContext().close();
		return this.#closed;
	}
}
