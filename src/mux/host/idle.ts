import type { StreamHandler } from '../index.js';
import type { MuxBase } from './mux.js';

/** Closes a mux that has had no stream for `ms` milliseconds, or a little longer. */
export function closeWhenIdle<Face extends StreamHandler>(mux: MuxBase<Face>, ms: number): void {
	let wasIdle = false;
	const look = (): void => {
		const isIdle = mux.size === 0;
		if (isIdle && wasIdle) void mux.close();
		else timer = setTimeout(look, ms / 2);
		wasIdle = isIdle;
	};
	let timer = setTimeout(look, ms / 2);
	mux.on('close', () => clearTimeout(timer));
}
