import { CONTROL_CHANNEL, EnslavismError } from '../wire/index.js';
import * as LIMITS from '../wire/limits.js';
import type { DataChannelOptions } from './rtc.js';

const isText = (value: unknown, most: number): boolean =>
	typeof value === 'string' && new TextEncoder().encode(value).length <= most;

const isNumber = (value: unknown, most: number): boolean =>
	Number.isInteger(value) && Number(value) >= 0 && Number(value) <= most;

const isFlag = (value: unknown): boolean => typeof value === 'boolean';

/** Largest `unsigned short`, which both bounds of delivery are. */
const MOST = 65_535;

/** The stream after this one is the session's own. */
const LAST_ID = CONTROL_CHANNEL.id - 1;

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
	const wrong = [
		!isText(name, LIMITS.channelNameBytes) && `name must be a text of at most ${LIMITS.channelNameBytes} bytes`,
		Object(options) !== options && 'options must be an object',
		!isText(protocol ?? '', LIMITS.channelProtocolBytes) &&
			`protocol must be a text of at most ${LIMITS.channelProtocolBytes} bytes`,
		!isFlag(ordered ?? true) && 'ordered must be true or false',
		!isFlag(negotiated ?? true) && 'negotiated must be true or false',
		maxRetransmits !== undefined && !isNumber(maxRetransmits, MOST) && `maxRetransmits must be 0 to ${MOST}`,
		maxPacketLifeTime !== undefined && !isNumber(maxPacketLifeTime, MOST) && `maxPacketLifeTime must be 0 to ${MOST}`,
		maxRetransmits !== undefined &&
			maxPacketLifeTime !== undefined &&
			'only one of maxRetransmits and maxPacketLifeTime may be given',
		negotiated && !isNumber(id, LAST_ID) && `id must be 0 to ${LAST_ID}`,
	].find(Boolean);
	if (wrong) throw new EnslavismError('bad-option', `data channel: ${wrong}`);
}
