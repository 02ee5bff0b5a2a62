import type { WebSocket } from 'ws';
import * as CLOSE from '../../wire/close-codes.js';
import { EnslavismError, SERVICE_PATHS } from '../../wire/index.js';
import type { Service, ServicePeer } from '../service.js';
import { Broadcast } from './broadcast.js';
import { EchoHistory } from './echo-history.js';
import { DEFAULT_ECHO_LIMITS, type EchoLimits } from './limits.js';
import { Liveness, type Watched } from './liveness.js';
import { routeToNamespace } from './namespaces.js';

/** Options of the echo service. */
export interface EchoOptions {
	/** How many of a namespace's last messages somebody is sent who comes later. Default 0. */
	history?: number;
	/** Bounds, see LIMITS.md. What is not named keeps its default. */
	limits?: Partial<EchoLimits>;
}

/** Those who are in a namespace, and what was said there. */
interface Room {
	readonly readers: Broadcast;
	readonly history: EchoHistory;
}

/**
 * `/enslavism/echo/:namespace`: whatever one writes there, everyone in the namespace gets, the writer included, in one
 * order for all. A namespace that nobody is in is forgotten.
 *
 * @throws EnslavismError `bad-option`
 */
export function echo(options: EchoOptions = {}): Service {
	const { history = 0 } = options;
	if (!Number.isSafeInteger(history) || history < 0) {
		throw new EnslavismError('bad-option', 'history must be a whole number from 0 on');
	}
	const limits = { ...DEFAULT_ECHO_LIMITS, ...options.limits };
	const service = new EchoService(history, limits);
	return {
		name: 'echo',
		maxFrameBytes: limits.messageBytes,
		route: (path) =>
			routeToNamespace(SERVICE_PATHS.echo, path, (namespace, socket, peer) => service.serve(namespace, socket, peer)),
		close: () => service.close(),
	};
}

class EchoService {
	readonly #history: number;
	readonly #limits: EchoLimits;
	readonly #rooms = new Map<string, Room>();
	readonly #liveness: Liveness;

	constructor(history: number, limits: EchoLimits) {
		this.#history = history;
		this.#limits = limits;
		this.#liveness = new Liveness(limits.silence);
	}

	serve(namespace: string, socket: WebSocket, peer: ServicePeer): void {
		const room = this.#room(namespace);
		if (room === undefined) {
			socket.close(CLOSE.limit, 'there are too many namespaces');
			return;
		}
		room.readers.join(socket, peer);
		for (const { data, binary } of room.history.messages) socket.send(data, { binary });
		const watched: Watched = { socket, heard: true };
		this.#liveness.watch(watched);
		socket.on('message', (data, binary) => {
			watched.heard = true;
			if (socket.readyState === socket.OPEN) hear(room, data as Buffer, binary);
		});
		socket.on('close', () => this.#leave(namespace, room, socket));
	}

	close(): void {
		this.#liveness.close();
		for (const { readers } of this.#rooms.values()) readers.close();
	}

	#room(namespace: string): Room | undefined {
		const known = this.#rooms.get(namespace);
		if (known !== undefined || this.#rooms.size >= this.#limits.namespaces) return known;
		const room: Room = {
			readers: new Broadcast(this.#limits.backlogBytes),
			history: new EchoHistory(this.#history, this.#limits.historyBytes),
		};
		this.#rooms.set(namespace, room);
		return room;
	}

	#leave(namespace: string, room: Room, socket: WebSocket): void {
		room.readers.leave(socket);
		if (room.readers.size > 0 || this.#rooms.get(namespace) !== room) return;
		room.readers.close();
		this.#rooms.delete(namespace);
	}
}

function hear({ readers, history }: Room, data: Buffer, binary: boolean): void {
	history.add(data, binary);
	readers.send(data, binary);
}
