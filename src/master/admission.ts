import type { IncomingMessage } from 'node:http';
import { parseCookie } from 'cookie';
import {
	type AuthData,
	decide,
	EnslavismError,
	encodeUserData,
	FAILED,
	type LinkKind,
	type Reject,
} from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import * as WAITS from '../wire/waits.js';

/** What an auth listener is told beside the data. */
export interface AuthInfo {
	/** The upgrade request: headers, URL, socket. */
	readonly request: IncomingMessage;
	/** What the other side gave as `auth`; for a slave the same as the data. */
	readonly auth: AuthData;
	/** Address that the request came from. */
	readonly address: string;
	/** Name of the service that the socket is for; `undefined` for a client's or slave's link. */
	readonly service: string | undefined;
}

/** A listener of `clientauth` or `slaveauth`. */
export type AuthListener = (authData: AuthData, reject: Reject, info: AuthInfo) => unknown;

/** What became of a request. */
export type Admission =
	| { admitted: true; identity: object | undefined; encodedIdentity: string | undefined }
	| { admitted: false; reason: string };

/** Asks the auth listeners about one upgrade request; what they throw, or return that cannot travel, is reported. */
export async function admit(
	kind: LinkKind,
	listeners: AuthListener[],
	info: AuthInfo,
	report: (thrown: unknown) => void,
): Promise<Admission> {
	const authData = kind === 'slave' ? info.auth : cookiesOf(info.request);
	const calls = listeners.map((listener) => (reject: Reject) => listener(authData, reject, info));
	const { refusal, identity } = await decide(calls, boundOfAuth, report);
	if (refusal !== undefined) return { admitted: false, reason: refusal };
	if (identity === undefined) return { admitted: true, identity, encodedIdentity: undefined };
	try {
		return { admitted: true, identity, encodedIdentity: encodeUserData(identity, LIMITS.identityLength) };
	} catch (thrown) {
		const cause = thrown as EnslavismError;
		const problem = `the identity that an auth listener returned: ${cause.message}`;
		report(new EnslavismError(cause.code, problem, { cause }));
		return { admitted: false, reason: FAILED };
	}
}

/** The bound of a decision on who comes in. */
export function boundOfAuth(expire: () => void): () => void {
	// Not worth living for: a closed master destroys the sockets that wait.
	const timer = setTimeout(expire, WAITS.auth).unref();
	return () => clearTimeout(timer);
}

function cookiesOf(request: IncomingMessage): AuthData {
	return { ...parseCookie(request.headers.cookie ?? '') };
}
