/**
 * What the page and a slave of the demo say to each other, for both ends.
 *
 * Two channels. `talk` is reliable and ordered and carries JSON: who is here, chat, sparks. `moves` is unordered and
 * unreliable and carries the two binary messages below, each up to 30 times a second: what is lost is out of date
 * before it could be sent again, so each message stands for itself. Numbers are big-endian.
 *
 *     inputs    page to slave    u8 1 | u8 count | u32 number of the first | count × (i8 dx, i8 dy)
 *     snapshot  slave to page    u8 2 | u32 tick | u32 inputs taken | u8 count | count × player
 *     player                     u8 id | u16 x | u16 y | i16 vx | i16 vy
 *
 * An input is where a player wanted to go during one tick: a direction whose length is at most 1, times 127. Every
 * message repeats the latest inputs, so that a lost message loses none. Positions are in 1/32 of a unit, velocities
 * in 1/32 of a unit a second.
 */

/** How the two channels are made. */
export const TALK = { name: 'talk', options: {} };
export const MOVES = { name: 'moves', options: { ordered: false, maxRetransmits: 0 } };

/** Ticks of the arena, and so inputs and snapshots, a second. */
export const TICKS_PER_SECOND = 30;
/** Length of a tick in milliseconds. */
export const TICK_MS = 1000 / TICKS_PER_SECOND;

/** Inputs in one message: three lost messages in a row do no harm. */
export const INPUTS_PER_MESSAGE = 4;
/** Longest player name, in characters. */
export const NAME_LENGTH = 16;
/** Longest chat message, in characters. */
export const CHAT_LENGTH = 160;
/** Longest message on `talk` that a slave reads, in UTF-16 code units: a chat message, escaped, and its envelope. */
export const TALK_LENGTH = 2048;
/** Most players in one arena: a snapshot of them stays within one packet. */
export const MOST_PLAYERS = 100;

const INPUTS = 1;
const SNAPSHOT = 2;
const INPUTS_HEAD = 6;
const SNAPSHOT_HEAD = 10;
const PLAYER_BYTES = 9;
const SCALE = 32;

/** @typedef {{ dx: number, dy: number }} Direction where to go; its length is at most 1 */
/** @typedef {{ x: number, y: number, vx: number, vy: number }} Body a place and a velocity, in units and units a second */
/** @typedef {{ first: number, directions: Direction[] }} Inputs numbered from `first` on */
/** @typedef {{ tick: number, taken: number, bodies: Map<number, Body> }} Snapshot bodies by player id */

/** @typedef {{ id: number, name: string, hue: number, score: number }} PlayerInfo */
/** @typedef {{ x: number, y: number }} Place */
/** @typedef {{ t: 'hello', name: string, hue: number } | { t: 'chat', text: string }} PageSays on `talk` */
/**
 * @typedef {{ t: 'welcome', you: number, players: PlayerInfo[], sparks: Place[] }
 *   | { t: 'joined', player: PlayerInfo }
 *   | { t: 'left', id: number }
 *   | { t: 'chat', id: number, text: string }
 *   | { t: 'spark', spark: number, x: number, y: number, by: number, score: number }} SlaveSays on `talk`
 */

/** @param {Inputs} inputs @returns {ArrayBuffer} */
export function encodeInputs({ first, directions }) {
	const view = new DataView(new ArrayBuffer(INPUTS_HEAD + 2 * directions.length));
	view.setUint8(0, INPUTS);
	view.setUint8(1, directions.length);
	view.setUint32(2, first);
	directions.forEach(({ dx, dy }, n) => {
		view.setInt8(INPUTS_HEAD + 2 * n, Math.round(dx * 127));
		view.setInt8(INPUTS_HEAD + 2 * n + 1, Math.round(dy * 127));
	});
	return view.buffer;
}

/** @param {unknown} data @returns {Inputs | undefined} `undefined` for what is not one */
export function decodeInputs(data) {
	if (!(data instanceof ArrayBuffer) || data.byteLength < INPUTS_HEAD) return undefined;
	const view = new DataView(data);
	const count = view.getUint8(1);
	if (view.getUint8(0) !== INPUTS || count > INPUTS_PER_MESSAGE) return undefined;
	if (data.byteLength !== INPUTS_HEAD + 2 * count) return undefined;
	const directions = Array.from({ length: count }, (_, n) =>
		direction(view.getInt8(INPUTS_HEAD + 2 * n) / 127, view.getInt8(INPUTS_HEAD + 2 * n + 1) / 127),
	);
	return { first: view.getUint32(2), directions };
}

/** @param {Snapshot} snapshot @returns {ArrayBuffer} */
export function encodeSnapshot({ tick, taken, bodies }) {
	const view = new DataView(new ArrayBuffer(SNAPSHOT_HEAD + PLAYER_BYTES * bodies.size));
	view.setUint8(0, SNAPSHOT);
	view.setUint32(1, tick);
	view.setUint32(5, taken);
	view.setUint8(9, bodies.size);
	let at = SNAPSHOT_HEAD;
	for (const [id, { x, y, vx, vy }] of bodies) {
		view.setUint8(at, id);
		view.setUint16(at + 1, Math.round(x * SCALE));
		view.setUint16(at + 3, Math.round(y * SCALE));
		view.setInt16(at + 5, Math.round(vx * SCALE));
		view.setInt16(at + 7, Math.round(vy * SCALE));
		at += PLAYER_BYTES;
	}
	return view.buffer;
}

/** @param {unknown} data @returns {Snapshot | undefined} `undefined` for what is not one */
export function decodeSnapshot(data) {
	if (!(data instanceof ArrayBuffer) || data.byteLength < SNAPSHOT_HEAD) return undefined;
	const view = new DataView(data);
	const count = view.getUint8(9);
	if (view.getUint8(0) !== SNAPSHOT || data.byteLength !== SNAPSHOT_HEAD + PLAYER_BYTES * count) return undefined;
	/** @type {Map<number, Body>} */
	const bodies = new Map();
	for (let at = SNAPSHOT_HEAD; at < data.byteLength; at += PLAYER_BYTES) {
		bodies.set(view.getUint8(at), {
			x: view.getUint16(at + 1) / SCALE,
			y: view.getUint16(at + 3) / SCALE,
			vx: view.getInt16(at + 5) / SCALE,
			vy: view.getInt16(at + 7) / SCALE,
		});
	}
	return { tick: view.getUint32(1), taken: view.getUint32(5), bodies };
}

/**
 * A direction as it goes over the wire: no longer than 1, in steps of 1/127. The page predicts with the very numbers
 * that the slave will read.
 *
 * @param {number} dx @param {number} dy @returns {Direction}
 */
export function direction(dx, dy) {
	const shrink = 1 / Math.max(1, Math.hypot(dx, dy));
	return { dx: Math.trunc(dx * shrink * 127) / 127, dy: Math.trunc(dy * shrink * 127) / 127 };
}
