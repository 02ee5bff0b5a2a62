import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import * as CLOSE from '../../../wire/close-codes.js';
import { closeReason } from '../../../wire/index.js';
import type { IntroductionLimits } from '../limits.js';
import type { Liveness, Watched } from '../liveness.js';

/** What a connection was opened for. */
export interface Seat {
	readonly id: string;
	readonly remoteId: string;
	readonly key: string;
}

/** What kept messages cost beside their bytes. */
const EARLY_COST = 64;

const TEXT = { binary: false };

/** What pipes are made with. */
export interface PipesOptions {
	limits: IntroductionLimits;
	liveness: Liveness;
	/** The other end of a pipe came anew, and waits: whoever had `seat` should be sent there again. */
	comeAgain(seat: Seat): void;
}

/** Joins the sockets of two peers that ask for each other and for the same key. */
export class Pipes {
	readonly #options: PipesOptions;
	/** The newest socket of each seat. */
	readonly #ends = new Map<string, End>();
	#earlyBytes = 0;

	constructor(options: PipesOptions) {
		this.#options = options;
	}

	/** How many sockets there are, and the bytes kept for those that wait. */
	get counts(): { ends: number; earlyBytes: number } {
		return { ends: this.#ends.size, earlyBytes: this.#earlyBytes };
	}

	/**
	 * Takes a socket.
	 *
	 * @param line what the socket writes to
	 */
	accept(socket: WebSocket, line: Duplex, seat: Seat): void {
		const end = new End(socket, line, seat, {
			limits: this.#options.limits,
			keep: (bytes) => this.#keep(bytes),
			left: () => this.#ends.delete(nameOf(seat)),
		});
		this.#options.liveness.watch(end);
		this.#replace(this.#ends.get(nameOf(seat)));
		this.#ends.set(nameOf(seat), end);
		const other = this.#ends.get(nameOf({ id: seat.remoteId, remoteId: seat.id, key: seat.key }));
		if (other !== undefined) end.pipeTo(other);
	}

	/**
	 * A newer socket takes the seat of an older one, which may be dead without knowing. The older one's partner is
	 * closed too, since what it says may be lost already, and sent for again once it knows.
	 */
	#replace(old: End | undefined): void {
		if (old === undefined) return;
		const { partner } = old;
		old.close(CLOSE.replaced, 'a newer socket has taken this place');
		partner?.socket.once('close', () => this.#options.comeAgain(partner.seat));
	}

	/** Makes room for early messages, or gives it back; tells whether there was room. */
	#keep(bytes: number): boolean {
		if (this.#earlyBytes + bytes > this.#options.limits.earlyBytesOfAll) return false;
		this.#earlyBytes += bytes;
		return true;
	}
}

/** Ids and keys may have any character in them, so they are quoted. */
function nameOf({ id, remoteId, key }: Seat): string {
	return JSON.stringify([id, remoteId, key]);
}

interface EndOptions {
	limits: IntroductionLimits;
	keep(bytes: number): boolean;
	/** Called once, when the end is over: a replaced one before its replacement takes the seat. */
	left(): void;
}

/**
 * One end of a pipe.
 *
 *     waiting ──▶ piped ──▶ over
 *        └──────────────────▲
 */
class End implements Watched {
	readonly socket: WebSocket;
	readonly seat: Seat;
	heard = true;
	readonly #line: Duplex;
	readonly #options: EndOptions;
	readonly #patience: NodeJS.Timeout;
	#corked = false;
	#partner: End | undefined;
	#over = false;
	/** What was said before the partner came. */
	#early: { data: Buffer; isBinary: boolean }[] = [];
	#earlyBytes = 0;

