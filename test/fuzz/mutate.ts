/** Damage to bytes, as lines, programs and strangers do it. */

/** What a fuzzer sometimes puts in the place of something else: edges of numbers, names of prototypes, ends of structures. */
const TOKENS = [
	'null',
	'-1',
	'1e999',
	'9007199254740993',
	'__proto__',
	'constructor',
	'"',
	'\\',
	'\\u0000',
	'\ud800',
	'{}',
	'[]',
	'[[[[[[[[',
	'true',
	',',
	'}',
	'\r\n',
	'\r\n\r\n',
	'a=ice-ufrag:%%%',
	'v=0',
	'é',
	'x'.repeat(5000),
].map((text) => Buffer.from(text));

/** One piece of bytes, damaged in one to four ways; the same for the same random numbers. */
export function mutate(original: Uint8Array, random: () => number, others: readonly Uint8Array[] = []): Buffer {
	let bytes = Buffer.from(original);
	for (let times = 1 + Math.floor(4 * random() ** 2); times > 0; times--) bytes = damage(bytes, random, others);
	return bytes;
}

function damage(bytes: Buffer, random: () => number, others: readonly Uint8Array[]): Buffer<ArrayBuffer> {
	const at = Math.floor(random() * (bytes.length + 1));
	const length = Math.floor(random() ** 3 * 64);
	const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
	switch (Math.floor(7 * random())) {
		case 0: {
			const copy = Buffer.from(bytes);
			if (copy.length > 0) copy[Math.min(at, copy.length - 1)] = Math.floor(256 * random());
			return copy;
		}
		case 1:
			return Buffer.from(before);
		case 2:
			return Buffer.concat([before, bytes.subarray(at + length)]);
		case 3:
			return Buffer.concat([before, bytes.subarray(at, at + length), after]);
		case 4: {
			const token = TOKENS[Math.floor(random() * TOKENS.length)] as Buffer;
			return Buffer.concat([before, token, bytes.subarray(at + (random() < 0.5 ? 0 : token.length))]);
		}
		case 5: {
			const other = others[Math.floor(random() * others.length)] ?? bytes;
			return Buffer.concat([before, other.subarray(Math.floor(random() * other.length))]);
		}
		default:
			return Buffer.concat([before, Buffer.from(Array.from({ length }, () => Math.floor(256 * random()))), after]);
	}
}
