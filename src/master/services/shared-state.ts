import { StringDecoder } from 'node:string_decoder';
import type { WebSocket } from 'ws';
import * as CLOSE from '../../wire/close-codes.js';
import {
	closeReason,
	EnslavismError,
	type Line,
	LineReader,
	newId,
	readLine,
	SERVICE_PATHS,
	SYNC_LINE,
	type Update,
} from '../../wire/index.js';
import * as LIMITS from '../../wire/limits.js';
import type { Service, ServicePeer } from '../service.js';
import { DEFAULT_STATE_LIMITS, type StateLimits } from './limits.js';
import { Liveness, type Watched } from './liveness.js';
import { routeToNamespace } from './namespaces.js';
import { type SharedSpace, StateSpaces } from './state-spaces.js';

/** Options of the shared state service. */
export interface SharedStateOptions {
	/** How long a key lives after it was written, in milliseconds; a writer may say less. Default: one day. */
	expiry?: number | ((namespace: string) => number);
	/** Bounds, see LIMITS.md. What is not named keeps its default. */
	limits?: Partial<StateLimits>;
}

const DAY = 24 * 60 * 60 * 1000;

/** How often expired keys are taken out of memory. Nobody is sent them before that either. */
const SWEEP = 5_000;

/** How many bytes of a history may be on their way to one reader. */
const HISTORY_AHEAD = 1024 * 1024;

/**
 * `/enslavism/scuttlebutt/:namespace`: a map that outlives its writers, in the memory of the master. The last writer of
 * a key wins, and keys expire. Speaks the line protocol of the npm package `scuttlebutt`.
 *
 * @throws EnslavismError `bad-option`
 */
export function sharedState(options: SharedStateOptions = {}): Service {
	const { expiry = DAY } = options;
	const isTime = typeof expiry === 'number' && expiry > 0 && expiry <= Number.MAX_SAFE_INTEGER;
	if (typeof expiry !== 'function' && !isTime) {
		throw new EnslavismError('bad-option', 'expiry must be a number of milliseconds, or a function that gives one');
	}
	const limits = { ...DEFAULT_STATE_LIMITS, ...options.limits };
	const service = new SharedStateService(typeof expiry === 'function' ? expiry : () => expiry, limits);
	return {
		name: 'shared state',
		maxFrameBytes: limits.frameBytes,
		route: (path) =>
			routeToNamespace(SERVICE_PATHS.sharedState, path, (namespace, socket, peer) =>
				service.serve(namespace, socket, peer),
			),
		close: () => service.close(),
	};
}

class SharedStateService {
	readonly #spaces: StateSpaces;
	readonly #liveness: Liveness;
	readonly #sweeping: NodeJS.Timeout;

	constructor(expiryOf: (namespace: string) => number, limits: StateLimits) {
		this.#spaces = new StateSpaces(newId(), expiryOf, limits);
		this.#liveness = new Liveness(limits.silence);
		this.#sweeping = setInterval(() => this.#spaces.sweep(Date.now()), SWEEP);
		this.#sweeping.unref();
	}

	serve(namespace: string, socket: WebSocket, peer: ServicePeer): void {
		const shared = this.#spaces.enter(namespace);
		if (shared === undefined) {
			socket.close(CLOSE.limit, 'there are too many namespaces');
			return;
		}
		const take = (update: Update<unknown>): string => {
			const taken = this.#spaces.take(namespace, shared, update, Date.now());
			if (!taken.ok) return taken.problem;
			for (const line of taken.message) shared.readers.send(Buffer.from(line), false);
			return '';
		};
		const replica = new Replica(shared, socket, peer, take);
		this.#liveness.watch(replica);
		socket.on('close', () => {
			shared.readers.leave(socket);
			this.#spaces.leave(namespace, shared);
		});
	}

	close(): void {
		this.#liveness.close();
		clearInterval(this.#sweeping);
		this.#spaces.close();
	}
}

/**
 * A replica at the other end of a socket. It is sent the master's digest; once it has sent its own, the history, `"SYNC"`
 * and every write. Its own writes come back to it, which says that they have been taken.
 */
class Replica implements Watched {
	heard = true;

	readonly socket: WebSocket;
	readonly #shared: SharedSpace;
	readonly #peer: ServicePeer;
	/** Takes a write; gives what is wrong with it. */
	readonly #take: (update: Update<unknown>) => string;
	readonly #lines = new LineReader(LIMITS.stateLineLength);
	/** Streams that are piped into a socket send bytes, cut anywhere. */
	readonly #decoder = new StringDecoder('utf8');
	#greeted = false;

	constructor(shared: SharedSpace, socket: WebSocket, peer: ServicePeer, take: (update: Update<unknown>) => string) {
		this.socket = socket;
		this.#shared = shared;
		this.#peer = peer;
		this.#take = take;
		socket.on('message', (data, binary) => this.#hear(data as Buffer, binary));
		socket.send(shared.space.digest(Date.now()));
	}

	get #open(): boolean {
		return this.socket.readyState === this.socket.OPEN;
	}

	#hear(data: Buffer, binary: boolean): void {
		this.heard = true;
		if (!this.#open) return;
		const text = binary ? this.#decoder.write(data) : data.toString();
		const readable = this.#lines.read(text, (line) => {
			this.#read(line);
			return this.#open;
		});
		if (!readable) this.#refuse(CLOSE.tooBig, 'a line is too long');
	}

	#read(line: string): void {
		const read = readLine(line);
		const problem = read.ok ? this.#problemWith(read.message) : read.problem;
		if (problem !== '') this.#refuse(CLOSE.badMessage, problem);
	}

	#problemWith(line: Line): string {
		if (line.t === 'update') return this.#take(line.update);
		if (line.t === 'sync') return '';
		// Each would be answered with the whole history.
		if (this.#greeted) return 'a second digest';
		this.#greeted = true;
		this.#bringUp(this.#shared.space.lackedBy(line.clock, Date.now));
		return '';
	}

	/** Sends the history as fast as it is read; then the replica hears every write as it comes. */
	#bringUp(history: Iterator<string>): void {
		while (this.#open) {
			const { done, value } = history.next();
			if (done) {
				this.socket.send(SYNC_LINE);
				this.#shared.readers.join(this.socket, this.#peer);
				return;
			}
			if (this.socket.bufferedAmount >= HISTORY_AHEAD) {
				this.socket.send(value, () => this.#bringUp(history));
				return;
			}
			this.socket.send(value);
		}
	}

	#refuse(code: number, problem: string): void {
		if (this.#open) this.socket.close(code, closeReason(problem));
	}
}
