import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/**
 * Whose `X-Forwarded-For` and `X-Forwarded-Host` to believe: how many proxies stand in front of the master (`true` for
 * one), or a function that knows their addresses. Default: nobody's.
 */
export type TrustProxy = boolean | number | ((address: string) => boolean);

/** Whether an address is this machine's own, also as IPv6 writes it. */
export function isLoopback(address: string): boolean {
	return address === '::1' || (isIP(address) !== 0 && /^(::ffff:)?127\./i.test(address));
}

/** The address that a request came from, past the proxies that are trusted. What a stranger claims to be is not believed. */
export function addressOf(request: IncomingMessage, trust: TrustProxy = false): string {
	let address = request.socket.remoteAddress ?? '';
	const claimed = listOf(request.headers['x-forwarded-for']);
	for (let hop = 0; trusts(trust, address, hop); hop++) {
		const before = claimed.pop();
		if (before === undefined || isIP(before) === 0) break;
		address = before;
	}
	return address;
}

/** Browsers hide the addresses of their machine behind names of multicast DNS, which a slave elsewhere cannot resolve. */
const HIDDEN = /^candidate:\S+ 1 udp \d+ \S+\.local \d+ typ host/i;

/**
 * Where a client with such a candidate is seen: with the candidate's port, a slave can begin its checks with the offer.
 * It is a guess. A NAT may have taken another port, and then the client's own checks tell.
 */
export function addressBehind(candidate: string, address: string): string | undefined {
	const bare = address.replace(/^::ffff:/i, '');
	return HIDDEN.test(candidate) && isIP(bare) !== 0 && !bare.includes('%') && !isLoopback(bare) ? bare : undefined;
}

/** The host that was asked for, past a proxy that is trusted. */
export function hostOf(request: IncomingMessage, trust: TrustProxy = false): string {
	const forwarded = trusts(trust, request.socket.remoteAddress ?? '', 0)
		? listOf(request.headers['x-forwarded-host']).pop()
		: undefined;
	return forwarded ?? request.headers.host ?? '';
}

function trusts(trust: TrustProxy, address: string, hop: number): boolean {
	return typeof trust === 'function' ? trust(address) : hop < Number(trust);
}

function listOf(header: string | string[] | undefined): string[] {
	const text = Array.isArray(header) ? header.join(',') : (header ?? '');
	return text
		.split(',')
		.map((each) => each.trim())
		.filter((each) => each !== '');
}

/** How many sockets there are of each address. */
export class AddressCount {
	readonly #counts = new Map<string, number>();

	/** The sockets of an address. This machine's own has none: those are proxies and programs of the operator. */
	of(address: string): number {
		return this.#counts.get(network(address)) ?? 0;
	}

	add(address: string): void {
		if (!isLoopback(address)) this.#counts.set(network(address), this.of(address) + 1);
	}

	remove(address: string): void {
		const left = this.of(address) - 1;
		if (left > 0) this.#counts.set(network(address), left);
		else this.#counts.delete(network(address));
	}
}

/** What one subscriber has: an address of IPv4, or the first half of one of IPv6. */
function network(address: string): string {
	const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
	if (mapped !== undefined || isIP(address) !== 6) return mapped ?? address;
	const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
	const before = head === '' ? [] : head.split(':');
	const after = tail === undefined || tail === '' ? [] : tail.split(':');
	const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
	const parts = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
	return parts
		.slice(0, 4)
		.map((part) => Number.parseInt(part, 16).toString(16))
		.join(':');
}
