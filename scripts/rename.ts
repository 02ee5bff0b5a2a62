/** Gives the names of a minified script other letters, with which gzip finds more that is alike. */
import { deflateRawSync } from 'node:zlib';
import { type Name, namesOf } from './names.js';

/** How often each name is tried with each letter. The first time wins most, and a third time next to nothing. */
const SWEEPS = 2;

/** Letters that are tried, the most frequent in the scripts first: for variables, which are few at a place, and for members. */
const LETTERS = [...'tesinhraodlcufpgmwybvkxjqz'].map((letter) => letter.charCodeAt(0));
const FOR_VARIABLES = 16;

/** How many of the letters that look best are tried with the whole script. */
const FINALISTS = 2;

/** What follows a change is measured with it, in bytes: it repeats what was changed, or not. */
const AFTER = 1500;

/** A change over more than this is measured with the whole script at once. */
const WIDE = 15_000;

/** How far back deflate looks, in bytes. */
const WINDOW = 32 * 1024;

/** Levels of deflate, for a guess and for what counts. */
const ROUGHLY = 6;
const EXACTLY = 9;

/** New letters of some names. */
type Change = readonly (readonly [name: Name, letter: number])[];

/**
 * The same script with other names in it, each as long as before: so its source map stays right.
 *
 * Each name is given, one after the other, the letter that makes the deflated script smallest, changing places with those that
 * have it. A letter is tried with the text around the name first, which takes a tenth of the time.
 */
export function renamed(script: string): string {
	const { names, taken } = namesOf(script);
	const search = new Search(Buffer.from(script), names);
	const letters = LETTERS.filter((letter) => !taken.has(String.fromCharCode(letter)));
	for (let sweep = 0; sweep < SWEEPS; sweep++) {
		for (const name of names) search.improve(name, name.isPrivate ? letters : letters.slice(0, FOR_VARIABLES));
	}
	const result = search.bytes.toString();
	if (bindings(result) !== bindings(script)) throw new Error('a name means something else than before');
	return result;
}

/** What is the same name as what, whatever it is called. */
function bindings(script: string): string {
	return JSON.stringify(namesOf(script).names.map(({ sites }) => sites));
}

class Search {
	readonly bytes: Buffer;
	readonly #letters = new Map<Name, number>();
	#size: number;

	constructor(bytes: Buffer, names: readonly Name[]) {
		this.bytes = bytes;
		for (const name of names) this.#letters.set(name, name.text.length === 1 ? name.text.charCodeAt(0) : 0);
		this.#size = this.#deflated(0, bytes.length, EXACTLY);
	}

	improve(name: Name, letters: readonly number[]): void {
		if (!this.#mayChange(name)) return;
		const measured = new Map<string, number>();
		const good: { change: Change; gain: number }[] = [];
		for (const letter of letters) {
			const change = this.#changeTo(name, letter);
			const gain = change ? this.#gainOf(change, measured) : 0;
			if (change && gain > 0) good.push({ change, gain });
		}
		good.sort((one, other) => other.gain - one.gain);
		for (const { change } of good.slice(0, FINALISTS)) {
			const before = this.#apply(change);
			const size = this.#deflated(0, this.bytes.length, EXACTLY);
			if (size < this.#size) {
				this.#size = size;
				return;
			}
			this.#apply(before);
		}
	}

	#mayChange(name: Name): boolean {
		return !name.isFixed && name.text.length === 1;
	}

	/** A name takes a letter, and those that must not have the same take the one that it had, if they can. */
	#changeTo(name: Name, letter: number): Change | undefined {
		const old = this.#letters.get(name) ?? 0;
		if (letter === old) return undefined;
		const holders = [...name.rivals].filter((rival) => this.#letters.get(rival) === letter);
		const canTakeOld = (holder: Name): boolean =>
			this.#mayChange(holder) &&
			![...holder.rivals].some((rival) => rival !== name && this.#letters.get(rival) === old);
		if (!holders.every(canTakeOld)) return undefined;
		return [[name, letter], ...holders.map((holder) => [holder, old] as const)];
	}

	/** Returns the change that takes it back. */
	#apply(change: Change): Change {
		const before = change.map(([name]) => [name, this.#letters.get(name) ?? 0] as const);
		for (const [name, letter] of change) {
			this.#letters.set(name, letter);
			for (const site of name.sites) this.bytes[site] = letter;
		}
		return before;
	}

	/** How much smaller a change makes the text around it. */
	#gainOf(change: Change, measured: Map<string, number>): number {
		const sites = change.flatMap(([name]) => name.sites);
		let from = Math.min(...sites);
		let to = Math.min(Math.max(...sites) + AFTER, this.bytes.length);
		if (to - from > WIDE) [from, to] = [0, this.bytes.length];
		const key = `${from} ${to}`;
		const size = measured.get(key) ?? this.#deflated(from, to, ROUGHLY);
		measured.set(key, size);
		const before = this.#apply(change);
		const gain = size - this.#deflated(from, to, ROUGHLY);
		this.#apply(before);
		return gain;
	}

	#deflated(from: number, to: number, level: number): number {
		const dictionary = this.bytes.subarray(Math.max(0, from - WINDOW), from);
		return deflateRawSync(this.bytes.subarray(from, to), { level, dictionary }).length;
	}
}
