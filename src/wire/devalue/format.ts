/**
 * The format of devalue: a list of values, in JSON, that refer to each other by their index in it. The first one is
 * what was written. A negative number stands for a value that JSON does not have; a list that begins with a text has
 * a tag, which says what to make of the rest.
 */

/** What is told by a negative number in place of an index, at that number without its sign: NaN, infinities, minus zero. */
export const CONSTANTS: readonly unknown[] = [undefined, undefined, undefined, 0 / 0, 1 / 0, -1 / 0, -0];

/** Stands where an array has a hole. */
export const HOLE = -2;

/** Begins an array whose holes were left out: length, index, value, index, value … */
export const SPARSE = -7;

/** The views of an `ArrayBuffer`, and a few names that no host has. */
export const VIEW = /^(DataView|(Big)?(Int|Uint|Float)\d\w*Array)$/;
