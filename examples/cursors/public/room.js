// One wall: its notes are in a shared state of the master, its people are peers, and what they do with their cursors goes
// from browser to browser without the master.
import { Peers, SharedState } from '/enslavism/signal.mjs';

/** Cursors: only the newest place matters, so nothing is sent twice. Both sides make the channel. */
const CURSOR = { negotiated: true, id: 1, ordered: false, maxRetransmits: 0 };

/**
 * @typedef {{ name: string, hue: number }} Me
 * @typedef {{ x: number, y: number, text: string, hue: number }} Note places are parts of the wall, 0 to 1
 * @typedef {{ x: number, y: number, down: boolean }} Place
 */

/**
 * Enters a wall.
 *
 * @param {string} name
 * @param {Me} me
 * @param {{
 *   note(id: string, note: Note | undefined): void,
 *   people(people: { id: string, me: Me, path: string }[]): void,
 *   cursor(id: string, me: Me, place: Place): void,
 *   left(id: string): void,
 *   status(state: 'joining' | 'here' | 'ended', text: string): void,
 * }} see what is to be shown
 */
export function enter(name, me, see) {
	/** @type {SharedState<Note>} */
	const notes = new SharedState('', `wall ${name}`);
	notes.on('change', (id, value) => see.note(id, readNote(value)));

	const channels = new Set();
	/** @type {string | undefined} */
	let last;
	const peers = new Peers('', `wall ${name}`, {
		data: me,
		onconnection: async (connection, peer) => {
			tellPeople();
			connection.on('close', () => {
				see.left(connection.id);
				tellPeople();
			});
			try {
				const channel = await connection.createDataChannel('cursor', CURSOR);
				channels.add(channel);
				channel.on('close', () => channels.delete(channel));
				channel.on('message', ({ data }) => {
					const place = readPlace(data);
					if (place !== undefined) see.cursor(connection.id, readMe(peer.data), place);
				});
				if (last !== undefined) channel.send(last);
			} catch {
				// It is gone already.
			}
		},
	});

	function tellPeople() {
		see.people(
			peers.peers.map(({ id, data, connection }) => ({ id, me: readMe(data), path: connection?.path ?? 'none' })),
		);
	}
	for (const event of /** @type {const} */ (['join', 'update', 'leave'])) peers.on(event, tellPeople);
	peers.on('sync', () => see.status('here', 'live'));
	peers.on('lost', () => see.status('joining', 'reconnecting'));
	peers.on('close', ({ message }) => see.status('ended', message));

	return {
		/** @param {Me} next */
		rename: (next) => peers.update(next),
		/** @param {Place} place */
		point: ({ x, y, down }) => {
			last = JSON.stringify([round(x), round(y), down ? 1 : 0]);
			for (const channel of channels) if (channel.bufferedAmount < 16_384) channel.send(last);
		},
		/** @param {string} id @param {Note} note */
		put: (id, note) => notes.set(id, { ...note, x: round(note.x), y: round(note.y) }),
		/** @param {string} id */
		take: (id) => notes.delete(id),
		/** @param {string} id */
		note: (id) => readNote(notes.get(id)),
	};
}

const round = (/** @type {number} */ part) => Math.round(part * 1e4) / 1e4;

// What others send is not trusted to have a form.

const part = (/** @type {unknown} */ value) => Math.min(1, Math.max(0, Number(value) || 0));

/** @param {unknown} value @returns {Note | undefined} */
function readNote(value) {
	if (typeof value !== 'object' || value === null) return undefined;
	const { x, y, text, hue } = /** @type {Record<string, unknown>} */ (value);
	return { x: part(x), y: part(y), text: String(text ?? '').slice(0, 400), hue: Number(hue) || 0 };
}

/** @param {unknown} value @returns {Me} */
function readMe(value) {
	const { name, hue } = /** @type {Record<string, unknown>} */ (Object(value));
	return { name: String(name ?? '').slice(0, 20) || 'somebody', hue: Number(hue) || 0 };
}

/** @param {string | ArrayBuffer} data @returns {Place | undefined} */
function readPlace(data) {
	try {
		const [x, y, down] = JSON.parse(String(data));
		return { x: part(x), y: part(y), down: down === 1 };
	} catch {
		return undefined;
	}
}
