import { TICK_MS } from './protocol.js';

/** @typedef {import('./protocol.js').Snapshot} Snapshot */
/** @typedef {import('./protocol.js').Body} Body */

/** How far in the past the others are shown, in milliseconds: so there is a snapshot before and one after. */
const DELAY = 100;
/** Snapshots kept. */
const MOST = 30;
/** How long others go on as they went when snapshots stay away, in milliseconds. */
const BLIND = 120;
/** How fast the clock follows when the way gets longer, in milliseconds a snapshot. */
const DRIFT = 0.05;

/** The latest snapshots, and where everybody was at any moment between them. */
export class Timeline {
	/** @type {Snapshot[]} by tick */
	#snapshots = [];
	/** Time here less time there: of the message that was fastest of late. */
	#offset = Number.POSITIVE_INFINITY;

	/**
	 * Takes a snapshot, which may be late or a duplicate.
	 *
	 * @param {Snapshot} snapshot @param {number} now
	 * @returns {boolean} whether it is the newest
	 */
	add(snapshot, now) {
		this.#offset = Math.min(this.#offset + DRIFT, now - snapshot.tick * TICK_MS);
		const after = this.#snapshots.findLastIndex(({ tick }) => tick <= snapshot.tick);
		if (this.#snapshots[after]?.tick === snapshot.tick) return false;
		this.#snapshots.splice(after + 1, 0, snapshot);
		if (this.#snapshots.length > MOST) this.#snapshots.shift();
		return this.#snapshots.at(-1) === snapshot;
	}

	/** Where everybody is to be shown. @param {number} now @returns {Map<number, Body>} */
	at(now) {
		const time = now - this.#offset - DELAY;
		const next = this.#snapshots.findIndex(({ tick }) => tick * TICK_MS > time);
		const to = this.#snapshots[next];
		const from = next === -1 ? this.#snapshots.at(-1) : this.#snapshots[next - 1];
		if (from === undefined) return to?.bodies ?? new Map();
		const since = time - from.tick * TICK_MS;
		if (to === undefined) return ahead(from.bodies, Math.min(since, BLIND) / 1000);
		return between(from.bodies, to.bodies, since / ((to.tick - from.tick) * TICK_MS));
	}
}

/** @param {Map<number, Body>} from @param {Map<number, Body>} to @param {number} part */
function between(from, to, part) {
	/** @type {Map<number, Body>} */
	const bodies = new Map();
	for (const [id, end] of to) {
		const start = from.get(id) ?? end;
		bodies.set(id, { ...end, x: start.x + (end.x - start.x) * part, y: start.y + (end.y - start.y) * part });
	}
	return bodies;
}

/** @param {Map<number, Body>} bodies @param {number} seconds */
function ahead(bodies, seconds) {
	return new Map(
		Array.from(bodies, ([id, body]) => [id, { ...body, x: body.x + body.vx * seconds, y: body.y + body.vy * seconds }]),
	);
}
