/** Three copies of a shared state and a master, with lines between them that a test delays, doubles and cuts. */
import { DEFAULT_STATE_LIMITS } from '../../src/master/services/limits.js';
import { StateSpace } from '../../src/master/services/state-space.js';
import { StateReplica } from '../../src/signal/state-replica.js';
import { type Line, readLine, SYNC_LINE } from '../../src/wire/index.js';

const DAY = 86_400_000;

/** One copy, and its line. */
interface End {
	readonly replica: StateReplica;
	/** How far its clock is ahead of the master's. */
	readonly skew: number;
	connected: boolean;
	/** Whether the copy, and whether the master, has had the digest of the other. */
	met: boolean;
	greeted: boolean;
	up: string[];
	down: string[];
}

export class Network {
	/** The time at the master. */
	now = 1.7e12;
	#space = new StateSpace('master 0', DAY, DEFAULT_STATE_LIMITS);
	#restarts = 0;
	readonly #ends: End[];
	readonly #written = new Map<string, unknown>();

	constructor(skews: number[]) {
		this.#ends = skews.map((skew) => ({
			replica: new StateReplica(),
			skew,
			connected: false,
			met: false,
			greeted: false,
			up: [],
			down: [],
		}));
	}

	/** The keys that are certain to be somewhere: nobody has ever deleted them. */
	get lastWritten(): string[] {
		return [...this.#written].filter(([, deleted]) => deleted === false).map(([key]) => key);
	}

	write(index: number, key: string, value: unknown): void {
		const end = this.#end(index);
		this.#written.set(key, this.#written.get(key) === true || value === null);
		const { line } = end.replica.write(key, value, undefined, this.now + end.skew);
		if (end.replica.get(key, this.now + end.skew) !== (value ?? undefined)) throw new Error('a write did not win here');
		if (end.met) end.up.push(line);
	}

	connect(index: number): void {
		const end = this.#end(index);
		if (end.connected) return;
		end.connected = true;
		end.up.push(end.replica.digest());
		end.down.push(this.#space.digest(this.now));
	}

	/** What is on its way is lost. */
	cut(index: number): void {
		Object.assign(this.#end(index), { connected: false, met: false, greeted: false, up: [], down: [] });
	}

	/** The master forgets everything. */
	restart(): void {
		this.#space = new StateSpace(`master ${++this.#restarts}`, DAY, DEFAULT_STATE_LIMITS);
		for (const index of this.#ends.keys()) this.cut(index);
	}

	/** Lets the next frame of a line arrive, writes perhaps twice. */
	deliver(index: number, up: boolean, twice = false): boolean {
		const end = this.#end(index);
		const frame = (up ? end.up : end.down).shift();
		for (const text of frame?.trim().split('\n') ?? []) {
			const read = readLine(text);
			if (!read.ok) throw new Error(`${read.problem}: ${text}`);
			for (let times = twice && read.message.t === 'update' ? 2 : 1; times > 0; times--) {
				if (up) this.#atMaster(end, read.message);
				else this.#atReplica(end, read.message);
			}
		}
		return frame !== undefined;
	}

	/** Connects everybody and lets everything arrive. */
	settle(): void {
		for (const index of this.#ends.keys()) this.connect(index);
		for (let moved = true; moved; ) {
			moved = false;
			for (const index of this.#ends.keys()) {
				for (const up of [true, false]) while (this.deliver(index, up)) moved = true;
			}
		}
	}

	/** What each copy has, and what the master would send a newcomer. */
	states(): Record<string, unknown>[] {
		const newcomer = new StateReplica();
		for (const frame of [this.#space.digest(this.now), ...this.#space.lackedBy({}, () => this.now)]) {
			for (const text of frame.trim().split('\n')) {
				const read = readLine(text);
				if (read.ok && read.message.t === 'update') newcomer.take(read.message.update, this.now);
			}
		}
		const states = this.#ends.map(({ replica, skew }) => replica.entries(this.now + skew));
		return [newcomer.entries(this.now), ...states].map((entries) => Object.fromEntries([...entries].sort()));
	}

	#atMaster(end: End, line: Line): void {
		if (line.t === 'digest' && !end.greeted) {
			end.greeted = true;
			end.down.push(...this.#space.lackedBy(line.clock, () => this.now), SYNC_LINE);
		}
		if (line.t !== 'update') return;
		const taken = this.#space.take(line.update, this.now);
		if (!taken.ok) throw new Error(taken.problem);
		for (const other of this.#ends) if (other.greeted) other.down.push(...taken.message);
	}

	#atReplica(end: End, line: Line): void {
		const now = this.now + end.skew;
		if (line.t === 'update') end.replica.take(line.update, now);
		if (line.t !== 'digest') return;
		end.up.push(...end.replica.meet(line, now));
		end.met = true;
	}

	#end(index: number): End {
		const end = this.#ends[index];
		if (end === undefined) throw new Error('no such copy');
		return end;
	}
}
