import type { Duplex } from 'node:stream';
import type { Carrier } from '../host/index.js';

/** Carries streams over a Node `Duplex` of bytes. It should emit what was lost as `error`. */
export function duplexCarrier(duplex: Duplex): Carrier {
	return {
		messageBytes: undefined,
		copies: false,
		attach: (handler) => {
			let problem: Error | undefined;
			duplex.on('data', (bytes: Uint8Array) => handler.data(bytes));
			// The other end sends no more: without its window updates there is nothing left to say either.
			duplex.on('end', () => duplex.end());
			duplex.on('error', (error) => {
				problem = error;
			});
			duplex.on('close', () => handler.closed(problem));
			if (duplex.closed) queueMicrotask(() => handler.closed(duplex.errored ?? undefined));
		},
		send: (pieces, done) => {
			// Together, so that they become one system call.
			duplex.cork();
			const last = pieces.length - 1;
			for (const [index, piece] of pieces.entries()) {
				if (index < last) duplex.write(piece);
				else duplex.write(piece, (error) => error || done());
			}
			duplex.uncork();
		},
		end: () => {
			duplex.end();
		},
		destroy: () => {
			duplex.destroy();
		},
	};
}
