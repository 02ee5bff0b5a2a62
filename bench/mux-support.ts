/** What the mux benches share: two processes, a clock that starts with the first byte, medians. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const MIB = 1024 * 1024;

/** The middle one of some measurements. */
export function median(values: number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[sorted.length >> 1] ?? Number.NaN;
}

/** Counts bytes that arrive; the clock runs from the first to the last of them. */
export class Meter {
	bytes = 0;
	#from = 0;
	#to = 0;

	add(bytes: number): void {
		this.#to = performance.now();
		if (this.bytes === 0) this.#from = this.#to;
		this.bytes += bytes;
	}

	/** Megabytes a second. */
	get speed(): number {
		return this.bytes / 1000 / (this.#to - this.#from);
	}
}

/** Runs this bench's file again as the other process; `role` and `more` are its arguments. */
export function other(file: string, role: string, ...more: (string | number)[]): ChildProcess {
	return fork(fileURLToPath(file), [role, ...more.map(String)], { execArgv: process.execArgv });
}

/** Ends a process that {@link other} started. */
export async function end(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null) return;
	child.kill();
	await once(child, 'exit');
}

/** Prints a figure beside its target. */
export function report(what: string, figure: number, target: number, isEnough = figure >= target): void {
	console.log(`${isEnough ? 'ok  ' : 'MISS'} ${what}: ${figure.toFixed(2)} (target ${target})`);
}

/** Writes `total` bytes in pieces, each once there is room. */
export async function pour(stream: NodeJS.WritableStream, piece: Buffer, total: number): Promise<void> {
	for (let left = total; left > 0; left -= piece.length) {
		if (!stream.write(piece)) await once(stream, 'drain');
	}
}
