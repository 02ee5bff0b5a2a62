import { CONTROL_CHANNEL, EnslavismError } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import type { DataChannelOptions } from './rtc.js';

const MAX_UINT16 = 65_535;

/** Largest stream number a user may negotiate: the control channel has the next one. */
const MAX_NEGOTIATED_ID = CONTROL_CHANNEL.id - 1;

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
 * Checks a channel's name and options the way browsers do themselves (W3C WebRTC section 6.1), so that all hosts
 * refuse alike. The other end could not open what this one cannot.
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
	for (const name of ['ordered', 'negotiated'] as const) {
		if (typeof (options[name] ?? false) !== 'boolean') refuse(`${name} must be true or false`);
	}
	checkUint16('maxRetransmits', options.maxRetransmits);
	checkUint16('maxPacketLifeTime', options.maxPacketLifeTime);
	if (options.maxRetransmits !== undefined && options.maxPacketLifeTime !== undefined) {
		refuse('maxRetransmits and maxPacketLifeTime exclude each other');
	}
	if (options.negotiated === true) {
		if (options.id === undefined) refuse('a negotiated data channel needs an id');
	}
	checkUint16('id', options.id, MAX_NEGOTIATED_ID);
}
