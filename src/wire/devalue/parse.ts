import { fromBase64 } from '../ids.js';
import { CONSTANTS, HOLE, SPARSE } from './format.js';
import { isView, viewOf } from './views.js';

/** Changes what was written under a tag of one's own back into what it was. */
export type Reviver = (value: unknown) => unknown;

/** The classes of `Temporal`, and names that no host has. */
const TEMPORAL = /^Temporal\.([A-Z]\w+)$/;

const LARGEST_INDEX = 2 ** 32 - 2;

/**
 * Reads what devalue's `stringify` wrote, as devalue's `parse` does. Throws for anything else: a circle of what cannot
 * be in one ends at the stack's bound.
 */
export function parse(text: string, revivers: Record<string, Reviver> = {}): unknown {
	const values: unknown = JSON.parse(text);
	/** What there is already, by its index: what refers to itself is here before its parts. */
	const made = new Map<unknown, unknown>(CONSTANTS);
	if (made.has(values)) return made.get(values);
	return Array.isArray(values) ? new Hydration(values, made, revivers).value(0) : refuse();
}

function refuse(): never {
	throw new TypeError('malformed');
}

/** Makes the values of one text. */
class Hydration {
	readonly #values: unknown[];
	readonly #made: Map<unknown, unknown>;
	readonly #revivers: Record<string, Reviver>;

	constructor(values: unknown[], made: Map<unknown, unknown>, revivers: Record<string, Reviver>) {
		this.#values = values;
		this.#made = made;
		this.#revivers = revivers;
	}

	value(index: unknown): unknown {
		if (this.#made.has(index)) return this.#made.get(index);
		if (typeof index !== 'number' || index >= this.#values.length) refuse();
		const value = this.#values[index];
		if (typeof value !== 'object' || value === null) return value;
		const keep = <Made>(made: Made): Made => {
			this.#made.set(index, made);
			return made;
		};
		if (!Array.isArray(value)) return this.#fill(keep({}), Object.entries(value).flat());
		const [type, ...parts] = value;
		if (typeof type === 'string') return this.#tagged(type, parts, keep);
		if (type === SPARSE) return this.#fill(keep(sparseArray(parts.shift())), parts);
		const filled = value.flatMap((part, at) => (part === HOLE ? [] : [at, part]));
		return this.#fill(keep(new Array(value.length)), filled);
	}

	/** @param pairs keys, each followed by the index of its value */
	#fill<Filled extends object>(object: Filled, pairs: unknown[]): Filled {
		for (let at = 0; at < pairs.length; at += 2) {
			const key = pairs[at] as string;
			const fits = Array.isArray(object)
				? Number.isInteger(key) && Number(key) >= 0 && Number(key) < object.length
				: typeof key === 'string' && key !== '__proto__';
			if (!fits) refuse();
			(object as Record<string, unknown>)[key] = this.value(pairs[at + 1]);
		}
		return object;
	}

	#tagged(type: string, parts: unknown[], keep: <Made>(made: Made) => Made): unknown {
		const [first, second, third] = parts;
		const revive = Object.hasOwn(this.#revivers, type) && this.#revivers[type];
		if (revive) return keep(revive(this.value(typeof first === 'number' ? first : this.#values.push(first) - 1)));
		switch (type) {
			case 'null':
				return this.#fill(keep(Object.create(null)), parts);
			case 'Map': {
				const map = keep(new Map());
				for (let at = 0; at < parts.length; at += 2) map.set(this.value(parts[at]), this.value(parts[at + 1]));
				return map;
			}
			case 'Set': {
				const set = keep(new Set());
				for (const part of parts) set.add(this.value(part));
				return set;
			}
			case 'Object': {
				const inner = this.value(first);
				return inner === undefined || typeof inner === 'object' ? refuse() : keep(Object(inner));
			}
			default:
				return keep(isView(type) ? viewOf(type, this.value(first), second, third) : leaf(type, first, second));
		}
	}
}

/** Has this length, and no memory for it. */
function sparseArray(length: unknown): unknown[] {
	const array: unknown[] = [];
	array[LARGEST_INDEX] = 0;
	delete array[LARGEST_INDEX];
	// Throws where it is no length of an array.
	array.length = typeof length === 'number' ? length : -1;
	return array;
}

/** Makes what has no other values in it. */
function leaf(type: string, first: unknown, second: unknown): unknown {
	const text = first as string;
	switch (type) {
		case 'Date':
			return new Date(text);
		case 'URL':
			return new URL(text);
		case 'URLSearchParams':
			return new URLSearchParams(text);
		case 'RegExp':
			return new RegExp(text, second as string);
		case 'BigInt':
			return BigInt(text);
		case 'ArrayBuffer':
			return typeof first === 'string' ? fromBase64(text).buffer : refuse();
		default:
			return Temporal[TEMPORAL.exec(type)?.[1] ?? '']?.from(text) ?? refuse();
	}
}

declare const Temporal: Record<string, { from(text: string): unknown }>;
declare class URLSearchParams {
	constructor(text: string);
}
