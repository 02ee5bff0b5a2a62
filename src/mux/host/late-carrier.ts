import * as LIMITS from '../../wire/limits.js';
import type { Carrier, CarrierHandler } from './carrier.js';

/** What was to be sent before there was anything to send it with. */
interface Early {
	pieces: Uint8Array[];
	done: () => void;
}

/**
 * A carrier that stands in for one that is still being looked for, so that streams can be opened and written to at
 * once. What is sent meanwhile waits here; a mux hands out no more than 256 KiB before it is told that some has left.
 *
 * @param coming the carrier; why there will be none is the cause of the closing
 * @param messageBytes largest message of the carrier, in bytes
 */
export function lateCarrier(coming: Promise<Carrier>, messageBytes = LIMITS.muxMessageBytes): Carrier {
	let handler: CarrierHandler | undefined;
	let carrier: Carrier | undefined;
	let early: Early[] = [];
	let isOver = false;
	const closed = (cause?: unknown): void => {
		isOver = true;
		early = [];
		handler?.closed(cause);
		handler = undefined;
	};
	coming.then(
		(given) => {
			if (isOver) {
				given.attach({ data: () => {}, closed: () => {} });
				given.destroy();
				return;
			}
			carrier = given;
			given.attach({ data: (bytes) => handler?.data(bytes), closed });
			for (const { pieces, done } of early.splice(0)) given.send(pieces, done);
		},
		(cause: unknown) => {
			if (!isOver) closed(cause);
		},
	);
	const stop = (how: 'end' | 'destroy') => (): void => {
		if (carrier !== undefined) carrier[how]();
		else if (!isOver) {
			// Nothing has left and nothing will.
			isOver = true;
			queueMicrotask(closed);
		}
	};
	return {
		messageBytes,
		// What has to wait is kept as it is.
		copies: false,
		attach: (given) => {
			handler = given;
		},
		send: (pieces, done) => {
			if (carrier !== undefined) carrier.send(pieces, done);
			else if (!isOver) early.push({ pieces, done });
		},
		end: stop('end'),
		destroy: stop('destroy'),
	};
}
