import type { Slave } from 'enslavism';
import { Arena, type Taken } from './arena.js';
import type { Player } from './player.js';
import { encodeSnapshot, type SlaveSays, TICK_MS } from './public/protocol.js';
import { encodeTalk, Visitor, type VisitorHost } from './visitor.js';

/** Sessions of those who only look at the list, beside the players. */
const MOST_ONLOOKERS = 64;

/** What a slave of the demo tells every page of itself. */
export interface RoomOptions {
	name: string;
	capacity: number;
	/** Colour of its arena, in degrees. */
	hue: number;
}

/** A slave's user data: what the list shows. */
export function describe({ name, capacity, hue }: RoomOptions, players: number): object {
	return { name, capacity, hue, players };
}

/** An arena on the network: lets visitors of a slave in, and tells them what happens. */
export class Room implements VisitorHost {
	readonly #slave: Slave;
	readonly #options: RoomOptions;
	readonly #arena: Arena;
	readonly #visitors = new Set<Visitor>();
	readonly #started = performance.now();
	#timer: NodeJS.Timeout | undefined;

	constructor(slave: Slave, options: RoomOptions) {
		this.#slave = slave;
		this.#options = options;
		this.#arena = new Arena(options.capacity);
		slave.on('offer', (reject) => {
			if (this.#arena.full) reject(this.fullReason);
			else if (this.#visitors.size >= this.#arena.capacity + MOST_ONLOOKERS)
				reject('Too many visitors, try again soon');
		});
		slave.on('connection', (client) => this.#visitors.add(new Visitor(client, this)));
		this.#schedule();
	}

	get fullReason(): string {
		return `${this.#options.name} is full: all ${this.#arena.capacity} places are taken`;
	}

	close(reason: string): void {
		clearTimeout(this.#timer);
		this.#slave.close(reason);
	}

	enter(visitor: Visitor, name: string, hue: number): Player | undefined {
		if (this.#arena.full) return undefined;
		const player = this.#arena.join(name, hue);
		const players = this.#arena.players.map(({ info }) => info);
		this.#tell({ t: 'joined', player: player.info });
		visitor.say(encodeTalk({ t: 'welcome', you: player.id, players, sparks: this.#arena.sparks }));
		this.#announce();
		return player;
	}

	said(player: Player, text: string): void {
		this.#tell({ t: 'chat', id: player.id, text });
	}

	left(visitor: Visitor): void {
		this.#visitors.delete(visitor);
		if (visitor.player === undefined) return;
		this.#arena.leave(visitor.player);
		this.#tell({ t: 'left', id: visitor.player.id });
		this.#announce();
	}

	/** Ticks by the clock, whatever a timer makes of it: pages rely on the number of a tick to know its time. */
	#schedule(): void {
		const next = (this.#arena.tickNumber + 1) * TICK_MS;
		const now = performance.now() - this.#started;
		this.#timer = setTimeout(() => this.#tick(), next - now);
	}

	#tick(): void {
		for (const taken of this.#arena.tick()) this.#took(taken);
		const { tickNumber: tick, bodies } = this.#arena;
		for (const visitor of this.#visitors) {
			if (visitor.player !== undefined) visitor.show(encodeSnapshot({ tick, taken: visitor.player.taken, bodies }));
		}
		this.#schedule();
	}

	#took({ spark, by, place }: Taken): void {
		this.#tell({ t: 'spark', spark, ...place, by: by.id, score: by.score });
	}

	#tell(message: SlaveSays): void {
		const text = encodeTalk(message);
		for (const visitor of this.#visitors) if (visitor.player !== undefined) visitor.say(text);
	}

	/** Shows every page that looks at the list how many play here. */
	#announce(): void {
		if (this.#slave.state !== 'closed') this.#slave.update(describe(this.#options, this.#arena.players.length));
	}
}
