/** The one thing that pages do and Node programs do not: they go without notice. This room has no DOM types of its own. */
type Leaving = (event: { persisted?: boolean }) => void;
declare function addEventListener(type: 'pagehide' | 'beforeunload', listener: Leaving): void;
declare function removeEventListener(type: 'pagehide' | 'beforeunload', listener: Leaving): void;

/** How long, in milliseconds, a page that was about to go and is there after all is taken for gone. */
const STAYED = 1000;

/** What a page that goes does. */
export interface PageLeaving {
	/** It may go: what is said now still leaves. Firefox sends nothing any more once a page is hidden. */
	leaving(): void;
	/** It has stayed: somebody answered the question whether to leave with no, or it was a download. */
	stayed(): void;
	/** It goes. */
	left(): void;
}

/**
 * Tells when the page goes for good, not when it is kept to be shown again.
 *
 * @returns how to stop
 */
export function onPageLeaving({ leaving, stayed, left }: PageLeaving): () => void {
	let timer: unknown;
	const unloading = (): void => {
		leaving();
		clearTimeout(timer);
		timer = setTimeout(stayed, STAYED);
	};
	const hidden: Leaving = ({ persisted }) => {
		if (persisted !== true) left();
	};
	addEventListener('beforeunload', unloading);
	addEventListener('pagehide', hidden);
	return () => {
		clearTimeout(timer);
		removeEventListener('beforeunload', unloading);
		removeEventListener('pagehide', hidden);
	};
}
