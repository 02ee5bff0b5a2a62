import { parse, stringify } from 'devalue';
import { viewOf } from './devalue/views.js';
import { EnslavismError, type ErrorCode, messageOf } from './errors.js';
import * as LIMITS from './limits.js';

/**
 * devalue writes the whole buffer behind a view, with bytes that the view does not show. A view of a part is
 * therefore written as a copy of that part.
 */
function ownBytes(value: unknown): unknown {
	if (!ArrayBuffer.isView(value) || value.byteLength === value.buffer.byteLength) return undefined;
	const bytes = new Uint8Array(value.byteLength);
	bytes.set(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
	const name = Object.prototype.toString.call(value).slice(8, -1);
	return [name, bytes];
}

function ownView(part: unknown): ArrayBufferView {
	const [name, bytes] = part as [unknown, Uint8Array | undefined];
	return viewOf(name, bytes?.buffer);
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
		encoded = stringify(value, { View: ownBytes });
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
		return parse(encoded, { View: ownView });
	} catch (cause) {
		throw new EnslavismError('bad-user-data', 'user data cannot be decoded', { cause });
	}
}
