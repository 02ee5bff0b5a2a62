import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import * as CLOSE from '../../wire/close-codes.js';
import { closeReason } from '../../wire/index.js';
import type { Service, ServiceRoute } from '../service.js';
import { type Dialect, readRequest } from './introduction/dialects.js';
import { type Introduction, Matching, type Party } from './introduction/matching.js';
import { type Place, readPath } from './introduction/paths.js';
import { Pipes } from './introduction/pipes.js';
import { Turns } from './introduction/turns.js';
import { DEFAULT_INTRODUCTION_LIMITS, type IntroductionLimits } from './limits.js';
import { Liveness, type Watched } from './liveness.js';
import { checkLimits } from './options.js';

/** Options of {@link introduction}. */
export interface IntroductionOptions {
	/** Bounds, see LIMITS.md. What is not named keeps its default. */
	limits?: Partial<IntroductionLimits>;
}

/**
 * Introduces peers that have joined the same keys, at `/introduction/:id`, and pipes their sockets together, at
 * `/connection/:id/:remoteId/:key`. Serves the clients of `cevitxe-signal-server` and of `@localfirst/relay` as they
 * are, and {@link Introducer}.
 *
 * @throws EnslavismError `bad-option`
 */
export function introduction(options: IntroductionOptions = {}): Service {
	checkLimits(options.limits, DEFAULT_INTRODUCTION_LIMITS);
	return new IntroductionService({ ...DEFAULT_INTRODUCTION_LIMITS, ...options.limits });
}

class IntroductionService implements Service {
	readonly name = 'introduction';
	readonly maxFrameBytes: number;
	readonly #limits: IntroductionLimits;
	readonly #matching: Matching<Guest>;
	readonly #turns = new Turns<Guest>((made) => introduce(made));
	readonly #liveness: Liveness;
	readonly #pipes: Pipes;

	constructor(limits: IntroductionLimits) {
		this.#limits = limits;
		this.maxFrameBytes = Math.max(limits.messageBytes, limits.introductionBytes);
		this.#matching = new Matching(limits);
		this.#liveness = new Liveness(limits.silence);
		this.#pipes = new Pipes({
			limits,
			liveness: this.#liveness,
			comeAgain: ({ id, remoteId, key }) => {
				const again = this.#matching.again(id, remoteId, key);
				if (again !== undefined) introduce(again);
			},
		});
	}

	route(path: string): ServiceRoute | undefined {
		const place = readPath(path);
		if (place === undefined) return undefined;
		return (socket, { request }) => this.#enter(socket, request.socket, place);
	}

	close(): void {
		this.#liveness.close();
	}

	#enter(socket: WebSocket, line: Duplex, place: Place): void {
		if (place.at === 'nowhere') socket.close(CLOSE.badMessage, place.problem);
		else if (place.at === 'connection') this.#pipes.accept(socket, line, place);
		else this.#welcome(socket, place.id);
	}

	#welcome(socket: WebSocket, id: string): void {
		const guest = new Guest(socket, this.#limits, () => {
			const meeting = this.#matching.exit(party);
			if (meeting !== undefined) this.#turns.start(meeting);
		});
		const { party, tooMany } = this.#matching.enter(id, guest);
		this.#liveness.watch(guest);
		tooMany?.close(CLOSE.replaced, 'too many sockets with this id');
		socket.on('message', (data, isBinary) => this.#hear(guest, party, data as Buffer, isBinary));
	}

	#hear(guest: Guest, party: Party<Guest>, data: Buffer, isBinary: boolean): void {
		guest.heard = true;
		if (guest.closed) return;
		if (data.length > this.#limits.introductionBytes) {
			guest.close(CLOSE.tooBig, 'a message is too long');
			return;
		}
		const read = readRequest(guest.dialect, data, isBinary);
		if (!read.ok) {
			guest.close(CLOSE.badMessage, read.problem);
			return;
		}
		guest.dialect = read.dialect;
		const { type, keys } = read.request;
		if (type === 'leave') this.#matching.leave(party, keys);
		if (type !== 'join') return;
		const meeting = this.#matching.join(party, keys);
		if (meeting === undefined) guest.close(CLOSE.limit, 'there is no room for so many keys');
		else this.#turns.start(meeting, guest.socket);
	}
}

function introduce({ to, about, keys }: Introduction<Guest>): void {
	to.introduce(about, keys);
}

/** The master's end of an introduction socket. */
class Guest implements Watched {
	readonly socket: WebSocket;
	heard = true;
	/** The dialect of its first message; who has said nothing has joined nothing. */
	dialect: Dialect | undefined;
	/** Whether it has gone, or was told to. */
	closed = false;
	readonly #limits: IntroductionLimits;
	readonly #gone: () => void;

	/** @param gone called once, when it is told to go or goes by itself */
	constructor(socket: WebSocket, limits: IntroductionLimits, gone: () => void) {
		this.socket = socket;
		this.#limits = limits;
		this.#gone = gone;
		socket.once('close', () => this.#end());
	}

	introduce(id: string, keys: string[]): void {
		if (this.closed || this.dialect === undefined || keys.length === 0) return;
		if (this.socket.bufferedAmount > this.#limits.introductionBacklogBytes) {
			this.close(CLOSE.slowReader, 'too much is waiting to be read');
			this.socket.terminate();
			return;
		}
		this.socket.send(this.dialect.introduction(id, keys));
	}

	close(code: number, reason: string): void {
		this.socket.resume();
		this.socket.close(code, closeReason(reason));
		this.#end();
	}

	#end(): void {
		if (this.closed) return;
		this.closed = true;
		this.#gone();
	}
}
