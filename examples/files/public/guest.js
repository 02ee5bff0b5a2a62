import { StreamClient } from '/enslavism/streams.mjs';
import { byId } from './dom.js';
import { Row, setStatus } from './rows.js';
import { counting, readLists } from './sharing.js';

/**
 * @typedef {import('./sharing.js').Shared} Shared
 * @typedef {import('./sharing.js').Wish} Wish
 */

/** How long to wait for a host that is not there, in milliseconds: it may be reloading. */
const WAIT = 10_000;

/** Bytes of a download that are given to the browser together: it keeps them where it likes. */
const PART_BYTES = 4 * 1024 * 1024;

/**
 * Shows what another tab shares.
 *
 * @param {import('/enslavism/streams.mjs').MasterConnection} master
 * @param {string} name
 */
export function openGuest(master, name) {
	byId('guest').hidden = false;
	const client = StreamClient(master, { wait: WAIT });
	/** @param {Wish} wish @param {AbortSignal} [signal] */
	const ask = (wish, signal) => client.connect(name, wish, { signal });
	const list = new List(ask);
	readLists(ask({ want: 'list' }).readable, (files) => {
		setStatus('Connected', 'ready');
		list.show(files);
	}).then(
		() => lost('The other tab has stopped sharing.'),
		(error) =>
			lost(error.code === 'server-does-not-exist' ? 'Nobody shares files here now.' : 'The other tab is gone.'),
	);
}

/** @param {string} words */
function lost(words) {
	setStatus('Not connected', 'failed');
	byId('guest-lead').textContent = `${words} Reload the page to look again.`;
}

class List {
	#ask;
	/** @type {Map<number, Row>} */
	#rows = new Map();

	/** @param {(wish: Wish, signal?: AbortSignal) => import('/enslavism/streams.mjs').MuxStream} ask */
	constructor(ask) {
		this.#ask = ask;
	}

	/** @param {Shared[]} files */
	show(files) {
		byId('guest-lead').textContent =
			files.length === 0
				? 'Nothing is shared just now.'
				: 'Straight from another tab. They stay there as long as it is open.';
		const here = new Set(files.map(({ id }) => id));
		for (const [id, row] of this.#rows) {
			if (here.has(id)) continue;
			row.remove();
			this.#rows.delete(id);
		}
		for (const file of files) if (!this.#rows.has(file.id)) this.#add(file);
	}

	/** @param {Shared} file */
	#add(file) {
		const row = new Row(byId('offered'), file.name, file.size);
		this.#rows.set(file.id, row);
		this.#offer(row, file, 'Download');
	}

	/** @param {Row} row @param {Shared} file @param {string} words */
	#offer(row, file, words) {
		row.button(words, () => void this.#download(row, file), 'primary');
	}

	/** @param {Row} row @param {Shared} file */
	async #download(row, file) {
		const abort = new AbortController();
		row.button('Stop', () => abort.abort());
		row.progress(0);
		try {
			const { readable } = this.#ask({ want: 'file', id: file.id }, abort.signal);
			const blob = await gather(readable.pipeThrough(counting((bytes) => row.progress(bytes))));
			if (blob.size !== file.size) throw new Error('the file has changed');
			save(blob, file.name);
			row.done('Downloaded');
			this.#offer(row, file, 'Again');
		} catch (error) {
			row.failed(abort.signal.aborted ? 'Stopped' : `Failed: ${error instanceof Error ? error.message : error}`);
			this.#offer(row, file, 'Try again');
		}
	}
}

/** @param {ReadableStream<Uint8Array>} readable */
async function gather(readable) {
	/** @type {Blob[]} */
	const parts = [];
	/** @type {BlobPart[]} */
	let pieces = [];
	let bytes = 0;
	const reader = readable.getReader();
	for (;;) {
		const { done, value } = await reader.read();
		if (value !== undefined) {
			pieces.push(/** @type {Uint8Array<ArrayBuffer>} */ (value));
			bytes += value.length;
		}
		if (done || bytes >= PART_BYTES) {
			parts.push(new Blob(pieces));
			pieces = [];
			bytes = 0;
		}
		if (done) return new Blob(parts);
	}
}

/** @param {Blob} blob @param {string} name */
function save(blob, name) {
	const link = document.createElement('a');
	link.href = URL.createObjectURL(blob);
	link.download = name;
	link.click();
	// The browser has begun to read it by then.
	setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
