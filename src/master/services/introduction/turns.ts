import type { WebSocket } from 'ws';
import type { Introduction, Meeting } from './matching.js';

/** How long introductions are made before others have their turn, in milliseconds. */
const SLICE = 4;

interface Job<Handle> {
	meeting: Meeting<Handle>;
	/** Who asked, and is not listened to until it is done. */
	socket: WebSocket | undefined;
}

/**
 * Draws introductions, in turns: who joins a lot of keys that many have joined keeps nobody waiting but itself.
 */
export class Turns<Handle> {
	readonly #introduce: (introduction: Introduction<Handle>) => void;
	readonly #jobs: Job<Handle>[] = [];
	/** Whether introductions are being made, now or in the next turn. */
	#busy = false;

	constructor(introduce: (introduction: Introduction<Handle>) => void) {
		this.#introduce = introduce;
	}

	/** Makes introductions, at once if they are few. */
	start(meeting: Meeting<Handle>, socket?: WebSocket): void {
		const job = { meeting, socket };
		if (this.#busy) {
			this.#wait(job);
			return;
		}
		this.#busy = true;
		if (!this.#work(job)) this.#wait(job);
		this.#goOn();
	}

	#wait(job: Job<Handle>): void {
		this.#jobs.push(job);
		job.socket?.pause();
	}

	#goOn(): void {
		if (this.#jobs.length === 0) this.#busy = false;
		else setImmediate(() => this.#turn());
	}

	#turn(): void {
		const until = performance.now() + SLICE;
		do {
			const job = this.#jobs.shift();
			if (job === undefined) break;
			if (!this.#work(job)) this.#jobs.push(job);
			else if (!this.#jobs.some(({ socket }) => socket === job.socket)) job.socket?.resume();
		} while (performance.now() < until);
		this.#goOn();
	}

	/** Works on one job for at most a slice; tells whether it is done. */
	#work({ meeting }: Job<Handle>): boolean {
		const until = performance.now() + SLICE;
		do {
			const step = meeting.next();
			if (step.done) return true;
			for (const introduction of step.value ?? []) this.#introduce(introduction);
		} while (performance.now() < until);
		return false;
	}
}