	constructor(socket: WebSocket, line: Duplex, seat: Seat, options: EndOptions) {
		this.socket = socket;
		this.#line = line;
		this.seat = seat;
		this.#options = options;
		this.#patience = setTimeout(
			() => this.close(CLOSE.timeout, 'the partner did not come in time'),
			options.limits.partnerWait,
		);
		socket.on('message', (data, isBinary) => this.#receive(data as Buffer, isBinary));
		socket.once('close', (code, reason) => this.#closed(code, reason.toString()));
	}

	/** The end that this one is joined to. */
	get partner(): End | undefined {
		return this.#partner;
	}

	/** Joins two ends that wait; each is sent what the other has said so far. */
	pipeTo(other: End): void {
		this.#meet(other);
		other.#meet(this);
		this.#sendEarly();
		other.#sendEarly();
	}

	/** Closes this end, and its partner. */
	close(code: number, reason: string): void {
		if (this.#over) return;
		this.#leave();
		this.socket.close(code, reason);
		this.#partner?.finish(CLOSE.goingAway, 'the partner is gone');
	}

	/** Closes this end once it has been sent everything that the partner said. */
	finish(code: number | undefined, reason: string): void {
		if (this.#over) return;
		this.#leave();
		const close = (): void => this.socket.close(code, closeReason(reason));
		if (this.socket.bufferedAmount === 0) close();
		else this.socket.ping(undefined, undefined, close);
	}

	#meet(partner: End): void {
		clearTimeout(this.#patience);
		this.#partner = partner;
	}

	#sendEarly(): void {
		for (const { data, isBinary } of this.#early) this.#forward(data, isBinary);
		this.#forgetEarly();
	}

	#receive(data: Buffer, isBinary: boolean): void {
		this.heard = true;
		if (this.#over) return;
		if (data.length > this.#options.limits.messageBytes) this.close(CLOSE.tooBig, 'a message is too long');
		else if (this.#partner === undefined) this.#keep(data, isBinary);
		else this.#forward(data, isBinary);
	}

	/** Passes a message on. A writer that is faster than its reader is held back until the reader has caught up. */
	#forward(data: Buffer, isBinary: boolean): void {
		const to = this.#partner;
		if (to === undefined || to.#over) return;
		to.#cork();
		const { pipeBytes } = this.#options.limits;
		if (to.socket.bufferedAmount + data.length <= pipeBytes) {
			// Bytes are binary unless said otherwise, and ws is faster when nothing is said.
			if (isBinary) to.socket.send(data);
			else to.socket.send(data, TEXT);
			return;
		}
		this.socket.pause();
		to.socket.send(data, { binary: isBinary }, () => {
			to.heard = true;
			if (to.socket.bufferedAmount <= pipeBytes / 2) this.socket.resume();
		});
	}

	/** Has all messages that arrived together leave together: one system call instead of one for each. */
	#cork(): void {
		if (this.#corked) return;
		this.#corked = true;
		this.#line.cork();
		process.nextTick(() => {
			this.#corked = false;
			this.#line.uncork();
		});
	}

	#keep(data: Buffer, isBinary: boolean): void {
		const bytes = data.length + EARLY_COST;
		if (this.#earlyBytes + bytes > this.#options.limits.earlyBytes || !this.#options.keep(bytes)) {
			this.close(CLOSE.limit, 'too much was said before the partner came');
			return;
		}
		this.#earlyBytes += bytes;
		// A copy: what ws hands out may be a small part of a large buffer.
		this.#early.push({ data: Buffer.from(data), isBinary });
	}

	#forgetEarly(): void {
		this.#options.keep(-this.#earlyBytes);
		this.#earlyBytes = 0;
		this.#early = [];
	}

	#closed(code: number, reason: string): void {
		if (this.#over) return;
		this.#leave();
		const { sent, why } = passedOn(code, reason);
		this.#partner?.finish(sent, why);
	}

	#leave(): void {
		this.#over = true;
		clearTimeout(this.#patience);
		this.#forgetEarly();
		this.socket.resume();
		this.#options.left();
	}
}

/** The close code for the partner: what a peer said to the other, or that it is gone without having said so. */
function passedOn(code: number, reason: string): { sent: number | undefined; why: string } {
	if (code === CLOSE.normal || (code >= 3000 && code <= 4999)) return { sent: code, why: reason };
	// RFC 6455 section 7.4.1: a close frame without a code.
	if (code === 1005) return { sent: undefined, why: '' };
	return { sent: CLOSE.goingAway, why: 'the partner is gone' };
}
