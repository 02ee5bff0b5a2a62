import { MasterConnection } from '../../src/client/node.js';
import { type Page, run, waitIn } from './browsers.js';

interface Place {
	x: number;
	y: number;
}

/** What the tests use of `examples/demo/public/protocol.js`. */
interface Protocol {
	TALK: { name: string; options: object };
	MOVES: { name: string; options: object };
	decodeSnapshot(data: unknown): { bodies: Map<number, Place> } | undefined;
}

const PROTOCOL = new URL('../../examples/demo/public/protocol.js', import.meta.url).href;

/** A player of the demo without a page, who sees where the others are. */
export interface Watcher {
	/** Waits until a player of that name is further than that from where it was first seen. */
	sees(name: string, distance: number): Promise<void>;
	close(): void;
}

/** Joins an arena of the demo from Node. */
export async function watch(url: string, slaveName: string): Promise<Watcher> {
	const { TALK, MOVES, decodeSnapshot } = (await import(PROTOCOL)) as Protocol;
	const master = new MasterConnection(url);
	await master.ready;
	const slave = master.slaves.find(({ userData }) => (userData as { name: string }).name === slaveName);
	if (slave === undefined) throw new Error(`there is no slave ${slaveName}`);
	const [talk, moves] = await Promise.all([
		slave.createDataChannel(TALK.name, TALK.options),
		slave.createDataChannel(MOVES.name, MOVES.options),
	]);
	const names = new Map<string, number>();
	talk.on('message', ({ data }) => {
		const said = JSON.parse(String(data)) as { t: string; player?: { name: string; id: number } };
		if (said.t === 'joined' && said.player !== undefined) names.set(said.player.name, said.player.id);
	});
	talk.send(JSON.stringify({ t: 'hello', name: 'Watcher', hue: 0 }));
	return {
		sees: (name, distance) =>
			new Promise((resolve) => {
				let first: Place | undefined;
				moves.on('message', ({ data }) => {
					const now = decodeSnapshot(data)?.bodies.get(names.get(name) ?? -1);
					first ??= now;
					if (first !== undefined && now !== undefined && Math.hypot(now.x - first.x, now.y - first.y) > distance)
						resolve();
				});
			}),
		close: () => master.close(),
	};
}

/** What the list of slaves in the page of the demo shows. */
export function cards(page: Page): Promise<{ id: string; name: string; players: string; rtt: string }[]> {
	return run(page, () =>
		Array.from(document.querySelectorAll<HTMLElement>('#slaves > li'), (card) => ({
			id: card.dataset.slave ?? '',
			name: card.querySelector('.slave-name')?.textContent ?? '',
			players: card.querySelector('.players')?.textContent ?? '',
			rtt: card.querySelector('.rtt')?.textContent ?? '',
		})),
	);
}

/** Where the middle of an element is, in CSS pixels. */
export function middleOf(page: Page, selector: string): Promise<[number, number]> {
	return run(
		page,
		(selector) => {
			const { x, y, width, height } = document.querySelector(selector)?.getBoundingClientRect() ?? new DOMRect();
			return [x + width / 2, y + height / 2] as [number, number];
		},
		selector,
	);
}

/** The selector of the button that joins a slave. */
export async function buttonOf(page: Page, slaveName: string): Promise<string> {
	await waitIn(page, (name) => document.querySelector('#slaves')?.textContent?.includes(name), slaveName);
	const card = (await cards(page)).find(({ name }) => name === slaveName);
	return `[data-slave="${card?.id}"] button`;
}

/** Waits until the page is in the arena. */
export async function inGame(page: Page): Promise<void> {
	await waitIn(page, () => document.querySelector<HTMLElement>('#game')?.hidden === false);
}

/** Joins a slave under a name, with mouse and keyboard. */
export async function join(page: Page, slaveName: string, playerName: string): Promise<void> {
	await page.click('#name');
	await run(page, () => document.querySelector<HTMLInputElement>('#name')?.select());
	await page.type(playerName);
	await page.click(await buttonOf(page, slaveName));
	await inGame(page);
}
