/**
 * How callbacks of node-datachannel are taken.
 *
 * The native library ends the process when an exception leaves one of its callbacks, so each callback goes
 * through {@link guarded}, which hands exceptions to Node from outside. Everything but a message is told from
 * a queue after the native frame, because a listener may close what is just calling. Messages are told at once
 * while that queue is empty: they are the hot path, and sending from inside a callback is safe.
 */
import { rethrowLater } from '../../wire/index.js';

const queue: (() => void)[] = [];

/** Runs `action` after the native frame that is calling, in order. */
export function later(action: () => void): void {
	if (queue.push(action) === 1) setImmediate(drain);
}

/** Whether nothing waits that has happened before. */
export function nothingWaits(): boolean {
	return queue.length === 0;
}

/** The form of every native callback: nothing is thrown into the library. */
export function guarded<Args extends unknown[]>(callback: (...args: Args) => void): (...args: Args) => void {
	return (...args) => later(() => callback(...args));
}

function drain(): void {
	// What is added meanwhile runs in the same turn, so that order and promptness hold together.
	for (let next = 0; next < queue.length; next++) {
		try {
			queue[next]?.();
		} catch (thrown) {
			rethrowLater(thrown);
		}
	}
	queue.length = 0;
}
