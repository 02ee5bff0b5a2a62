import type { DataChannelOptions } from './rtc.js';

/** How reliable a channel is; both ends of a channel show the same. */
export interface Reliability {
	ordered: boolean;
	maxRetransmits: number | null;
	maxPacketLifeTime: number | null;
}

/** The options that decide how reliable a channel is, with their defaults. */
export function reliabilityOf(options: DataChannelOptions): Reliability {
	return {
		ordered: options.ordered ?? true,
		maxRetransmits: options.maxRetransmits ?? null,
		maxPacketLifeTime: options.maxPacketLifeTime ?? null,
	};
}

/**
 * A channel's subprotocol as it is written into DCEP's protocol field (RFC 8832 section 5.1). node-datachannel does
 * not tell the accepting end how reliable a channel is, so that stands before the protocol:
 *
 *     "" | [ "u" ] [ "r" number | "t" number ] ":" protocol
 */
export function packProtocol(options: DataChannelOptions): string {
	const { ordered, maxRetransmits, maxPacketLifeTime } = reliabilityOf(options);
	const retry =
		maxRetransmits !== null ? `r${maxRetransmits}` : maxPacketLifeTime !== null ? `t${maxPacketLifeTime}` : '';
	const head = (ordered ? '' : 'u') + retry;
	const protocol = options.protocol ?? '';
	return head === '' && protocol === '' ? '' : `${head}:${protocol}`;
}

/** The reverse of {@link packProtocol}. What does not look like it is a reliable channel's plain protocol. */
export function unpackProtocol(packed: string): { protocol: string; reliability: Reliability } {
	const parts = /^(u?)(?:([rt])(\d{1,5}))?:([\s\S]*)$/.exec(packed);
	if (parts === null) return { protocol: packed, reliability: reliabilityOf({}) };
	const [, unordered, kind, count, protocol = ''] = parts;
	return {
		protocol,
		reliability: {
			ordered: unordered !== 'u',
			maxRetransmits: kind === 'r' ? Number(count) : null,
			maxPacketLifeTime: kind === 't' ? Number(count) : null,
		},
	};
}
