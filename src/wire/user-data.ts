import { parse, stringify } from 'devalue';
import { EnslavismError, type ErrorCode, messageOf } from './errors.js';
import * as LIMITS from './limits.js';

/**
 * devalue writes the whole buffer behind a view, with bytes that the view does not show. A view of a part is therefore
 * written as one of a copy of that part.
 */
const OWN_BYTES = { operations: { viewInfo } };

function viewInfo(view: Uint8Array) {
	const { byteOffset, byteLength, length, buffer } = view;
	const isWhole = byteLength === buffer.byteLength;
	const own = isWhole ? buffer : new Uint8Array(buffer, byteOffset, byteLength).slice().buffer;
	return { buffer: own, byteOffset: 0, byteLength, length, bufferByteLength: byteLength };
}

/**
 * Encodes any JavaScript value that is data: primitives, plain objects, arrays, `Date`, `Map`, `Set`, `BigInt`,
 * `RegExp`, `URL`, typed arrays, `undefined`, repeated and cyclic references.
 *
 * @param limit largest length of the result
 * @param tooLarge code of the error for a longer one
 * @throws EnslavismError `bad-user-data` for functions, symbols, promises, class instances and `__proto__` keys;
 *   `user-data-too-large` past the limit
 */
export function encodeUserData(
	value: unknown,
	limit: number = LIMITS.userDataLength,
	tooLarge: ErrorCode = 'user-data-too-large',
): string {
	let encoded: string;
	try {
		encoded = stringify(value, undefined, OWN_BYTES);
	} catch (cause) {
		throw new EnslavismError('bad-user-data', `user data cannot be encoded: ${messageOf(cause)}`, { cause });
	}
	if (encoded.length > limit) {
		throw new EnslavismError(
			tooLarge,
			`user data is ${encoded.length} characters long when encoded, the limit is ${limit}`,
		);
	}
	return encoded;
}

/**
 * Decodes what {@link encodeUserData} made.
 *
 * @throws EnslavismError `bad-user-data` for anything else
 */
export function decodeUserData(encoded: string): unknown {
	try {
		return parse(encoded);
	} catch (cause) {
		throw new EnslavismError('bad-user-data', 'user data cannot be decoded', { cause });
	}
}
