import { fromBase64 } from '../ids.js';
import { CONSTANTS, HOLE, SPARSE, VIEW } from './format.js';

/** Classes that are made of texts. */
const TEXTUAL = /^(Date|RegExp|URL(SearchParams)?)$/;

/** A record or an array. */
type Parts = Record<PropertyKey, unknown>;

/**
 * Reads what devalue's `stringify` wrote, as devalue's `parse` does. Anything else throws, or becomes data as well: a
 * circle of what cannot be in one ends at the stack's bound, nothing gets memory that its text does not take, too, and
 * no record has the key `__proto__`.
 */
export function parse(text: string): unknown {
	const parsed: unknown = JSON.parse(text);
	const values: unknown[] = Array.isArray(parsed) ? parsed : [];
	/** What there is already, by its index: what refers to itself is here before its parts. */
	const made: unknown[] = [];

	const valueAt = (index: unknown): unknown => {
		if (typeof index !== 'number' || index >= values.length) refuse();
		if (index < 0) return CONSTANTS[-index];
		if (index in made) return made[index];
		const value = values[index];
		if (Object(value) !== value) return value;
		const keep = <Made>(it: Made): Made => {
			made[index] = it;
			return it;
		};
		const [tag, ...parts] = Array.isArray(value) ? value : [];
		const [first] = parts;
		switch (tag) {
			case 'Map': {
				const map = keep(new Map());
				for (let at = 0; at < parts.length; at += 2) map.set(valueAt(parts[at]), valueAt(parts[at + 1]));
				return map;
			}
			case 'Set': {
				const set = keep(new Set());
				for (const part of parts) set.add(valueAt(part));
				return set;
			}
			case 'null': {
				const record = keep(Object.create(null));
				for (let at = 0; at < parts.length; at += 2) record[parts[at]] = parts[at + 1];
				return fill(record);
			}
			case SPARSE: {
				// An array of this length has no memory for its items, and keeps to that when it is cut.
				const array = keep<unknown[] & Parts>(new Array(2 ** 32 - 1) as never);
				array.length = first;
				for (let at = 1; at < parts.length; at += 2) array[Number(parts[at])] = parts[at + 1];
				return fill(array);
			}
			case 'Object':
				return keep(Object(valueAt(first)));
			case 'BigInt':
				return keep(BigInt(first));
			case 'ArrayBuffer':
				return keep(fromBase64(first).buffer);
		}
		if (typeof tag !== 'string') return fill(keep(value as Parts));
		if (VIEW.test(tag)) {
			parts[0] = valueAt(first);
			// A hostile number or length would otherwise become an allocation of gigabytes.
			if (!(parts[0] instanceof ArrayBuffer)) refuse();
		} else if (!TEXTUAL.test(tag)) return keep(Temporal[tag.slice('Temporal.'.length) as 'Instant'].from(first));
		return keep(new (globalThis as unknown as Classes)[tag as 'Date'](...parts));
	};

	/** Puts the values of a record or an array in place of their indexes. */
	const fill = (parts: Parts): Parts => {
		for (const [key, part] of Object.entries(parts)) {
			if (key === '__proto__') refuse();
			if (part === HOLE) delete parts[key];
			else parts[key] = valueAt(part);
		}
		return parts;
	};

	return valueAt(values === parsed ? 0 : parsed);
}

function refuse(): never {
	throw new TypeError();
}

type Classes = Record<'Date', new (...parts: unknown[]) => object>;

declare const Temporal: Record<'Instant', { from(text: unknown): object }>;
