import type { OnWake } from '../../link/index.js';

/** A page is worth another attempt when the browser is online again, and when somebody looks at it. */
export const onBrowserWake: OnWake = (wake) => {
	const seen = (): void => {
		if (document.visibilityState === 'visible') wake();
	};
	addEventListener('online', wake);
	document.addEventListener('visibilitychange', seen);
	return () => {
		removeEventListener('online', wake);
		document.removeEventListener('visibilitychange', seen);
	};
};
