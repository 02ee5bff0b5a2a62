/** One wait at a time. */
export class Timer {
	#handle: unknown;

	/** Whether it waits. */
	get running(): boolean {
		return this.#handle !== undefined;
	}

	/** Does this after so many milliseconds, and not what it was to do before. */
	set(ms: number, action: () => void): void {
		this.stop();
		this.#handle = setTimeout(() => {
			this.#handle = undefined;
			action();
		}, ms);
	}

	stop(): void {
		clearTimeout(this.#handle);
		this.#handle = undefined;
	}
}
