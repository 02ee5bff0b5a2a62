/**
 * What the tabs say to each other. Each thing that a guest wants is a stream of its own, opened with what it wants as `meta`;
 * closing it, from either side, is all the cleaning up there is.
 *
 * - `{ want: 'list' }`: the host writes the list as a line of JSON, again whenever it changes, as long as it is open.
 * - `{ want: 'file', id }`: the host writes the file and ends.
 *
 * @typedef {{ id: number, name: string, size: number }} Shared
 * @typedef {{ want: 'list' } | { want: 'file', id: number }} Wish
 */

/** Lists longer than this are not read on, in characters. */
const LINE_LENGTH = 1_000_000;

/**
 * The lists that a host writes.
 *
 * @param {ReadableStream<Uint8Array>} readable
 * @param {(files: Shared[]) => void} show
 */
export async function readLists(readable, show) {
	const decoder = new TextDecoder();
	const reader = readable.getReader();
	let rest = '';
	for (;;) {
		const { done, value } = await reader.read();
		if (done) return;
		const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
		rest = lines.pop() ?? '';
		if (rest.length > LINE_LENGTH) throw new Error('the list is too long');
		for (const line of lines) show(filesOf(JSON.parse(line)));
	}
}

/** What a stranger wrote, as what it should be. @param {unknown} list @returns {Shared[]} */
function filesOf(list) {
	if (!Array.isArray(list)) throw new Error('that is no list');
	return list.map(({ id, name, size }) => ({ id: Number(id), name: String(name), size: Number(size) }));
}

/** @param {Shared[]} files */
export function lineOf(files) {
	return new TextEncoder().encode(`${JSON.stringify(files)}\n`);
}

/**
 * Counts the bytes that pass.
 *
 * @param {(bytes: number) => void} passed told how many there were in all
 * @returns {TransformStream<Uint8Array, Uint8Array>}
 */
export function counting(passed) {
	let bytes = 0;
	return new TransformStream({
		transform(chunk, controller) {
			bytes += chunk.length;
			passed(bytes);
			controller.enqueue(chunk);
		},
	});
}
