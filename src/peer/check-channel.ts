import { CONTROL_CHANNEL, EnslavismError } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import type { DataChannelOptions } from './rtc.js';

const MAX_UINT16 = 65_535;

/** Largest stream number a user may negotiate: the control channel has the next one. */
const MAX_NEGOTIATED_ID = CONTROL_CHANNEL.id - 1;

function refuse(message: string): never {
	throw new EnslavismError('bad-option', message);
}

function checkText(name: string, value: unknown, max: number): void {
	if (typeof value !== 'string' || new TextEncoder().encode(value).length > max) {
		refuse(`${name} must be a string of at most ${max} bytes`);
	}
}

function checkNumber(name: string, value: number | undefined, max = MAX_UINT16): void {
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
	checkText('the name of a data channel', name, LIMITS.channelNameBytes);
	if (typeof options !== 'object' || options === null) refuse('the options of a data channel must be an object');
	const { maxRetransmits, maxPacketLifeTime, id } = options;
	checkText('protocol', options.protocol ?? '', LIMITS.channelProtocolBytes);
	for (const name of ['ordered', 'negotiated'] as const) {
		if (typeof (options[name] ?? false) !== 'boolean') refuse(`${name} must be true or false`);
	}
	checkNumber('maxRetransmits', maxRetransmits);
	checkNumber('maxPacketLifeTime', maxPacketLifeTime);
	if (maxRetransmits !== undefined && maxPacketLifeTime !== undefined) {
		refuse('maxRetransmits and maxPacketLifeTime exclude each other');
	}
	if (options.negotiated !== true) return;
	if (id === undefined) refuse('a negotiated data channel needs an id');
	checkNumber('id', id, MAX_NEGOTIATED_ID);
}
