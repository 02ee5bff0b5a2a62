import { move } from './public/motion.js';
import type { Body, Direction, Inputs, PlayerInfo } from './public/protocol.js';

/** Inputs that may wait for their tick. */
const MOST_WAITING = 12;
/** Waiting inputs above which two are taken in one tick, to catch up. */
const MANY_WAITING = 3;
/** Moves that a player who was silent may make up for: whatever a page sends, it gets no more than one move a tick. */
const MOST_CREDIT = 12;
/** Ticks for which a player whose inputs are late goes on in the same direction. */
const MOST_AHEAD = 3;

/** One player of an arena: a body that obeys numbered inputs, one a tick. */
export class Player implements PlayerInfo {
	readonly id: number;
	readonly name: string;
	readonly hue: number;
	readonly body: Body;
	score = 0;

	readonly #waiting: Direction[] = [];
	#last: Direction = { dx: 0, dy: 0 };
	/** Number of the last input received, and of the last one that was obeyed. */
	#received = 0;
	#obeyed = 0;
	/** Ticks made without an input: the next inputs are theirs. */
	#ahead = 0;
	#credit = MOST_CREDIT;

	constructor(id: number, name: string, hue: number, x: number, y: number) {
		this.id = id;
		this.name = name;
		this.hue = hue;
		this.body = { x, y, vx: 0, vy: 0 };
	}

	/** What others are told of the player. */
	get info(): PlayerInfo {
		return { id: this.id, name: this.name, hue: this.hue, score: this.score };
	}

	/** Number of the last input that the body stands for; the page makes every later one again. */
	get taken(): number {
		return this.#obeyed + this.#ahead;
	}

	/** Takes inputs; those that came before are ignored. */
	receive({ first, directions }: Inputs): void {
		directions.forEach((direction, n) => {
			const lost = first + n - this.#received - 1;
			if (lost < 0) return;
			this.#received = first + n;
			this.#ahead = Math.max(0, this.#ahead - lost);
			this.#waiting.push(direction);
		});
		this.#waiting.splice(0, this.#waiting.length - MOST_WAITING);
	}

	/** One tick. */
	tick(): void {
		this.#credit = Math.min(this.#credit + 1, MOST_CREDIT);
		while (this.#ahead > 0 && this.#waiting.length > 0) {
			this.#next();
			this.#ahead--;
		}
		if (this.#waiting.length === 0) this.#goOn();
		else this.#obey();
		if (this.#waiting.length > MANY_WAITING) this.#obey();
	}

	#obey(): void {
		if (this.#credit < 1) return;
		this.#credit--;
		move(this.body, this.#next());
	}

	#goOn(): void {
		if (this.#ahead >= MOST_AHEAD) {
			this.#last = { dx: 0, dy: 0 };
			move(this.body, this.#last);
		} else if (this.#credit >= 1) {
			this.#credit--;
			this.#ahead++;
			move(this.body, this.#last);
		}
	}

	#next(): Direction {
		this.#last = this.#waiting.shift() ?? this.#last;
		// Those that wait are the last ones received, without a gap but for those that were given up.
		this.#obeyed = this.#received - this.#waiting.length;
		return this.#last;
	}
}
