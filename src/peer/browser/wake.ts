import type { OnWake } from '../../link/index.js';

/** A page is worth another attempt when the browser is online again, and when somebody looks at it. */
export const onBrowserWake: OnWake = (wake) => {
	const until = new AbortController();
	addEventListener('online', wake, until);
	document.addEventListener('visibilitychange', () => document.hidden || wake(), until);
	return () => until.abort();
};
