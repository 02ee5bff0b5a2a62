/**
 * The library keeps the process alive for each channel until it has told that it is closed. One that it closes in the
 * very moment in which it is made, before anybody can listen for that, it never tells of: it lets go of it when
 * JavaScript's object is collected as garbage. A process that has nothing more to do collects nothing, and would not end.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Connections that are not closed. */
let open = 0;
/** Whether there may be channels that nobody refers to any more and the library has not let go of. */
let forgotten = false;

/** A connection was made. */
export function opened(): void {
	open++;
}

/** It is closed, and tells nothing more of its channels. */
export function closed(): void {
	open--;
	collect();
}

/** The library never tells that a channel is closed to which nothing refers any more. */
export function forget(): void {
	forgotten = true;
	collect();
}

/** A process with connections has garbage collected now and then anyway, and is not to be stopped for it. */
function collect(): void {
	if (!forgotten || open > 0) return;
	forgotten = false;
	setFlagsFromString('--expose-gc');
	const gc = runInNewContext('gc');
	// When nobody who is just calling refers to it either.
	setImmediate(() => gc());
}
