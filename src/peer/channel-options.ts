import { EnslavismError, LIMITS } from '../wire/index.js';
import type { DataChannelOptions } from './rtc.js';

/** How reliable a channel is; both ends of a channel show the same. */
export interface Reliability {
	ordered: boolean;
	maxRetransmits: number | null;
	maxPacketLifeTime: number | null;
}

const MAX_UINT16 = 65_535;

/** Largest stream number a user may negotiate: the control channel has the next one. */
const MAX_NEGOTIATED_ID = 1021;

const bytes = (text: string) => new TextEncoder().encode(text).length;

function refuse(message: string): never {
	throw new EnslavismError('bad-option', message);
}

function checkUint16(name: string, value: number | undefined, max = MAX_UINT16): void {
	if (value !== undefined && !(Number.isInteger(value) && value >= 0 && value <= max)) {
		refuse(`${name} must be a whole number from 0 to ${max}`);
	}
}

/**
 * Checks a channel's name and options the way browsers do (W3C WebRTC section 6.1), so that all hosts refuse alike.
 *
 * @throws EnslavismError `bad-option`
 */
export function checkChannel(name: string, options: DataChannelOptions): void {
	if (typeof name !== 'string' || bytes(name) > LIMITS.channelNameBytes) {
		refuse(`the name of a data channel must be a string of at most ${LIMITS.channelNameBytes} bytes`);
	}
	if (typeof options !== 'object' || options === null) refuse('the options of a data channel must be an object');
	const protocol = options.protocol ?? '';
	if (typeof protocol !== 'string' || bytes(protocol) > LIMITS.channelProtocolBytes) {
		refuse(`protocol must be a string of at most ${LIMITS.channelProtocolBytes} bytes`);
	}
	checkUint16('maxRetransmits', options.maxRetransmits);
	checkUint16('maxPacketLifeTime', options.maxPacketLifeTime);
	if (options.maxRetransmits !== undefined && options.maxPacketLifeTime !== undefined) {
		refuse('maxRetransmits and maxPacketLifeTime exclude each other');
	}
	if (options.negotiated === true) {
		if (options.id === undefined) refuse('a negotiated data channel needs an id');
		checkUint16('id', options.id, MAX_NEGOTIATED_ID);
	}
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
