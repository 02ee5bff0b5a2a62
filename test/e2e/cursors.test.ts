/** The example `cursors`: a wall with notes, cursors and ink. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { BOUND, inEachBrowser, type Page, run, waitIn } from '../support/browsers.js';
import { freePort, type Program, runProgram } from '../support/e2e-program.js';

const LAPTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 780, touch: true };

/** A page in front of a wall, connected to so many others. */
async function connected(page: Page, others: number): Promise<void> {
	await waitIn(page, (others) => document.querySelectorAll('.person[data-path=rtc]').length === others, others);
}

const textOfNote = () => document.querySelector<HTMLTextAreaElement>('.note textarea')?.value;
const boxOf = (selector: string) => {
	const { left, top, width, height } = document.querySelector(selector)?.getBoundingClientRect() ?? new DOMRect();
	return { left, top, width, height };
};
/** Whether there is ink in the picture. */
const hasInk = () => {
	const canvas = document.querySelector('canvas') as HTMLCanvasElement;
	const context = canvas.getContext('2d') as CanvasRenderingContext2D;
	return context.getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0);
};

inEachBrowser('the example cursors', (suite) => {
	let program: Program;
	let url: string;
	before(async () => {
		const PORT = await freePort();
		program = runProgram('examples/cursors/server.ts', [], { PORT });
		await program.says(/http:/);
		url = `http://localhost:${PORT}/`;
	}, BOUND);
	after(async () => {
		assert.equal(await program.interrupt(), 0);
		assert.doesNotMatch(program.output, /Error/);
	}, BOUND);

	it('shows a phone what a laptop does: names, cursors, ink and notes', { timeout: 60_000 }, async () => {
		const laptop = await suite.page(`${url}#wall`, LAPTOP);
		const phone = await suite.page(`${url}#wall`, PHONE);
		await Promise.all([connected(laptop, 1), connected(phone, 1)]);
		await laptop.click('#name');
		for (let n = 0; n < 12; n++) await run(laptop, () => document.execCommand('delete'));
		await laptop.type('Zoë');
		await waitIn(phone, () => document.querySelector('.person')?.getAttribute('title') === 'Zoë');

		// A finger on the phone is a cursor with ink at the same part of the laptop's wall.
		await phone.drag([100, 300], [195, 390], async () => {
			await waitIn(laptop, () => {
				const cursor = document.querySelector<HTMLElement>('.cursor');
				return cursor?.style.getPropertyValue('--x') === '0.5' && cursor.style.getPropertyValue('--y') === '0.5';
			});
			assert.ok(await run(phone, hasInk));
		});

		// A note of the phone is on the laptop, and what is written there comes back.
		await phone.click('#add');
		await phone.type('from the phone');
		await waitIn(laptop, () => document.querySelectorAll('.note').length === 1);
		await waitIn(
			laptop,
			() => document.querySelector<HTMLTextAreaElement>('.note textarea')?.value === 'from the phone',
		);
		await run(laptop, () => {
			const area = document.querySelector('.note textarea') as HTMLTextAreaElement;
			area.focus();
			area.setSelectionRange(0, 0);
		});
		await laptop.type('Not ');
		await waitIn(phone, () => document.querySelector<HTMLTextAreaElement>('.note textarea')?.value.startsWith('Not '));
		assert.equal(await run(phone, textOfNote), 'Not from the phone');

		// It is dragged by a finger, and moves at the laptop too.
		await run(phone, () => (document.activeElement as HTMLElement).blur());
		const before = await run(laptop, boxOf, '.note');
		const note = await run(phone, boxOf, '.note');
		const grip: [number, number] = [note.left + 40, note.top + 12];
		await phone.drag(grip, [grip[0], grip[1] + (note.top > 400 ? -150 : 150)], async () => {});
		await waitIn(
			laptop,
			(top) => {
				const now = document.querySelector('.note')?.getBoundingClientRect().top ?? top;
				return Math.abs(now - top) > 60;
			},
			before.top,
		);

		// Somebody who comes later sees the note; it stays when the others go.
		const late = await suite.page(`${url}#wall`, LAPTOP);
		await waitIn(
			late,
			() => document.querySelector<HTMLTextAreaElement>('.note textarea')?.value === 'Not from the phone',
		);
		await connected(late, 2);
		await phone.open('about:blank');
		await connected(late, 1);
		await laptop.click('.note button');
		await waitIn(late, () => document.querySelectorAll('.note').length === 0);
		assert.deepEqual([...laptop.problems, ...phone.problems, ...late.problems], []);
	});

	it('keeps walls apart', BOUND, async () => {
		const one = await suite.page(`${url}#one`, LAPTOP);
		const other = await suite.page(`${url}#other`, LAPTOP);
		await waitIn(one, () => document.querySelector('#status')?.textContent === 'live');
		await waitIn(other, () => document.querySelector('#status')?.textContent === 'live');
		await one.click('#add');
		const third = await suite.page(`${url}#one`, LAPTOP);
		await waitIn(third, () => document.querySelectorAll('.note').length === 1);
		await connected(third, 1);
		assert.equal(await run(other, () => document.querySelectorAll('.note, .person').length), 0);
	});
});
