import { cutReason } from './errors.js';

/** Refuses what is being decided on, with a reason for the other side. */
export type Reject = (reason?: string) => void;

/** What listeners decided together. */
export interface Decision {
	/** Why it is refused; `undefined` when it is accepted. */
	refusal?: string;
	/** The objects that the listeners returned, merged; `undefined` if none did. */
	identity?: object;
}

/** Calls `expire` after the bound of a decision; returns how to call that off. */
export type Bound = (expire: () => void) => () => void;

/** The reason of a refusal that the listener did not intend. */
export const FAILED = 'the decision failed';
const TOO_LATE = 'the decision took too long';
const NO_REASON = 'refused';

/**
 * Asks listeners to decide, each called with a `reject` of its own. A listener rejects at once, or, when it is
 * async, before its promise settles. One that throws refuses; so does one that takes longer than the bound.
 *
 * @param report is told what each listener throws, also after the decision was made
 */
export async function decide(
	calls: ((reject: Reject) => unknown)[],
	bound: Bound,
	report: (thrown: unknown) => void,
): Promise<Decision> {
	if (calls.length === 0) return {};
	return new Promise((resolve) => {
		const settle = (decision: Decision): void => {
			cancel();
			resolve(decision);
		};
		const cancel = bound(() => settle({ refusal: TOO_LATE }));
		const reject: Reject = (reason) => settle({ refusal: reasonOf(reason) });
		const answers = calls.map(async (call) => call(reject));
		for (const answer of answers) answer.catch(report);
		Promise.all(answers).then(
			(returned) => settle(accepted(returned)),
			() => settle({ refusal: FAILED }),
		);
	});
}

function accepted(returned: unknown[]): Decision {
	const objects = returned.filter((each): each is object => typeof each === 'object' && each !== null);
	// Not assigned to an object, where `__proto__` is no ordinary key.
	return objects.length === 0 ? {} : { identity: Object.fromEntries(objects.flatMap(Object.entries)) };
}

/** Any reason as a string within the protocol's bound. */
export function reasonOf(reason: unknown): string {
	return reason === undefined || reason === '' ? NO_REASON : cutReason(String(reason));
}
