/**
 * The line protocol of the npm package `scuttlebutt`, version 5: JSON texts, each followed by a line feed.
 *
 *     {"id": "…", "clock": {source: time, …}}     digest: who one is and what one has; each end's first line
 *     [["key", value], time, "source"]            a write
 *     "SYNC"                                      everything that the other end's digest lacked has been sent
 *
 * What is added here, and ignored by that package: a digest of the master has `now` and `expiry`, in milliseconds, and
 * a write may have a third item beside its key, the milliseconds that the key lives.
 */
import type { Clock, Update } from './last-writer-map.js';
import * as LIMITS from './limits.js';
import type { Read } from './messages.js';

/** The first line of each end. */
export interface Digest {
	readonly t: 'digest';
	readonly id: string;
	readonly clock: Clock;
	/** The time at the master, in milliseconds since 1970. */
	readonly now?: number;
	/** How long keys live at the master unless their writes say less, in milliseconds. */
	readonly expiry?: number;
}

/** A line, read. */
export type Line = Digest | { readonly t: 'update'; readonly update: Update<unknown> } | { readonly t: 'sync' };

/** The line that ends a history. */
export const SYNC_LINE = '"SYNC"\n';

export function writeDigest({ id, clock, now, expiry }: Omit<Digest, 't'>): string {
	return `${JSON.stringify({ id, clock, now, expiry })}\n`;
}

/** @param json the update's value as JSON */
export function writeUpdate({ key, at, source, expiry }: Update<unknown>, json: string): string {
	const life = expiry === undefined ? '' : `,${expiry}`;
	return `[[${JSON.stringify(key)},${json}${life}],${at},${JSON.stringify(source)}]\n`;
}

/** Reads a line, without its line feed. */
export function readLine(text: string): Read<Line> {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		return { ok: false, problem: 'a line is not JSON' };
	}
	if (value === 'SYNC') return { ok: true, message: { t: 'sync' } };
	const message = Array.isArray(value) ? readUpdate(value) : readDigest(value);
	return message === undefined ? { ok: false, problem: 'a line is neither digest nor update' } : { ok: true, message };
}

function readDigest(value: unknown): Digest | undefined {
	if (typeof value !== 'object' || value === null) return undefined;
	const { id, clock, now, expiry } = value as Record<string, unknown>;
	if (typeof clock !== 'object' || clock === null || Array.isArray(clock)) return undefined;
	if (!Object.values(clock).every(isTime) || (id !== undefined && !isSource(id))) return undefined;
	return {
		t: 'digest',
		id: typeof id === 'string' ? id : '',
		clock: clock as Clock,
		...(isTime(now) && { now }),
		...(isTime(expiry) && { expiry }),
	};
}

/** A fourth item is a signature of that package's `security`, which nobody here reads. */
function readUpdate([write, at, source, ...rest]: unknown[]): Line | undefined {
	if (!Array.isArray(write) || !isTime(at) || !isSource(source) || rest.length > 1) return undefined;
	const [name, value, expiry, ...more] = write as unknown[];
	// That package takes numbers as keys; they name the same property.
	const key = typeof name === 'number' ? String(name) : name;
	if (!isKey(key) || value === undefined || more.length > 0) return undefined;
	if (expiry !== undefined && !isTime(expiry)) return undefined;
	return { t: 'update', update: { key, value, at, source, expiry } };
}

/** Times are compared with one another and with the clock: `Infinity`, which JSON's `1e999` gives, would never end. */
function isTime(value: unknown): value is number {
	return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}

/** A source; the name `__proto__` breaks that package. */
function isSource(value: unknown): value is string {
	return typeof value === 'string' && value.length <= LIMITS.stateSourceLength && value !== '__proto__';
}

function isKey(value: unknown): value is string {
	return typeof value === 'string' && value.length <= LIMITS.stateKeyLength && value !== '__proto__';
}
