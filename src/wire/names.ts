/** Half of a character, which no encoding of text in bytes can hold. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether `value` can be an id or a key: a text of 1 to `length` characters that can be written as UTF-8. */
export function isName(value: unknown, length: number): value is string {
	return typeof value === 'string' && value !== '' && value.length <= length && !LONE_SURROGATE.test(value);
}

/** Whether a URL can have this name as a part of its path: parsers take `.` and `..` away, percent-encoded or not. */
export function fitsInPath(name: string): boolean {
	return name !== '.' && name !== '..';
}
