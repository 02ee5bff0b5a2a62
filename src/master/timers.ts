/** Timers that end together. */
export class Timers {
	readonly #running = new Set<NodeJS.Timeout>();

	/** Does something after so many milliseconds. */
	start(ms: number, action: () => void): NodeJS.Timeout {
		const timer = setTimeout(() => {
			this.#running.delete(timer);
			action();
		}, ms);
		this.#running.add(timer);
		return timer;
	}

	stop(timer: NodeJS.Timeout | undefined): void {
		if (timer === undefined) return;
		clearTimeout(timer);
		this.#running.delete(timer);
	}

	close(): void {
		for (const timer of this.#running) clearTimeout(timer);
		this.#running.clear();
	}
}
