import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { LinkKind } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import * as WAITS from '../wire/waits.js';

/** Who a token is for. */
export interface Bearer {
	readonly kind: LinkKind;
	readonly id: string;
	/** What the auth listeners made of it, encoded: whoever is somebody else by now does not come back as this one. */
	readonly identity: string | undefined;
}

/** `id.expiry.mac`: expiry in milliseconds since 1970 and in base 36. */
const TOKEN = /^([\w-]{1,64})\.([0-9a-z]{1,9})\.([\w-]{43})$/;

/**
 * The proof of who comes back: an id and an expiry, signed. A master that knows the secret needs to remember nothing,
 * so that ids survive its restart. Without a secret of the operator's the tokens are good for this process.
 *
 * Tokens are bearer keys of one peer: they go to that peer alone, and appear in no log, event or error.
 */
export class ResumeTokens {
	readonly #key: Buffer;

	constructor(secret: string | undefined) {
		this.#key = secret === undefined ? randomBytes(32) : createHash('sha256').update(secret).digest();
	}

	/** @param now in milliseconds since 1970 */
	issue(bearer: Bearer, now: number): string {
		const expiry = (now + WAITS.resumeToken).toString(36);
		return `${bearer.id}.${expiry}.${this.#mac(bearer, expiry).toString('base64url')}`;
	}

	/** The id that a token proves; `undefined` when it is forged, expired, or another's. */
	verify(token: string, { kind, identity }: Omit<Bearer, 'id'>, now: number): string | undefined {
		const [, id, expiry, mac] = token.length <= LIMITS.resumeTokenLength ? (TOKEN.exec(token) ?? []) : [];
		if (id === undefined || expiry === undefined || mac === undefined) return undefined;
		const given = Buffer.from(mac, 'base64url');
		const genuine = timingSafeEqual(given, this.#mac({ kind, id, identity }, expiry));
		return genuine && Number.parseInt(expiry, 36) > now ? id : undefined;
	}

	#mac({ kind, id, identity }: Bearer, expiry: string): Buffer {
		const said = JSON.stringify(['enslavism resume', kind, id, expiry, identity ?? null]);
		return createHmac('sha256', this.#key).update(said).digest();
	}
}
