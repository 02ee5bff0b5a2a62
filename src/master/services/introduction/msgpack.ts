/**
 * MessagePack, as far as plain messages need it: nil, booleans, numbers, strings, bytes, arrays and maps. Bytes and
 * extensions are skipped and read as `undefined`, since no message of ours has any.
 *
 * A reader of our own, because what arrives here comes from strangers: lists grow as their elements are read, so that
 * a header of five bytes that announces four thousand million elements costs nothing.
 */

/** How deep values may be nested. Messages are two deep. */
const DEPTH = 16;

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** The value that `bytes` are, all of them. Throws on anything else. */
export function unpack(bytes: Uint8Array): unknown {
	const reader = new Reader(bytes);
	const value = reader.value(DEPTH);
	if (!reader.atEnd) throw new RangeError('there are bytes behind the value');
	return value;
}

/**
 * Cursor over one message. Layout of a value (msgpack.org, spec.md):
 *
 *     00–7f      whole number          c4 c5 c6   bytes, length of 1, 2, 4 bytes
 *     80–8f      map, 4 bits of size   c7 c8 c9   extension: length of 1, 2, 4 bytes, a type
 *     90–9f      array, the same       ca cb      float, double
 *     a0–bf      text, 5 bits          cc–cf      whole number of 1, 2, 4, 8 bytes
 *     c0         nil                   d0–d3      the same, signed
 *     c2 c3      false, true           d4–d8      extension of 1, 2, 4, 8, 16 bytes
 *     e0–ff      whole number below 0  d9 da db   text, length of 1, 2, 4 bytes
 *                                      dc dd      array, de df map: size of 2, 4 bytes
 */
class Reader {
	readonly #bytes: Uint8Array;
	readonly #view: DataView;
	#at = 0;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
		this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	}

	get atEnd(): boolean {
		return this.#at === this.#bytes.length;
	}

	value(depth: number): unknown {
		if (depth === 0) throw new RangeError('nested too deep');
		const head = this.#uint(1);
		if (head < 0x80) return head;
		if (head < 0x90) return this.#map(head & 0x0f, depth);
		if (head < 0xa0) return this.#array(head & 0x0f, depth);
		if (head < 0xc0) return this.#text(head & 0x1f);
		if (head >= 0xe0) return head - 0x100;
		return this.#long(head, depth);
	}

	#long(head: number, depth: number): unknown {
		if (head === 0xc0) return null;
		if (head === 0xc2 || head === 0xc3) return head === 0xc3;
		if (head >= 0xc4 && head <= 0xc6) return this.#skip(this.#uint(1 << (head - 0xc4)));
		if (head >= 0xc7 && head <= 0xc9) return this.#skip(this.#uint(1 << (head - 0xc7)) + 1);
		if (head === 0xca) return this.#view.getFloat32(this.#take(4));
		if (head === 0xcb) return this.#view.getFloat64(this.#take(8));
		if (head >= 0xcc && head <= 0xcf) return this.#uint(1 << (head - 0xcc));
		if (head >= 0xd0 && head <= 0xd3) return this.#int(1 << (head - 0xd0));
		if (head >= 0xd4 && head <= 0xd8) return this.#skip((1 << (head - 0xd4)) + 1);
		if (head >= 0xd9 && head <= 0xdb) return this.#text(this.#uint(1 << (head - 0xd9)));
		if (head === 0xdc || head === 0xdd) return this.#array(this.#uint(head === 0xdc ? 2 : 4), depth);
		if (head === 0xde || head === 0xdf) return this.#map(this.#uint(head === 0xde ? 2 : 4), depth);
		throw new RangeError('no such type');
	}

	#array(size: number, depth: number): unknown[] {
		const array: unknown[] = [];
		for (let n = 0; n < size; n++) array.push(this.value(depth - 1));
		return array;
	}

	#map(size: number, depth: number): object {
		const entries: [string, unknown][] = [];
		for (let n = 0; n < size; n++) {
			const key = this.value(1);
			if (typeof key !== 'string') throw new RangeError('a key is no text');
			entries.push([key, this.value(depth - 1)]);
		}
		// Defines own properties, also one called "__proto__".
		return Object.fromEntries(entries);
	}

	#text(length: number): string {
		const start = this.#take(length);
		return UTF8.decode(this.#bytes.subarray(start, start + length));
	}

	#skip(length: number): undefined {
		this.#take(length);
	}

	#uint(size: number): number {
		const at = this.#take(size);
		if (size === 1) return this.#view.getUint8(at);
		if (size === 2) return this.#view.getUint16(at);
		if (size === 4) return this.#view.getUint32(at);
		return Number(this.#view.getBigUint64(at));
	}

	#int(size: number): number {
		const at = this.#take(size);
		if (size === 1) return this.#view.getInt8(at);
		if (size === 2) return this.#view.getInt16(at);
		if (size === 4) return this.#view.getInt32(at);
		return Number(this.#view.getBigInt64(at));
	}

	#take(length: number): number {
		const at = this.#at;
		if (length > this.#bytes.length - at) throw new RangeError('the message is cut off');
		this.#at += length;
		return at;
	}
}

/** A map of at most 15 entries whose values are texts and lists of texts. */
export function packMap(map: Record<string, string | string[]>): Buffer {
	const entries = Object.entries(map);
	const parts: Buffer[] = [Buffer.of(0x80 | entries.length)];
	for (const [key, value] of entries) {
		packText(key, parts);
		if (typeof value === 'string') {
			packText(value, parts);
			continue;
		}
		parts.push(head(0x90, 15, value.length, [undefined, 0xdc, 0xdd]));
		for (const each of value) packText(each, parts);
	}
	return Buffer.concat(parts);
}

function packText(text: string, parts: Buffer[]): void {
	const bytes = Buffer.from(text);
	parts.push(head(0xa0, 31, bytes.length, [0xd9, 0xda, 0xdb]), bytes);
}

/** The shortest head for a size: in the type's own byte, or behind one of the types for 1, 2 and 4 bytes. */
function head(
	short: number,
	most: number,
	size: number,
	[one, two, four]: [number | undefined, number, number],
): Buffer {
	if (size <= most) return Buffer.of(short | size);
	if (one !== undefined && size < 0x100) return Buffer.of(one, size);
	if (size < 0x1_0000) return Buffer.of(two, size >> 8, size & 0xff);
	const long = Buffer.of(four, 0, 0, 0, 0);
	long.writeUInt32BE(size, 1);
	return long;
}
