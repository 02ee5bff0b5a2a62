/** Cuts text that arrives in pieces into lines, and holds no more of a line than its bound. */
export class LineReader {
	readonly #maxLength: number;
	#pieces: string[] = [];
	#length = 0;

	/** @param maxLength of a line */
	constructor(maxLength: number) {
		this.#maxLength = maxLength;
	}

	/**
	 * Gives each line that ends in `piece` to `each`, until that returns `false`; empty lines are left out. Returns
	 * `false` when a line is too long: nothing can be read after that.
	 */
	read(piece: string, each: (line: string) => boolean): boolean {
		let from = 0;
		for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', from)) {
			if (!this.#keep(piece.slice(from, end))) return false;
			from = end + 1;
			const line = this.#take();
			if (line.trim() !== '' && !each(line)) return true;
		}
		return this.#keep(piece.slice(from));
	}

	#keep(part: string): boolean {
		this.#length += part.length;
		if (this.#length > this.#maxLength) return false;
		if (part !== '') this.#pieces.push(part);
		return true;
	}

	#take(): string {
		const line = this.#pieces.length === 1 ? (this.#pieces[0] ?? '') : this.#pieces.join('');
		this.#pieces = [];
		this.#length = 0;
		return line;
	}
}
