import { chromium, type Page as NativePage } from 'playwright-core';
import type { Browser, Page, PageOptions } from './browsers.js';

const FLAGS = [
	'--no-sandbox',
	'--disable-gpu',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync',
];

/** Starts Chromium. */
export async function launchChromium(executablePath: string): Promise<Browser> {
	const server = await chromium.launchServer({ executablePath, args: FLAGS, headless: true });
	const native = await chromium.connect(server.wsEndpoint());
	return {
		newPage: async (options: PageOptions = {}) => {
			const { width = 1280, height = 800, touch = false, cookies = {}, cookiesFor = '' } = options;
			const context = await native.newContext({ viewport: { width, height }, hasTouch: touch, isMobile: touch });
			await context.addCookies(Object.entries(cookies).map(([name, value]) => ({ name, value, url: cookiesFor })));
			return new ChromiumPage(await context.newPage());
		},
		kill: () => server.process().kill('SIGKILL'),
		close: async () => {
			await native.close();
			await server.close();
		},
	};
}

class ChromiumPage implements Page {
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

	/** Playwright has taps only, so a longer touch goes through the browser's own protocol. */
	async drag(from: [number, number], to: [number, number], held: () => Promise<void>): Promise<void> {
		const session = await this.#native.context().newCDPSession(this.#native);
		const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', at?: [number, number]) =>
			session.send('Input.dispatchTouchEvent', {
				type,
				touchPoints: at === undefined ? [] : [{ x: at[0], y: at[1] }],
			});
		await touch('touchStart', from);
		await touch('touchMove', to);
		await held();
		await touch('touchEnd');
		await session.detach();
	}

	type(text: string): Promise<void> {
		return this.#native.keyboard.type(text);
	}

	keyDown(key: string): Promise<void> {
		return this.#native.keyboard.down(key);
	}

	keyUp(key: string): Promise<void> {
		return this.#native.keyboard.up(key);
	}

	screenshot(): Promise<Buffer> {
		return this.#native.screenshot();
	}

	close(): Promise<void> {
		this.#closed ??= this.#native.context().close();
		return this.#closed;
	}
}
