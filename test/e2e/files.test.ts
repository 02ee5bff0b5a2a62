/** The example of a file server in a tab. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { BOUND, inEachBrowser, run, waitIn } from '../support/browsers.js';
import { dropFile, isWhole, keepDownloads, linkOf, rowsOf } from '../support/e2e-files.js';
import { type Program, runProgram } from '../support/e2e-program.js';

const SMALL = 200_000;
const LARGE = 40_000_000;

inEachBrowser('the file server in a tab', (suite) => {
	let program: Program;
	let url: string;
	before(async () => {
		program = runProgram('examples/files/start.ts', [], { PORT: '0' });
		url = (await program.says(/(http:\/\/localhost:\d+\/)/))[1] as string;
	}, BOUND);
	after(() => program.close());

	/** A tab that shares, and another one that has its link. */
	async function tabs() {
		const host = await suite.page(url);
		const guest = await suite.page(await linkOf(host));
		await keepDownloads(guest);
		return { host, guest };
	}

	it('lists files live, and the other tab downloads one byte by byte', BOUND, async () => {
		const { host, guest } = await tabs();
		await waitIn(guest, () => document.querySelector('#guest-lead')?.textContent === 'Nothing is shared just now.');
		await dropFile(host, '<b>plan</b>.pdf', SMALL);
		await waitIn(guest, () => document.querySelectorAll('#offered .file').length === 1);
		assert.deepEqual(await rowsOf(guest, 'offered'), [['<b>plan</b>.pdf', '200 kB', 'Download']]);
		await guest.click('#offered button');
		await waitIn(guest, () => document.querySelector('#offered [data-state=done]') !== null);
		assert.equal(await isWhole(guest, SMALL), true);
		await waitIn(host, () => document.querySelector('#transfers [data-state=done]') !== null);
		await host.click('#shared button');
		await waitIn(guest, () => document.querySelectorAll('#offered .file').length === 0);
		assert.deepEqual([...host.problems, ...guest.problems], []);
	});

	it('shows how far a download is, and stops it for both when one wants', BOUND, async () => {
		const { host, guest } = await tabs();
		await dropFile(host, 'film.bin', LARGE);
		await waitIn(guest, () => document.querySelector('#offered button')?.textContent === 'Download');
		for (const [stopper, list] of [
			[guest, 'offered'],
			[host, 'transfers'],
		] as const) {
			await guest.click('#offered button');
			await waitIn(guest, () => (document.querySelector<HTMLProgressElement>('#offered progress')?.value ?? 0) > 1e6);
			await waitIn(host, () => document.querySelector('#transfers [data-state=busy]') !== null);
			await run(
				stopper,
				(list) => document.querySelector<HTMLElement>(`#${list} [data-state=busy] button`)?.click(),
				list,
			);
			await waitIn(guest, () => document.querySelector('#offered [data-state=failed]') !== null);
			await waitIn(host, () => document.querySelector('#transfers [data-state=busy]') === null);
		}
		await guest.click('#offered button');
		await waitIn(guest, () => document.querySelector('#offered [data-state=done]') !== null);
		assert.equal(await isWhole(guest, LARGE), true);
		assert.deepEqual([...host.problems, ...guest.problems], []);
	});

	it('tells when the sharing tab is closed, and when nobody shares', { timeout: 60_000 }, async () => {
		const { host, guest } = await tabs();
		await dropFile(host, 'a.txt', 4);
		await waitIn(guest, () => document.querySelectorAll('#offered .file').length === 1);
		await host.close();
		await waitIn(guest, () => document.querySelector('#status')?.textContent === 'Not connected');
		const lost = await suite.page(`${url}#nobody`);
		await waitIn(lost, () => document.querySelector('#guest-lead')?.textContent?.startsWith('Nobody shares'));
	});
});
