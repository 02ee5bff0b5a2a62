import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { BOUND, type Browser, inEachBrowser, launch, type Page, run, waitIn } from '../support/browsers.js';
import { buttonOf, cards, inGame, join, middleOf, type Watcher, watch } from '../support/e2e-demo.js';
import { type Program, runProgram } from '../support/e2e-program.js';

/** The demo as `npm start` runs it. */
async function startDemo(): Promise<{ demo: Program; url: string }> {
	const demo = runProgram('examples/demo/start.ts', [], { PORT: '0' });
	const [, url] = await demo.says(/(http:\/\/localhost:\d+\/)/);
	for (const name of ['Aurora', 'Ember']) await demo.says(new RegExp(`${name} is ready`));
	return { demo, url: url as string };
}

const said = (page: Page, text: string) =>
	waitIn(page, (text) => document.querySelector('#messages')?.textContent?.includes(text), text);

inEachBrowser('the demo', (suite) => {
	let demo: Program;
	let url: string;
	const watchers: Watcher[] = [];
	before(async () => {
		({ demo, url } = await startDemo());
	}, BOUND);
	afterEach(() => {
		for (const watcher of watchers.splice(0)) watcher.close();
	});
	after(() => demo.close());

	async function watcherOf(slaveName: string): Promise<Watcher> {
		const watcher = await watch(url, slaveName);
		watchers.push(watcher);
		return watcher;
	}

	it('lists two slaves with places and round-trip time, and nothing goes wrong', BOUND, async () => {
		const page = await suite.page(url);
		await waitIn(page, () => document.querySelectorAll('.rtt[data-quality=good]').length === 2);
		assert.deepEqual(
			(await cards(page)).map(({ name, players }) => [name, players]),
			[
				['Aurora', '0 / 12 players'],
				['Ember', '0 / 4 players'],
			],
		);
		assert.deepEqual(page.problems, []);
	});

	it('lets a player join with a click, move with the keyboard and leave', BOUND, async () => {
		const watcher = await watcherOf('Aurora');
		// The player's page last: only the one in front gets frames.
		const lobby = await suite.page(url);
		const page = await suite.page(url);
		const moved = watcher.sees('Keys', 50);
		await join(page, 'Aurora', 'Keys');
		assert.equal(await run(page, () => document.querySelector('#place-name')?.textContent), 'Aurora');
		await waitIn(lobby, () => document.querySelector('#slaves')?.textContent?.includes('2 / 12'));
		// One of the two leads away from a wall.
		for (const key of ['ArrowRight', 'ArrowDown']) await page.keyDown(key);
		await moved;
		for (const key of ['ArrowRight', 'ArrowDown']) await page.keyUp(key);
		await waitIn(page, () => / ms$/.test(document.querySelector('.stat.ping dd')?.textContent ?? ''));
		await page.click('#leave');
		await waitIn(page, () => document.querySelector<HTMLElement>('#lobby')?.hidden === false);
		await waitIn(lobby, () => document.querySelector('#slaves')?.textContent?.includes('1 / 12'));
		assert.deepEqual([...page.problems, ...lobby.problems], []);
	});

	it('draws something on its canvas', BOUND, async () => {
		const page = await suite.page(url);
		await join(page, 'Ember', 'Painter');
		const colours = await waitIn(page, () => {
			const canvas = document.querySelector<HTMLCanvasElement>('#arena');
			const image = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height);
			const colours = new Set(image && new Uint32Array(image.data.buffer)).size;
			return colours > 50 ? colours : 0;
		});
		assert.ok(colours > 50);
	});

	it('is played with a finger on a phone, where everything fits', BOUND, async () => {
		const watcher = await watcherOf('Aurora');
		const page = await suite.page(url, { width: 390, height: 760, touch: true });
		const button = await buttonOf(page, 'Aurora');
		const fits = () => document.documentElement.scrollWidth <= innerWidth;
		assert.ok(await run(page, fits), 'the list is not wider than the screen');
		await run(page, (selector) => document.querySelector(selector)?.scrollIntoView({ block: 'center' }), button);
		const name = await run(page, () => {
			const input = document.querySelector<HTMLInputElement>('#name');
			return input?.value || input?.placeholder || 'Guest';
		});
		const moved = watcher.sees(name, 50);
		await page.tap(...(await middleOf(page, button)));
		await inGame(page);
		assert.ok(await run(page, fits), 'the arena is not wider than the screen');
		await page.drag([195, 300], [235, 340], () => moved);
		assert.deepEqual(page.problems, []);
	});

	it('says why when a slave is full', BOUND, async () => {
		const page = await suite.page(url);
		// Players of other tests may only just have left.
		await waitIn(page, () => document.querySelector('#slaves')?.textContent?.includes('0 / 4'));
		for (let n = 0; n < 4; n++) await watcherOf('Ember');
		await waitIn(page, () => document.querySelector('#slaves')?.textContent?.includes('4 / 4'));
		await page.click(await buttonOf(page, 'Ember'));
		await waitIn(page, () => document.querySelector('#notice')?.textContent?.includes('Ember is full'));
	});
});

describe('the demo in two browsers', () => {
	let browsers: Browser[] = [];
	let demo: Program;
	let url: string;
	before(async () => {
		browsers = await Promise.all([launch('Chromium'), launch('Firefox')]);
		({ demo, url } = await startDemo());
	}, BOUND);
	after(async () => {
		await demo.close();
		for (const browser of browsers) await browser.close();
	}, BOUND);

	it('is played by a bot from Node, too', BOUND, async () => {
		const page = (await browsers[0]?.newPage()) as Page;
		await page.open(url);
		await join(page, 'Aurora', 'Ada');
		const bot = runProgram('examples/bot/bot.ts', ['Marvin', 'Aurora', '120'], { MASTER: url });
		try {
			await bot.says(/Marvin plays in Aurora/);
			await said(page, 'Marvin');
			// It runs after sparks, so it scores before long.
			await waitIn(page, () =>
				Array.from(document.querySelectorAll('#scores li')).some((line) => /Marvin[1-9]/.test(line.textContent ?? '')),
			);
			assert.equal(await bot.interrupt(), 0);
			await said(page, 'left');
			assert.deepEqual(page.problems, []);
		} finally {
			await bot.close();
			await page.close();
		}
	});

	it('carries a chat between them, and ends cleanly with Ctrl-C', { timeout: 60_000 }, async () => {
		const [one, other] = (await Promise.all(browsers.map((browser) => browser.newPage()))) as [Page, Page];
		for (const page of [one, other]) await page.open(url);
		await join(one, 'Ember', 'Ada');
		await join(other, 'Ember', 'Bob');
		await said(one, 'Bob');
		for (const [page, text] of [
			[one, 'Hello <b>Bob</b> & friends'],
			[other, 'Grüße, Ada!'],
		] as const) {
			await page.keyDown('Enter');
			await page.keyUp('Enter');
			await page.type(text);
			await page.keyDown('Enter');
			await page.keyUp('Enter');
			for (const reader of [one, other]) await said(reader, text);
		}
		assert.deepEqual([...one.problems, ...other.problems], []);
		assert.equal(await demo.interrupt(), 0);
		await waitIn(one, () => document.querySelector('#notice')?.textContent?.includes('Ember'));
		assert.doesNotMatch(demo.output, /Error/);
	});
});
