import { CONTROL_CHANNEL, EnslavismError } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import type { DataChannelOptions } from './rtc.js';

const isText = (value: unknown, most: number): boolean =>
	typeof value === 'string' && new TextEncoder().encode(value).length <= most;

const isNumber = (value: unknown, most = 65_535): boolean =>
	Number.isInteger(value) && Number(value) >= 0 && Number(value) <= most;

const isFlag = (value: unknown): boolean => typeof value === 'boolean';

/**
 * Checks a channel's name and options the way browsers do themselves (W3C WebRTC section 6.1), so that all hosts
 * refuse alike. The other end could not open what this one cannot.
 *
 * @throws EnslavismError `bad-option`
 */
export function checkChannel(name: string, options: DataChannelOptions): void {
	const { protocol, ordered, negotiated, maxRetransmits, maxPacketLifeTime, id } = Object(
		options,
	) as DataChannelOptions;
	const isRight = {
		name: isText(name, LIMITS.channelNameBytes),
		options: Object(options) === options,
		protocol: isText(protocol ?? '', LIMITS.channelProtocolBytes),
		ordered: isFlag(ordered ?? true),
		negotiated: isFlag(negotiated ?? true),
		maxRetransmits: maxRetransmits === undefined || isNumber(maxRetransmits),
		maxPacketLifeTime: maxPacketLifeTime === undefined || isNumber(maxPacketLifeTime),
		'maxRetransmits and maxPacketLifeTime': maxRetransmits === undefined || maxPacketLifeTime === undefined,
		// The stream after the last is the session's own.
		id: !negotiated || isNumber(id, CONTROL_CHANNEL.id - 1),
	};
	for (const [what, right] of Object.entries(isRight)) {
		if (!right) throw new EnslavismError('bad-option', `a data channel cannot have such ${what}`);
	}
}
