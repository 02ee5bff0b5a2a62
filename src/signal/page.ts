/** The one thing that pages do and Node programs do not. This room has no DOM types of its own. */
declare function addEventListener(type: 'pagehide', listener: (event: { persisted: boolean }) => void): void;
declare function removeEventListener(type: 'pagehide', listener: (event: { persisted: boolean }) => void): void;

/**
 * Calls `leave` when the page goes for good, not when it is kept to be shown again.
 *
 * @returns how to stop
 */
export function onPageHide(leave: () => void): () => void {
	const hidden = ({ persisted }: { persisted: boolean }): void => {
		if (!persisted) leave();
	};
	addEventListener('pagehide', hidden);
	return () => removeEventListener('pagehide', hidden);
}
