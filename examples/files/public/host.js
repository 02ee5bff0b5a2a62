import { StreamServer } from '/enslavism/streams.mjs';
import { byId } from './dom.js';
import { Row, setStatus } from './rows.js';
import { counting, lineOf } from './sharing.js';

/**
 * @typedef {import('/enslavism/streams.mjs').MuxStream} MuxStream
 * @typedef {import('./sharing.js').Shared} Shared
 */

/** Downloads that are over and still shown. */
const SHOWN = 5;

/** Makes this tab a file server. @param {import('/enslavism/streams.mjs').MasterConnection} master */
export function openHost(master) {
	byId('host').hidden = false;
	const host = new Host();
	const server = StreamServer(master, (stream) => void host.serve(stream).catch(() => {}));
	server.on('listening', () => {
		setStatus('Ready to share', 'ready');
		const link = byId('link', HTMLInputElement);
		link.value = `${location.origin}${location.pathname}#${encodeURIComponent(server.name ?? '')}`;
	});
	server.on('error', ({ message }) => setStatus(`Nobody can reach this tab: ${message}`, 'failed'));
	server.listen(freshName());
	takeFiles((file) => host.add(file));
	byId('copy').addEventListener('click', () => void copyLink());
}

class Host {
	/** @type {Map<number, File>} */
	#files = new Map();
	/** Whoever wants to know when the list changes. @type {Set<() => void>} */
	#watchers = new Set();
	#last = 0;
	/** @type {Row[]} */
	#over = [];

	/** @param {File} file */
	add(file) {
		const id = ++this.#last;
		this.#files.set(id, file);
		const row = new Row(byId('shared'), file.name, file.size);
		row.button('Remove', () => {
			this.#files.delete(id);
			row.remove();
			this.#changed();
		});
		byId('link-row').hidden = false;
		this.#changed();
	}

	/** One wish of a guest. @param {MuxStream} stream */
	async serve(stream) {
		const wish = /** @type {{ want?: unknown, id?: unknown } | undefined} */ (stream.meta);
		const file = wish?.want === 'file' ? this.#files.get(Number(wish.id)) : undefined;
		if (wish?.want === 'list') await this.#tell(stream);
		else if (file === undefined) await stream.writable.abort();
		else await this.#send(file, stream);
	}

	/** @param {MuxStream} stream */
	async #tell(stream) {
		const writer = stream.writable.getWriter();
		// A guest that does not read gets the newest list when it does, and not every one in between.
		let isWriting = false;
		let isOld = false;
		const tell = async () => {
			isOld = true;
			if (isWriting) return;
			isWriting = true;
			while (isOld) {
				isOld = false;
				await writer.write(lineOf(this.#list()));
			}
			isWriting = false;
		};
		const watcher = () => void tell().catch(() => {});
		this.#watchers.add(watcher);
		watcher();
		await writer.closed.catch(() => {});
		this.#watchers.delete(watcher);
	}

	/** @param {File} file @param {MuxStream} stream */
	async #send(file, stream) {
		byId('activity').hidden = false;
		const row = new Row(byId('transfers'), file.name, file.size);
		row.progress(0);
		row.button('Stop', () => void stream.readable.cancel());
		try {
			await file
				.stream()
				.pipeThrough(counting((bytes) => row.progress(bytes)))
				.pipeTo(stream.writable);
			row.done('Sent');
		} catch {
			row.failed('Stopped');
		}
		this.#over.push(row);
		if (this.#over.length > SHOWN) this.#over.shift()?.remove();
	}

	/** @returns {Shared[]} */
	#list() {
		return Array.from(this.#files, ([id, { name, size }]) => ({ id, name, size }));
	}

	#changed() {
		for (const tell of this.#watchers) tell();
	}
}

/** Whoever knows the name can fetch the files: it is not to be guessed. */
function freshName() {
	return Array.from(crypto.getRandomValues(new Uint8Array(10)), (byte) => (byte % 36).toString(36)).join('');
}

/** Files that are dropped anywhere, chosen or pasted. @param {(file: File) => void} take */
function takeFiles(take) {
	const drop = byId('drop');
	const choose = byId('choose', HTMLInputElement);
	const takeAll = (/** @type {FileList | undefined} */ files) => {
		for (const file of files ?? []) take(file);
	};
	choose.addEventListener('change', () => {
		takeAll(choose.files ?? undefined);
		choose.value = '';
	});
	addEventListener('paste', ({ clipboardData }) => takeAll(clipboardData?.files));
	for (const type of /** @type {const} */ (['dragover', 'dragleave', 'drop'])) {
		addEventListener(type, (event) => {
			event.preventDefault();
			drop.toggleAttribute('data-over', type === 'dragover');
			if (type === 'drop') takeAll(event.dataTransfer?.files);
		});
	}
}

async function copyLink() {
	const link = byId('link', HTMLInputElement);
	link.select();
	try {
		await navigator.clipboard.writeText(link.value);
		byId('copy').textContent = 'Copied';
	} catch {
		// Not allowed, or not a secure page: it is selected at least.
		byId('copy').textContent = 'Selected';
	}
	setTimeout(() => {
		byId('copy').textContent = 'Copy link';
	}, 2000);
}
