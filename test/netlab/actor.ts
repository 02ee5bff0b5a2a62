import { fileURLToPath } from 'node:url';
import { Child } from '../../bench/support/child.js';
import type { MasterOptions } from '../../src/index.js';
import { type BrowserName, run, waitLongIn } from '../support/browsers.js';
import type { ActorApi } from './actor-program.js';
import type { Host } from './netlab.js';

const PROGRAM = fileURLToPath(new URL('./actor-program.ts', import.meta.url));

/** How long a client waits for anything, in milliseconds: a path that dies may take a while to be given up. */
const WAIT_MS = 40_000;

/** What clients are made of. */
export type ClientKind = BrowserName | 'Node';

/** A program on a host, driven from outside. */
class Actor {
	readonly host: Host;
	protected readonly child: Child<ActorApi>;

	#killed = false;

	/** @param quiet for a program that will be killed: what it starts complains of that */
	constructor(host: Host, quiet = false) {
		this.host = host;
		this.child = new Child<ActorApi>(PROGRAM, [], { netns: host.namespace, quiet });
	}

	/** Ends the program as the system would, with no chance to say goodbye. */
	kill(): Promise<void> {
		this.#killed = true;
		return this.child.stop();
	}

	/** Ends it. */
	async close(): Promise<void> {
		if (!this.#killed) await this.child.call('close').catch(() => {});
		await this.kill();
	}
}

/** A site with a master. */
export class MasterActor extends Actor {
	/** Where others find it. */
	url = '';

	/** Opens it. */
	static async open(host: Host, options: MasterOptions = {}, quiet = false): Promise<MasterActor> {
		const actor = new MasterActor(host, quiet);
		actor.url = `http://${host.address}:${await actor.child.call('site', options)}`;
		return actor;
	}
}

/** A program with game servers, see `game.ts`. */
export class SlaveActor extends Actor {
	/** Registers a game server that is called so; tells its id. */
	register(url: string, name: string, options: object = {}): Promise<string> {
		return this.child.call('slave', url, name, options);
	}
}

/** A browser, or a Node program that can be driven as one. */
export class ClientActor extends Actor {
	readonly problems: string[] = [];

	static async open(host: Host, kind: ClientKind): Promise<ClientActor> {
		const actor = new ClientActor(host);
		if (kind !== 'Node') await actor.child.call('browser', kind);
		return actor;
	}

	/** Opens a page of a site, in place of the one before. */
	visit(url: string): Promise<void> {
		return this.child.call('visit', url);
	}

	value(expression: string): Promise<unknown> {
		return this.child.call('value', expression);
	}

	/** Runs a function in the page. Arguments and result are copied as JSON. */
	run<Args extends unknown[], Result>(body: (...args: Args) => Result, ...args: Args): Promise<Awaited<Result>> {
		return run(this, body, ...args);
	}

	/** Waits until a function in the page gives something that is true, and returns it. */
	async wait<Args extends unknown[], Result>(body: (...args: Args) => Result, ...args: Args): Promise<Awaited<Result>> {
		try {
			return await waitLongIn(WAIT_MS, this, body, ...args);
		} catch (error) {
			this.problems.splice(0, Number.POSITIVE_INFINITY, ...(await this.child.call('problems')));
			throw new Error(`${error}\n${this.problems.join('\n')}`);
		}
	}
}
