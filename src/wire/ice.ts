import * as v from 'valibot';
import { EnslavismError } from './errors.js';
import * as LIMITS from './limits.js';

/** RFC 7064 and 7065, as far as browsers insist on it. */
const url = v.pipe(v.string(), v.maxLength(LIMITS.iceUrlLength), v.regex(/^(stuns?|turns?):[^\s]+$/));

const secret = v.pipe(v.string(), v.maxLength(LIMITS.iceCredentialLength));

/** A browser throws at a TURN server without a user name and a credential. */
const isUsable = ({
	urls,
	username,
	credential,
}: {
	urls: string | string[];
	username?: string;
	credential?: string;
}) => (username !== undefined && credential !== undefined) || ![urls].flat().some((each) => each.startsWith('turn'));

/** One STUN or TURN server as it travels. */
const iceServer = v.pipe(
	v.object({
		urls: v.union([url, v.pipe(v.array(url), v.minLength(1), v.maxLength(LIMITS.iceUrls))]),
		username: v.exactOptional(secret),
		credential: v.exactOptional(secret),
	}),
	v.check(isUsable, 'TURN servers need a username and a credential'),
);

/** The servers of one link. */
export const iceServers = v.pipe(v.array(iceServer), v.maxLength(LIMITS.iceServers));

/** A server that helps to find a path, as `RTCIceServer` describes it. */
export type IceServer = v.InferOutput<typeof iceServer>;

/**
 * Servers that somebody has chosen, without what does not belong there.
 *
 * @throws EnslavismError `bad-option`
 */
export function iceServersFrom(value: unknown): IceServer[] {
	const result = v.safeParse(iceServers, value, { abortEarly: true });
	if (result.success) return result.output;
	const [issue] = result.issues;
	const where = issue.path?.map(({ key }) => String(key)).join('.') ?? '';
	throw new EnslavismError('bad-option', `ICE servers: ${where ? `${where}: ` : ''}${issue.message}`);
}
