import { Player } from './player.js';
import { ARENA, PLAYER_RADIUS, SPARK_RADIUS } from './public/motion.js';
import { type Body, MOST_PLAYERS, type Place } from './public/protocol.js';

/** How many sparks lie about. */
const SPARKS = 14;
/** A little generous: what looks taken is taken. */
const REACH = PLAYER_RADIUS + SPARK_RADIUS + 4;

/** A spark that a player took in this tick, and where the next one lies. */
export interface Taken {
	spark: number;
	by: Player;
	place: Place;
}

/** The world of one slave: who is in it, where, and what there is to take. Knows no clock and no network. */
export class Arena {
	readonly capacity: number;
	readonly sparks: Place[] = Array.from({ length: SPARKS }, () => anywhere(60));
	readonly #players = new Map<number, Player>();
	#tick = 0;

	constructor(capacity: number) {
		this.capacity = Math.min(capacity, MOST_PLAYERS);
	}

	get players(): Player[] {
		return [...this.#players.values()];
	}

	get full(): boolean {
		return this.#players.size >= this.capacity;
	}

	get tickNumber(): number {
		return this.#tick;
	}

	/** Where everybody is, by id. */
	get bodies(): Map<number, Body> {
		return new Map(this.players.map(({ id, body }) => [id, body]));
	}

	/** Lets a player in; there must be room. */
	join(name: string, hue: number): Player {
		let id = 0;
		while (this.#players.has(id)) id++;
		const { x, y } = anywhere(150);
		const player = new Player(id, name, hue, x, y);
		this.#players.set(id, player);
		return player;
	}

	leave(player: Player): void {
		this.#players.delete(player.id);
	}

	/** Moves everybody by one tick, and tells which sparks were taken. */
	tick(): Taken[] {
		this.#tick++;
		const taken: Taken[] = [];
		for (const player of this.#players.values()) {
			player.tick();
			this.sparks.forEach((spark, n) => {
				if (Math.hypot(spark.x - player.body.x, spark.y - player.body.y) > REACH) return;
				player.score++;
				const place = anywhere(60);
				this.sparks[n] = place;
				taken.push({ spark: n, by: player, place });
			});
		}
		return taken;
	}
}

function anywhere(margin: number): Place {
	return {
		x: Math.round(margin + Math.random() * (ARENA.width - 2 * margin)),
		y: Math.round(margin + Math.random() * (ARENA.height - 2 * margin)),
	};
}
