import { base64 } from '../ids.js';
import { CONSTANTS, HOLE, SPARSE, VIEW } from './format.js';

/** The buffer of a view, and which part of it the view is; `length` is in items, and a `DataView` has none. */
export type ViewInfo = (view: Uint8Array) => {
	buffer: ArrayBufferLike;
	byteOffset: number;
	byteLength: number;
	length?: number;
	bufferByteLength: number;
};

/** Objects around a primitive value. */
const BOXED = /^(Number|String|Boolean|BigInt)$/;

/** Objects that are written as their text. */
const TEXTUAL = /^(URL|URLSearchParams|Temporal\.\w+)$/;

/**
 * Writes a value as devalue's `stringify` does, character by character. Throws for what is not data.
 *
 * @param options as devalue takes them: there is more, and this has its defaults
 */
export function stringify(
	value: unknown,
	_reducers: undefined,
	{ operations }: { operations: { viewInfo: ViewInfo } },
): string {
	const texts: string[] = [];
	/** Where each value is. Those that are not finished have their places, which ends circles. */
	const indexes = new Map<unknown, number>();

	const write = (value: unknown): number => {
		const constant = CONSTANTS.findIndex((each, at) => at > 0 && Object.is(each, value));
		if (constant > 0) return -constant;
		const known = indexes.get(value);
		if (known !== undefined) return known;
		const index = indexes.size;
		indexes.set(value, index);
		texts[index] = textOf(value, write, operations.viewInfo);
		return index;
	};

	const index = write(value);
	return index < 0 ? String(index) : `[${texts}]`;
}

/** Writes a part, if it is not written yet; gives where it is. */
type Write = (part: unknown) => number;

function textOf(value: unknown, write: Write, viewInfo: ViewInfo): string {
	if (typeof value === 'function') refuse('a function');
	if (typeof value === 'symbol') refuse('a symbol');
	if (typeof value === 'string') return quoted(value);
	if (typeof value === 'bigint') return `["BigInt","${value}"]`;
	if (typeof value !== 'object' || value === null) return String(value);
	if (typeof (value as { then?: unknown }).then === 'function') refuse('a promise');
	const tag = Object.prototype.toString.call(value).slice(8, -1);
	if (tag === 'Array') return arrayText(value as unknown[], write);
	const parts = partsOf(tag, value, write, viewInfo);
	if (parts !== undefined) return `[${[`"${tag}"`, ...parts]}]`;
	if (BOXED.test(tag)) return `["Object",${write(value.valueOf())}]`;
	return recordText(value as Record<string, unknown>, write);
}

/** What follows the tag; `undefined` for what has no tag of its own. */
function partsOf(tag: string, value: object, write: Write, viewInfo: ViewInfo): unknown[] | undefined {
	if (TEXTUAL.test(tag)) return [quoted(String(value))];
	if (VIEW.test(tag)) {
		const { buffer, byteOffset, byteLength, length = byteLength, bufferByteLength } = viewInfo(value as Uint8Array);
		return [write(buffer), ...(byteLength === bufferByteLength ? [] : [byteOffset, length])];
	}
	switch (tag) {
		case 'Date':
			return [`"${Number.isNaN(Number(value)) ? '' : (value as Date).toISOString()}"`];
		case 'RegExp': {
			const { source, flags } = value as RegExp;
			return flags ? [quoted(source), `"${flags}"`] : [quoted(source)];
		}
		case 'ArrayBuffer':
			return [`"${base64(new Uint8Array(value as ArrayBuffer))}"`];
		case 'Set':
			return Array.from(value as Set<unknown>, write);
		case 'Map':
			return [...(value as Map<unknown, unknown>)].flat().map(write);
	}
	return undefined;
}

/** Holes are written one by one, or left out, whichever is shorter. */
function arrayText(array: unknown[], write: Write): string {
	const { length } = array;
	const filled = Object.keys(array).filter((key) => String(Number(key) >>> 0) === key);
	const digits = String(length).length;
	if ((length - filled.length) * 3 > 4 + digits + filled.length * (digits + 1)) {
		return `[${[SPARSE, length, ...filled.flatMap((key) => [key, write(array[Number(key)])])]}]`;
	}
	return `[${Array.from(array, (part, at) => (at in array ? write(part) : HOLE))}]`;
}

function recordText(record: Record<string, unknown>, write: Write): string {
	const proto = Object.getPrototypeOf(record);
	if (proto !== null && Object.getPrototypeOf(proto) !== null) refuse('an instance of a class');
	const isEnumerable = (key: PropertyKey): boolean => Object.prototype.propertyIsEnumerable.call(record, key);
	if (Object.getOwnPropertySymbols(record).some(isEnumerable)) refuse('an object with a symbol as a key');
	const colon = proto === null ? ',' : ':';
	const entries = Object.keys(record).map((key) => {
		if (key === '__proto__') refuse('an object with the key __proto__');
		return quoted(key) + colon + write(record[key]);
	});
	return proto === null ? `[${['"null"', ...entries]}]` : `{${entries}}`;
}

/** A text in JSON; a page may have it between tags of a script. */
function quoted(text: string): string {
	return JSON.stringify(text).replace(
		/[<\u2028\u2029]/g,
		(character) => `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`,
	);
}

function refuse(what: string): never {
	throw new TypeError(`${what} is not data`);
}
