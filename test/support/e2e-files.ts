/** The pages of `examples/files`, driven by tests and benches. */
import { type Page, run, waitIn } from './browsers.js';

/** Drops a file into the page. Each byte is its place's number, so that one that is missing or doubled shows. */
export async function dropFile(page: Page, name: string, bytes: number): Promise<void> {
	await run(
		page,
		(name, bytes) => {
			const content = new Uint32Array(Math.ceil(bytes / 4));
			for (let i = 0; i < content.length; i++) content[i] = (i * 2_654_435_761) >>> 0;
			const transfer = new DataTransfer();
			transfer.items.add(new File([new Uint8Array(content.buffer, 0, bytes)], name));
			const target = document.querySelector('#drop');
			target?.dispatchEvent(new DragEvent('dragover', { dataTransfer: transfer, bubbles: true, cancelable: true }));
			target?.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
		},
		name,
		bytes,
	);
}

/** The link to a tab that shares, once somebody can come. */
export async function linkOf(page: Page): Promise<string> {
	await waitIn(page, () => document.querySelector('#status')?.textContent === 'Ready to share');
	return run(page, () => document.querySelector<HTMLInputElement>('#link')?.value ?? '');
}

/** What the rows of a list say. */
export function rowsOf(page: Page, list: 'shared' | 'transfers' | 'offered'): Promise<string[][]> {
	return run(
		page,
		(list) =>
			Array.from(document.querySelectorAll(`#${list} .file`), (row) =>
				['.name', '.note', 'button'].map((part) => row.querySelector(part)?.textContent ?? ''),
			),
		list,
	);
}

/** Keeps what the page would hand to the browser as a download. */
export async function keepDownloads(page: Page): Promise<void> {
	await run(page, () => {
		const kept: Blob[] = [];
		Object.assign(globalThis, { kept });
		const before = URL.createObjectURL;
		URL.createObjectURL = (blob) => {
			kept.push(blob as Blob);
			return before.call(URL, blob);
		};
		HTMLAnchorElement.prototype.click = () => {};
	});
}

/** Whether the last download is the file that {@link dropFile} made. */
export function isWhole(page: Page, bytes: number): Promise<boolean> {
	return run(
		page,
		async (bytes) => {
			const blob = (globalThis as unknown as { kept: Blob[] }).kept.at(-1);
			if (blob?.size !== bytes || bytes % 4 !== 0) return false;
			const content = new Uint32Array(await blob.arrayBuffer());
			return content.every((word, i) => word === (i * 2_654_435_761) >>> 0);
		},
		bytes,
	);
}
