/** What a page says on `talk`, read with the suspicion that it deserves. */
import { CHAT_LENGTH, NAME_LENGTH, type PageSays, TALK_LENGTH } from './public/protocol.js';

/** Control characters, line breaks and marks that turn the direction of what follows. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]+/gu;

/** A message of a page; `undefined` for what is not one. */
export function readTalk(data: string | ArrayBuffer): PageSays | undefined {
	if (typeof data !== 'string' || data.length > TALK_LENGTH) return undefined;
	const said = parse(data);
	if (said?.t === 'hello' && typeof said.name === 'string' && typeof said.hue === 'number') {
		return { t: 'hello', name: clean(said.name, NAME_LENGTH) || 'Guest', hue: hueOf(said.hue) };
	}
	if (said?.t === 'chat' && typeof said.text === 'string') return { t: 'chat', text: clean(said.text, CHAT_LENGTH) };
	return undefined;
}

function parse(text: string): Record<string, unknown> | undefined {
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
	} catch {
		return undefined;
	}
}

/** One line of at most `length` characters. */
export function clean(text: string, length: number): string {
	const line = text.replace(UNSEEN, ' ').replace(/\s+/g, ' ').trim();
	return Array.from(line).slice(0, length).join('').trim();
}

function hueOf(hue: number): number {
	return Number.isFinite(hue) ? ((Math.round(hue) % 360) + 360) % 360 : 0;
}
